//! The table through both bridges.

use bytes::Bytes;
use codelibra::http::{Form, GrpcToHttpLayer, HttpToGrpcLayer, Responder};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use crate::carry::{
    EMPTY, Logs, Once, Place, Problems, Received, grpc_request, grpc_response, http_request, ready,
};
use crate::grpc::boundary;
use crate::oracle::{Traits, expected};
use crate::table::{Kind, REACHES, Reach, SERVICE, rows, take_turns};

/// The responder of a boundary, in a form.
pub(crate) fn responder(reach: Reach, form: Form) -> Responder {
    Responder::from_catalog(&SERVICE).boundary(boundary(reach)).form(form)
}

/// A value for each boundary and each form.
pub(crate) struct Each<T>(Vec<T>);

impl<T> Each<T> {
    pub(crate) fn new(make: impl Fn(Responder) -> T) -> Self {
        let forms = |reach| Form::ALL.map(|form| responder(reach, form));
        Self(REACHES.into_iter().flat_map(forms).map(make).collect())
    }

    pub(crate) fn get(&self, reach: Reach, form: Form) -> &T {
        let form = Form::ALL.iter().position(|each| *each == form).unwrap();
        let reach = REACHES.iter().position(|each| *each == reach).unwrap();
        &self.0[reach * Form::ALL.len() + form]
    }
}

#[test]
fn from_grpc_to_http() {
    let mut problems = Problems::start();
    let layers = Each::new(GrpcToHttpLayer::new);
    for (row, case) in rows(Kind::Forwarded).into_iter().enumerate() {
        let expected = expected(&case, Traits::default());
        let status = case.status();
        let form = take_turns(&Form::ALL, row);
        for place in [Place::Headers, Place::Trailers] {
            let service = layers.get(case.reach, form).layer(Once::new(grpc_response(&status, place)));
            let received =
                ready(async { Received::read_http(service.oneshot(http_request()).await.unwrap()).await });
            problems.check(&(case, form, place), &received, &expected, Logs::Always);
        }
    }
    problems.finish(3800);
}

/// The response has begun: its body breaks off, and everything is in the log.
#[test]
fn from_grpc_to_http_after_a_message() {
    let mut problems = Problems::start();
    let layers = Each::new(GrpcToHttpLayer::new);
    for case in rows(Kind::Forwarded) {
        let expected = expected(&case, Traits { is_too_late: true, ..Traits::default() });
        let response = grpc_response(&case.status(), Place::TrailersAfterAMessage);
        let service = layers.get(case.reach, Form::Native).layer(Once::new(response));
        ready(async {
            let (parts, mut body) = service.oneshot(http_request()).await.unwrap().into_parts();
            assert!(!parts.headers.contains_key("grpc-status"));
            let message = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(message, Bytes::from_static(EMPTY));
            assert!(body.frame().await.unwrap().is_err());
            assert!(body.frame().await.is_none());
        });
        problems.check(&case, &Received::nothing(), &expected, Logs::Always);
    }
    problems.finish(1900);
}

#[test]
fn from_http_to_grpc() {
    let mut problems = Problems::start();
    let layers = Each::new(HttpToGrpcLayer::new);
    for (row, case) in rows(Kind::Forwarded).into_iter().enumerate() {
        let form = take_turns(&Form::ALL, row);
        let Some(response) = case.http_response(form) else { continue };
        let service = layers.get(case.reach, form).layer(Once::new(response));
        let received =
            ready(async { Received::read_grpc(service.oneshot(grpc_request()).await.unwrap()).await });
        problems.check(&(case, form), &received, &expected(&case, Traits::default()), Logs::Always);
    }
    problems.finish(1900);
}

/// A response of 4xx or 5xx to an HTTP caller is an error of the service behind too.
#[test]
fn from_http_to_http() {
    let mut problems = Problems::start();
    let layers = Each::new(GrpcToHttpLayer::new);
    for case in rows(Kind::Forwarded) {
        let expected = expected(&case, Traits::default());
        let response = case.http_response(Form::Native).unwrap();
        let service = layers.get(case.reach, Form::Native).layer(Once::new(response));
        let received =
            ready(async { Received::read_http(service.oneshot(http_request()).await.unwrap()).await });
        problems.check(&case, &received, &expected, Logs::Always);
    }
    problems.finish(1900);
}
