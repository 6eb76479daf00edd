use codelibra::ErrorCode;
use codelibra::http::{GrpcToHttpLayer, HttpToGrpcLayer, Reader, Responder};
use http::Request;
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;
use tower_layer::Layer;

use crate::answer::{Answer, BoxError};
use crate::oracle::{contains_canary, has_canary, names_itself, outcome, outcome_of, public, read_all, sent};
use crate::{Target, seeds};

/// A gRPC answer of any kind becomes an HTTP answer: a failure before the first message is a coded error.
pub const TO_HTTP: Target = Target { name: "to_http", run: to_http, seeds: seeds::answers };

/// An HTTP answer of any kind becomes a gRPC answer: an error is a coded failure within the budget.
pub const TO_GRPC: Target = Target { name: "to_grpc", run: to_grpc, seeds: http_answers };

fn request() -> Request<Empty<bytes::Bytes>> {
    let request = Request::post("/a.B/C").header("content-type", "application/grpc");
    request.body(Empty::new()).expect("a request")
}

fn to_http(data: &[u8]) -> u64 {
    let answer = Answer::read(data);
    let trailers = answer.trailers.clone().unwrap_or_default();
    let is_nameless = !names_itself(&answer.headers) && !names_itself(&trailers);
    let is_grpc = answer.headers.get("content-type").is_some_and(|value| value == "application/grpc");
    let service = GrpcToHttpLayer::new(Responder::new::<ErrorCode>()).layer(answer.into_service());
    let response = futures_executor::block_on(service.oneshot(request())).expect("no error of the service");
    let (parts, body) = response.into_parts();
    let body: Result<_, BoxError> = futures_executor::block_on(body.collect());
    if !is_grpc || !(parts.status.is_client_error() || parts.status.is_server_error()) {
        return outcome((parts.status.as_u16(), body.is_ok()));
    }
    let code = parts.headers.get("codelibra-error-code").expect("every failure has a code");
    let body = body.expect("the body of an error").to_bytes();
    let error = read_all(Reader::new::<ErrorCode>().read_parts(&parts, &body));
    assert_eq!(error.number().map(|number| number.to_string()).as_deref(), code.to_str().ok());
    assert_eq!(error.http_status(), parts.status);
    public(&error);
    let has_canary = has_canary(&parts.headers) || contains_canary(&body);
    assert!(!is_nameless || !has_canary, "a failure without a code is sent with its text: {body:?}");
    outcome_of(&error)
}

fn to_grpc(data: &[u8]) -> u64 {
    let answer = Answer::read(data);
    let is_error = answer.http_status >= 400;
    // An answer with the fields of gRPC is not changed.
    let is_grpc =
        ["grpc-status", "grpc-status-details-bin"].iter().any(|name| answer.headers.contains_key(*name))
            || answer
                .headers
                .get("content-type")
                .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"application/grpc"));
    let service = HttpToGrpcLayer::new(Responder::new::<ErrorCode>()).layer(answer.into_service());
    let response = futures_executor::block_on(service.oneshot(request())).expect("no error of the service");
    let (parts, body) = response.into_parts();
    let body = futures_executor::block_on(body.collect());
    if !is_error || is_grpc {
        return outcome((parts.status.as_u16(), body.is_ok()));
    }
    let error = sent(&parts.headers);
    public(&error);
    outcome_of(&error)
}

/// Returns the bodies of HTTP errors, each as an answer.
fn http_answers() -> Vec<Vec<u8>> {
    let bodies = seeds::bodies().into_iter().flat_map(|body| {
        [("application/json", 403), ("application/problem+json", 503)].map(|(media_type, http_status)| {
            let mut answer = Answer { http_status, ..Answer::default() };
            answer.data.push(body.clone().into());
            answer.header("content-type", media_type.as_bytes()).write()
        })
    });
    bodies.chain(seeds::answers()).collect()
}
