//! A call that an interceptor refuses fails with a code, over a real socket.

#[expect(dead_code, reason = "the test is another main")]
#[path = "../../examples/interceptor.rs"]
mod example;

use codelibra::codes::ScopeMissing;
use codelibra::{ErrorCode, GrpcCode, ReceivedError, StatusCodeExt};
use prost::Message;
use tonic::Status;
use tonic_types::StatusExt;

/// Calls the guarded service of the example.
async fn refused(authorization: Option<&str>) -> Status {
    let channel = example::connect(example::start().unwrap()).await.unwrap();
    example::check(&channel, authorization).await.unwrap_err()
}

/// Checks a status: the embedded one equals the headers, it contains both ErrorInfos, and there are no notes.
fn well_formed(status: &Status, code: ErrorCode) -> ReceivedError {
    let embedded = tonic_types::pb::Status::decode(status.details()).unwrap();
    assert_eq!(embedded.code, i32::from(status.code()));
    assert_eq!(embedded.message, status.message());
    let types: Vec<&str> =
        embedded.details.iter().map(|any| any.type_url.rsplit('/').next().unwrap()).collect();
    assert_eq!(types, [codelibra::ERROR_INFO, codelibra::GOOGLE_ERROR_INFO]);

    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, code.reason().unwrap());
    assert_eq!(info.domain, "codelibra");
    assert_eq!(info.metadata.get("code"), Some(&code.as_u32().to_string()));

    let received = status.to_received::<ErrorCode>();
    assert_eq!(received.notes(), []);
    assert_eq!(received.code(), Some(code));
    assert_eq!(received.grpc_code(), code.grpc_code());
    received
}

#[tokio::test]
async fn without_a_token_it_is_401001() {
    let status = refused(None).await;
    let received = well_formed(&status, ErrorCode::AUTHENTICATION_REQUIRED);
    assert_eq!(received.number(), Some(401_001));
    assert_eq!(received.grpc_code(), GrpcCode::Unauthenticated);
    assert_eq!(received.message(), ErrorCode::AUTHENTICATION_REQUIRED.entry().unwrap().summary);
}

#[tokio::test]
async fn with_an_unknown_token_it_is_401001_with_its_message() {
    for authorization in ["Bearer stolen", "Basic operator"] {
        let status = refused(Some(authorization)).await;
        let received = well_formed(&status, ErrorCode::AUTHENTICATION_REQUIRED);
        assert_eq!(received.message(), "This bearer token is not valid.");
    }
}

#[tokio::test]
async fn with_the_wrong_scope_it_is_403014_with_the_missing_scope() {
    let status = refused(Some("Bearer reader")).await;
    let received = well_formed(&status, ErrorCode::SCOPE_MISSING);
    assert_eq!(received.number(), Some(403_014));
    assert_eq!(received.grpc_code(), GrpcCode::PermissionDenied);
    assert_eq!(status.decode(), Some(ScopeMissing { scope: Some("health.read".into()) }));
    assert_eq!(received.metadata().get("scope"), Some("health.read"));
}

#[tokio::test]
async fn with_the_scope_the_call_succeeds() {
    let channel = example::connect(example::start().unwrap()).await.unwrap();
    example::check(&channel, Some("Bearer operator")).await.unwrap();
}
