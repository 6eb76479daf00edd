use codelibra::ErrorCode;
use codelibra::server::ServerLayer;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;
use tower_layer::Layer;

use crate::answer::Answer;
use crate::oracle::{has_canary, names_itself, outcome, outcome_of, public, sent};
use crate::{Target, seeds};

/// For any answer of a service, the server layer sends an OK or a coded failure within the budget. A failure without a code is
/// sent without its message and details; a 5xx is sent without its message.
pub const SERVER: Target = Target { name: "server", run, seeds: seeds::answers };

fn run(data: &[u8]) -> u64 {
    let answer = Answer::read(data);
    let trailers = answer.trailers.clone().unwrap_or_default();
    let is_nameless = !names_itself(&answer.headers) && !names_itself(&trailers);
    let service = ServerLayer::new::<ErrorCode>().layer(answer.into_service());
    let request = Request::post("/a.B/C").header("content-type", "application/grpc");
    let request = request.body(Empty::<bytes::Bytes>::new()).expect("a request");

    let response = futures_executor::block_on(service.oneshot(request)).expect("no error of the service");
    let (parts, body) = response.into_parts();
    let body = futures_executor::block_on(body.collect()).expect("no error of the body");
    let trailers = body.trailers().cloned().unwrap_or_default();
    let ended = [&parts.headers, &trailers].map(|fields| {
        let is_failure = fields.get("grpc-status").is_some_and(|status| status != "0");
        is_failure.then(|| check(fields, is_nameless))
    });
    let has_status = |fields: &HeaderMap| fields.contains_key("grpc-status");
    assert!(has_status(&parts.headers) || has_status(&trailers), "a gRPC answer contains its status");
    outcome(ended)
}

fn check(fields: &HeaderMap, is_nameless: bool) -> u64 {
    let error = sent(fields);
    public(&error);
    assert!(
        !is_nameless || !has_canary(fields),
        "a failure without a code is sent with its text: {fields:?}"
    );
    outcome_of(&error)
}
