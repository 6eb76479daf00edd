//! The table through the gRPC server layer: trailers-only, trailers, trailers after a message, and gRPC-Web.

use codelibra::Boundary;
use codelibra::server::ServerLayer;
use http::Response;
use tonic::body::Body;
use tonic::{Status, metadata::MetadataValue};
use tonic_web::GrpcWebLayer;
use tower::{Layer, ServiceExt};

use crate::carry::{Logs, Once, PLACES, Problems, Received, grpc_request, grpc_response, ready};
use crate::oracle::{Ids, Summary, Traits, expected};
use crate::table::{ALLOWED, Case, ID, Kind, REACHES, Reach, SERVICE, rows, take_turns};
use crate::web;

pub(crate) fn boundary(reach: Reach) -> Boundary {
    let boundary = match reach {
        Reach::Public => Boundary::public(),
        Reach::Internal => Boundary::internal(),
    };
    boundary.allow_domain(ALLOWED)
}

pub(crate) fn layer(reach: Reach) -> ServerLayer {
    ServerLayer::from_catalog(&SERVICE).boundary(boundary(reach))
}

/// A status as a handler returns it.
fn case_status(case: &Case) -> Status {
    let mut status = case.status();
    if case.kind == Kind::Received {
        status.metadata_mut().insert("codelibra-received", MetadataValue::from_static(""));
    }
    status
}

/// The statuses that a handler can return for a row.
fn statuses(case: &Case) -> Vec<(Summary, Status)> {
    let status = case_status(case);
    let own = case.api_error().filter(|_| case.kind == Kind::Own);
    let own = own.map(|error| (Summary::Message, Status::from(error)));
    [Some((Summary::Unknown, status)), own].into_iter().flatten().collect()
}

/// Which side of the server layer `GrpcWebLayer` is on.
#[derive(Clone, Copy, Debug)]
enum WebLayer {
    Inside,
    Outside,
}

fn call_web(layer: &ServerLayer, side: WebLayer, content_type: &str, response: Response<Body>) -> Received {
    let mut request = web::request("/test.v1.Test/Unary", content_type, "");
    request.headers_mut().insert("x-request-id", ID.parse().unwrap());
    let service = Once::new(response);
    let received = match side {
        WebLayer::Inside => ready(async {
            let response = layer.layer(GrpcWebLayer::new().layer(service)).oneshot(request).await.unwrap();
            web::receive(response).await
        }),
        WebLayer::Outside => ready(async {
            let service = layer.layer(service);
            let service =
                ServiceExt::<http::Request<Body>>::map_response(service, |response| response.map(Body::new));
            web::receive(GrpcWebLayer::new().layer(service).oneshot(request).await.unwrap()).await
        }),
    };
    Received::from_grpc(&received.headers, received.trailers.as_ref(), &received.messages.concat())
}

fn traits(of_other_catalog: Summary) -> Traits {
    Traits { of_other_catalog, ids: Ids::CallerFirst, ..Traits::default() }
}

fn run(kind: Kind) {
    let mut problems = Problems::start();
    let layers = REACHES.map(layer);
    for (row, case) in rows(kind).into_iter().enumerate() {
        let layer = if case.reach == Reach::Public { &layers[0] } else { &layers[1] };
        let place = take_turns(&PLACES, row);
        for (summary, status) in statuses(&case) {
            let service = layer.layer(Once::new(grpc_response(&status, place)));
            let received =
                ready(async { Received::read_grpc(service.oneshot(grpc_request()).await.unwrap()).await });
            let expected = expected(&case, traits(summary));
            problems.check(&(case, place, summary), &received, &expected, Logs::Always);
        }
    }
    problems.finish(1900);
}

#[test]
fn own_failures_over_grpc() {
    run(Kind::Own);
}

#[test]
fn received_failures_over_grpc() {
    run(Kind::Received);
}

#[test]
fn failures_over_grpc_web() {
    let mut problems = Problems::start();
    let layers = REACHES.map(layer);
    let combinations = [
        (WebLayer::Inside, web::BINARY),
        (WebLayer::Outside, web::TEXT),
        (WebLayer::Inside, web::TEXT),
        (WebLayer::Outside, web::BINARY),
    ];
    for (row, case) in rows(Kind::Own).into_iter().chain(rows(Kind::Received)).enumerate() {
        let place = take_turns(&PLACES, row);
        let (side, content_type) = take_turns(&combinations, row);
        let layer = if case.reach == Reach::Public { &layers[0] } else { &layers[1] };
        let response = grpc_response(&case_status(&case), place);
        let received = call_web(layer, side, content_type, response);
        let expected = expected(&case, traits(Summary::Unknown));
        problems.check(&(case, place, side, content_type), &received, &expected, Logs::Always);
    }
    problems.finish(3840);
}
