//! Every combination of the fields that end a gRPC response, through the bridge to HTTP.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test")]

use codelibra::http::{Form, GrpcToHttpLayer, Reader, Responder};
use codelibra::{ErrorCode, GrpcCode, ReceivedError};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

use codelibra_combinations::{Combination, Peer, Problems, blocks, for_each, ready};

/// The result for an HTTP client: a response, an error instead of the response, or an error after its beginning.
#[derive(Debug)]
enum Read {
    Ok,
    Failed(ReceivedError),
    Broken(ReceivedError),
}

async fn call(layer: &GrpcToHttpLayer, combination: &Combination<'_>) -> Read {
    let request = Request::post("/test.Test/Call").body(()).unwrap();
    let (parts, body) = layer.layer(Peer(combination)).oneshot(request).await.unwrap().into_parts();
    match body.collect().await {
        Ok(_) if parts.status == StatusCode::OK => Read::Ok,
        Ok(body) => Read::Failed(Reader::new::<ErrorCode>().read_parts(&parts, &body.to_bytes())),
        Err(error) => Read::Broken(*error.downcast::<ReceivedError>().unwrap()),
    }
}

/// Returns the fallback code of a failure without a code.
fn fallback(grpc_code: GrpcCode) -> ErrorCode {
    match grpc_code {
        GrpcCode::PermissionDenied => ErrorCode::USER_UNAUTHORIZED,
        _ => ErrorCode::UNEXPECTED_ERROR,
    }
}

fn problem(combination: &Combination<'_>, read: &Read) -> Option<String> {
    let expected = combination.expected();
    let coded = expected.is_coded.then_some(ErrorCode::USER_BANNED);
    let is_right = match read {
        Read::Ok => expected.grpc_code == GrpcCode::Ok,
        Read::Broken(error) => {
            combination.shape.has_message()
                && error.grpc_code() == expected.grpc_code
                && error.code() == coded
        }
        Read::Failed(error) => {
            expected.grpc_code != GrpcCode::Ok
                && error.code() == Some(coded.unwrap_or_else(|| fallback(expected.grpc_code)))
        }
    };
    (!is_right).then(|| format!("{read:?}, expected {expected:?}"))
}

fn check(first: usize) {
    let layer = GrpcToHttpLayer::new(Responder::new::<ErrorCode>().form(Form::Native));
    let blocks = blocks();
    let headers: Vec<_> = blocks.iter().skip(first).step_by(2).cloned().collect();
    let mut problems = Problems::default();
    for_each(&headers, &blocks, |combination| {
        let read = ready(call(&layer, combination));
        if let Some(problem) = problem(combination, &read) {
            problems.push(combination, || problem);
        }
    });
    problems.assert_none();
}

// There are two tests, so that they run at the same time.
#[test]
fn half_of_the_headers() {
    check(0);
}

#[test]
fn the_other_half_of_the_headers() {
    check(1);
}
