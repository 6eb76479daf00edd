//! The table through a responder, through streams and through axum.

use std::convert::Infallible;

use axum::response::IntoResponse;
use codelibra::axum::{ErrorLayer, GatewayError};
use codelibra::http::{Form, Reader, StreamBody, StreamForm};
use codelibra::{ReceivedError, StatusCodeExt};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tonic::body::Body;
use tower::{Layer, ServiceExt};

use crate::bridges::Each;
use crate::carry::{Logs, Once, Place, Problems, Received, grpc_request, grpc_response, http_request, ready};
use crate::oracle::{Ids, Summary, Traits, expected};
use crate::table::{
    ALLOWED, Attached, Case, FOREIGN, Given, Identity, Kind, Reach, SERVICE, rows, take_turns,
};

const ENTRY: Traits = Traits { of_other_catalog: Summary::Entry, ids: Ids::ErrorFirst, is_too_late: false };

fn received_error(case: &Case) -> ReceivedError {
    case.status().to_received_with(&SERVICE)
}

/// `respond`, `respond_forwarded` and `respond_received`, in five forms. There is no layer that adds an id.
#[test]
fn a_responder() {
    let mut problems = Problems::start();
    let responders = Each::new(|responder| responder);
    for kind in [Kind::Own, Kind::Forwarded, Kind::Received] {
        for (row, case) in rows(kind).into_iter().enumerate() {
            let own = case.api_error();
            let received = received_error(&case);
            if kind == Kind::Own && own.is_none() {
                continue;
            }
            let traits = if kind == Kind::Own { ENTRY } else { Traits::default() };
            let mut expected = expected(&case, Traits { ids: Ids::ErrorOnly, ..traits });
            let form = take_turns(&Form::ALL, row);
            let is_of_other_catalog = matches!(&*expected.sent.domain, ALLOWED | FOREIGN);
            if form == Form::Problem && kind == Kind::Own && is_of_other_catalog {
                // A problem has no member for a reason that the catalogue of its domain gives.
                expected.sent.reason = String::new();
            }
            let responder = responders.get(case.reach, form);
            let request = http_request();
            let response = match (kind, &own) {
                (Kind::Own, Some(error)) => responder.respond(&request, error),
                (Kind::Forwarded, _) => responder.respond_forwarded(&request, &received),
                _ => responder.respond_received(&request, &received),
            };
            let response = response.map(|body| Body::new(http_body_util::Full::new(body)));
            problems.check(&(case, form), &ready(Received::read_http(response)), &expected, Logs::IfWithheld);
        }
    }
    problems.finish(4600);
}

#[test]
fn streams() {
    let mut problems = Problems::start();
    let responders = Each::new(|responder| responder);
    for case in rows(Kind::Own) {
        let Some(error) = case.api_error() else { continue };
        let expected = expected(&case, ENTRY);
        for form in [StreamForm::Ndjson, StreamForm::Sse] {
            let items = tokio_stream::iter([Ok(1), Err(error.clone())]);
            let responder = responders.get(case.reach, Form::Native).clone();
            let body = StreamBody::new(form, items, responder).caller(&http_request());
            let body = ready(body.collect()).unwrap().to_bytes();
            let text = std::str::from_utf8(&body).unwrap();
            let last = match form {
                StreamForm::Ndjson => {
                    let line: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
                    line["error"].to_string()
                }
                _ => text.rsplit_once("event: error\ndata: ").unwrap().1.to_owned(),
            };
            let error = Reader::from_catalog(&crate::table::SERVICE).read_body(last.as_bytes());
            problems.check(&(case, form), &Received::from_error(&error, &body), &expected, Logs::Always);
        }
    }
    problems.finish(1500);
}

type Handled = Response<axum::body::Body>;

/// The response of a handler, as the layer sends it.
fn through(layer: &ErrorLayer, response: Handled, request: Request<Body>) -> Handled {
    let Ok(response): Result<_, Infallible> = ready(layer.layer(Once::new(response)).oneshot(request));
    response
}

fn run_axum(kind: Kind, handle: impl Fn(&Case) -> Option<Handled>) {
    let mut problems = Problems::start();
    let layers = Each::new(ErrorLayer::new);
    for case in rows(kind) {
        let Some(response) = handle(&case) else { continue };
        let layer = layers.get(case.reach, Form::Native);
        let traits = if kind == Kind::Own { ENTRY } else { Traits::default() };
        let expected = expected(&case, traits);
        let response = through(layer, response, http_request());
        problems.check(&(case, "HTTP"), &ready(Received::read_http(response)), &expected, Logs::Always);
        let response = through(layer, handle(&case).unwrap(), grpc_request());
        problems.check(&(case, "gRPC"), &ready(Received::read_grpc(response)), &expected, Logs::Always);
    }
    problems.finish(1500);
}

#[test]
fn own_errors_in_axum() {
    run_axum(Kind::Own, |case| case.api_error().map(IntoResponse::into_response));
}

#[test]
fn forwarded_errors_in_axum() {
    run_axum(Kind::Forwarded, |case| {
        Some(GatewayError::from_forwarded(received_error(case)).into_response())
    });
}

/// The `?` of a handler converts the status of the service behind.
#[test]
fn statuses_in_axum() {
    run_axum(Kind::Forwarded, |case| Some(GatewayError::from(case.status()).into_response()));
}

#[test]
fn own_errors_as_gateway_errors_in_axum() {
    run_axum(Kind::Own, |case| case.api_error().map(|error| GatewayError::from(error).into_response()));
}

#[test]
fn received_errors_as_gateway_errors_in_axum() {
    run_axum(Kind::Received, |case| Some(GatewayError::from(received_error(case)).into_response()));
}

#[test]
fn received_errors_in_axum() {
    run_axum(Kind::Received, |case| Some(received_error(case).into_response()));
}

/// The layer makes an HTTP response of a gRPC failure whose caller does not read gRPC.
#[test]
fn grpc_failures_in_axum() {
    let mut problems = Problems::start();
    let layers = Each::new(ErrorLayer::new);
    for case in rows(Kind::Forwarded) {
        let response = grpc_response(&case.status(), Place::Headers).map(axum::body::Body::new);
        let response = through(layers.get(case.reach, Form::Native), response, http_request());
        let received = ready(Received::read_http(response));
        problems.check(&case, &received, &expected(&case, Traits::default()), Logs::Always);
    }
    problems.finish(1900);
}

/// Without the layer, the boundary is the public one, and nothing is logged.
#[test]
fn errors_in_axum_without_the_layer() {
    let mut problems = Problems::start();
    for case in rows(Kind::Own).into_iter().filter(|case| case.reach == Reach::Public) {
        if !matches!(case.identity, Identity::Listed | Identity::Unlisted) {
            continue;
        }
        let response = case.api_error().unwrap().into_response();
        let expected = expected(&case, Traits { ids: Ids::ErrorOnly, ..ENTRY });
        problems.check(&case, &ready(Received::read_http(response)), &expected, Logs::Never);
    }
    problems.finish(190);
}

/// The exception of the table: the text of a 4xx that a handler returns was written for its callers.
#[test]
fn texts_in_axum() {
    let mut problems = Problems::start();
    let layers = Each::new(ErrorLayer::new);
    for case in rows(Kind::Own) {
        let is_text = case.attached == Attached::Nothing && case.given == Given::Nothing;
        if !is_text || case.identity != Identity::Nothing {
            continue;
        }
        let mut expected = expected(&case, ENTRY);
        if case.has_message && case.class.status() < 500 {
            expected.sent.message = case.message().into();
            expected.log.retain(|(text, _)| *text != case.message());
        }
        let status = StatusCode::from_u16(case.class.status()).unwrap();
        let response = (status, case.message()).into_response();
        let response = through(layers.get(case.reach, Form::Native), response, http_request());
        problems.check(&case, &ready(Received::read_http(response)), &expected, Logs::Always);
    }
    problems.finish(8);
}
