//! An API error crosses `tonic::Status` and is received unchanged. prost, which has no code of this crate, reads every encoding
//! too.

use std::collections::HashMap;
use std::error::Error;

use codelibra::codes::LockedOut;
use codelibra::{
    ApiError, CATALOG, ERROR_INFO, ErrorCode, GOOGLE_ERROR_INFO, GrpcCode, Note, ReceivedError,
    StatusCodeExt, rpc,
};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::pb as google;

use crate::sample_errors::{Order, codes, help, messages, metadatas, with_every_detail};

const OURS: &str = "type.googleapis.com/codelibra.error.v1.ErrorInfo";
const GOOGLES: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// Checks the rules of the contract for every coded status, with prost as the reader.
fn check_contract(error: &ApiError, status: &Status) {
    let embedded = google::Status::decode(status.details()).unwrap();

    // The contract: gRPC code and message of the details equal those of the fields.
    assert_eq!(embedded.code, i32::from(status.code()));
    assert_eq!(embedded.message, status.message());

    assert_eq!(status.code(), Code::from(error.grpc_code()));
    assert_eq!(status.message(), error.message());
    // The server layer adds the ASCII field later.
    assert!(status.metadata().is_empty());

    // The order: our ErrorInfo, Google's ErrorInfo, then the details that the service attached.
    let urls: Vec<&str> = embedded.details.iter().map(|any| any.type_url.as_str()).collect();
    assert_eq!(urls[..2], [OURS, GOOGLES]);
    let attached: Vec<&str> = error.details().map(|detail| detail.type_url()).collect();
    assert_eq!(urls[2..], attached);

    let ours = codelibra::pb::ErrorInfo::decode(embedded.details[0].value.as_slice()).unwrap();
    assert_eq!(ours.code, error.number());
    assert_eq!(ours.domain, error.domain());
    assert_eq!(ours.reason, error.reason());
    let metadata: HashMap<String, String> =
        error.metadata().iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    assert_eq!(ours.metadata, metadata);

    let googles = google::ErrorInfo::decode(embedded.details[1].value.as_slice()).unwrap();
    assert_eq!(googles.reason, error.reason());
    assert_eq!(googles.domain, error.domain());
    let mut expected = metadata;
    expected.insert("code".to_owned(), error.number().to_string());
    assert_eq!(googles.metadata, expected);
}

/// Checks that every method returns the same for the received error as for the sent one.
fn check_received(error: &ApiError, received: &ReceivedError) {
    assert_eq!(received.number(), Some(error.number()));
    assert_eq!(received.number_or_class(), error.number());
    assert_eq!(received.code::<ErrorCode>(), error.code());
    assert_eq!(received.entry(), error.entry());
    assert_eq!(received.domain(), error.domain());
    assert_eq!(received.reason(), error.reason());
    assert_eq!(received.message(), error.message());
    assert_eq!(received.grpc_code(), error.grpc_code());
    assert_eq!(received.http_status(), error.http_status());
    let metadata = error.metadata().to_map();
    assert_eq!(received.metadata().to_map(), metadata);
    assert_eq!(received.metadata().is_empty(), metadata.is_empty());
    for (key, value) in metadata.into_iter().take(9) {
        assert_eq!(received.metadata().get(key), Some(value));
    }
    assert!(received.details().eq(error.details()));
}

fn check_round_trip(error: &ApiError) -> ReceivedError {
    let status = Status::from(error);
    check_contract(error, &status);
    let received = status.to_received::<ErrorCode>();
    check_received(error, &received);
    assert_eq!(status.error_code::<ErrorCode>(), error.code());

    // A forwarded error has the same bytes as the received one.
    let forwarded = received.assume_trusted();
    check_received(&forwarded, &received);
    assert_eq!(forwarded.to_details(), error.to_details());
    assert_eq!(Status::from(forwarded).details(), status.details());

    // The field value and the details alone are read as the same error.
    let header = error.to_details_header();
    assert!(!header.contains(['=', '-', '_']), "unpadded standard base64");
    check_received(error, &ReceivedError::from_details_header(header.as_bytes(), &CATALOG));
    check_received(error, &ReceivedError::from_details(error.to_details(), &CATALOG));
    received
}

#[test]
fn every_code_with_its_default_message_is_received_unchanged() {
    for code in codes() {
        let received = check_round_trip(&ApiError::new(code));
        assert_eq!(received.notes(), []);
        // Both ways to create the status give the same.
        let status = Status::from(code);
        assert_eq!(status.details(), Status::from(ApiError::new(code)).details());
        assert_eq!(
            (status.code(), status.message()),
            (code.grpc_code().into(), code.entry().unwrap().summary)
        );
        assert_eq!(status.error_code(), Some(code));
    }
}

#[test]
fn every_code_with_every_message_metadata_and_detail_is_received_unchanged() {
    let metadatas = metadatas();
    for code in codes() {
        for message in messages() {
            for metadata in &metadatas {
                let mut error = ApiError::new(code).with_message(message);
                for (key, value) in metadata {
                    error = error.with_metadata(key.clone(), value);
                }
                let received = check_round_trip(&error);
                let invalid = |note: &Note| !matches!(note, Note::InvalidParam(_));
                assert!(!received.notes().iter().any(invalid), "{:?}", received.notes());
                check_round_trip(&with_every_detail(error));
            }
        }
    }
}

/// The length fields of these texts take one, two and three bytes.
#[test]
fn message_metadata_and_detail_of_every_length_are_received_unchanged() {
    for len in [127, 128, 129, 16_383, 16_384, 100_000] {
        let text = "x".repeat(len);
        let error = ErrorCode::SCOPE_MISSING
            .with_message(text.clone())
            .with_metadata(text.clone(), text.clone())
            .with_metadata("scope", text.clone())
            .with_detail(&Order { id: text, ..Default::default() });
        assert_eq!(check_round_trip(&error).notes(), []);
    }
}

#[test]
fn unlisted_codes_and_class_codes_are_received_unchanged() {
    for number in [400_000, 403_000, 403_099, 418_001, 499_999, 500_000, 599_999] {
        let error = ApiError::new(ErrorCode::from_u32(number).unwrap());
        let received = check_round_trip(&error);
        check_round_trip(&with_every_detail(error.with_message("message").with_metadata("key", "value")));
        let unknown = [Note::UnknownCode(number)];
        assert_eq!(received.notes(), if number % 1000 == 0 { &[][..] } else { &unknown });
    }
    let received = check_round_trip(&ApiError::new(ErrorCode::from_u32(403_099).unwrap()));
    assert_eq!(received.grpc_code(), GrpcCode::PermissionDenied);
    assert_eq!(received.http_status(), 403);
    assert_eq!(received.message(), "Forbidden");
    assert_eq!(received.reason(), "");
}

#[test]
fn the_last_detail_of_a_type_replaces_the_others() {
    let first = rpc::RequestInfo { request_id: "1".into(), ..Default::default() };
    let second = rpc::RequestInfo { request_id: "2".into(), ..Default::default() };
    let error = ErrorCode::NOT_FOUND
        .with_detail(&first)
        .with_detail(&help())
        .with_detail(&second)
        .with_raw_detail("example.com/google.rpc.Help", &[]);
    let names: Vec<&str> = error.details().map(|detail| detail.type_url()).collect();
    assert_eq!(names, ["type.googleapis.com/google.rpc.RequestInfo", "example.com/google.rpc.Help"]);
    let received = check_round_trip(&error);
    assert_eq!(received.detail::<rpc::RequestInfo>().unwrap().unwrap(), second);
    assert_eq!(received.detail::<rpc::Help>().unwrap().unwrap(), rpc::Help::default());
}

#[test]
fn error_infos_cannot_be_attached() {
    let foreign = rpc::ErrorInfo { reason: "OTHER".into(), ..Default::default() };
    let error = ErrorCode::NOT_FOUND
        .with_detail(&foreign)
        .with_detail(&codelibra::pb::ErrorInfo { code: 403_003, ..Default::default() })
        .with_raw_detail(&format!("example.com/{GOOGLE_ERROR_INFO}"), b"x")
        .with_raw_detail(ERROR_INFO, b"x");
    assert_eq!(error.details().count(), 0);
    check_round_trip(&error);
}

#[test]
fn the_private_cause_is_never_sent() {
    let secret = "password of the database";
    let error = with_every_detail(ErrorCode::UNEXPECTED_ERROR.with_cause(secret));
    assert_eq!(error.source().unwrap().to_string(), secret);
    assert!(!error.to_string().contains(secret), "the text of the cause is in `source()` only");
    let status = Status::from(&error);
    assert_eq!(status.source().unwrap().to_string(), secret, "for the server's log");
    let on_the_wire =
        [status.details(), status.message().as_bytes(), error.to_details_header().as_bytes()].concat();
    assert!(!on_the_wire.windows(8).any(|window| secret.as_bytes().starts_with(window)));
    assert!(status.to_received::<ErrorCode>().source().is_none());
    let headers = status.into_http::<String>();
    assert!(!format!("{:?}", headers.headers()).contains("password"));
}

#[test]
fn typed_errors_are_sent_and_received_with_their_params() {
    let locked_until = "2026-01-31T09:30:00Z".parse().ok();
    let status = Status::from(LockedOut { locked_until });
    assert_eq!(status.error_code(), Some(ErrorCode::LOCKED_OUT));
    assert_eq!(status.decode(), Some(LockedOut { locked_until }));
    assert_eq!(status.to_received::<ErrorCode>().decode(), Some(LockedOut { locked_until }));
    assert_eq!(status.decode::<codelibra::codes::ScopeMissing>(), None);
    // For a reader, each parameter is optional.
    assert_eq!(Status::from(ErrorCode::LOCKED_OUT).decode(), Some(LockedOut { locked_until: None }));
    let error = LockedOut { locked_until }.with_message("three wrong passwords");
    check_round_trip(&error);
    let status = Status::from(ErrorCode::LOCKED_OUT.with_metadata("locked_until", "soon"));
    assert_eq!(status.to_received::<ErrorCode>().notes(), [Note::InvalidParam("locked_until")]);
    assert_eq!(status.decode(), Some(LockedOut { locked_until: None }));
}

#[test]
fn display_writes_code_reason_and_message_once() {
    let error = ErrorCode::USER_BANNED.with_message("for spam");
    assert_eq!(error.to_string(), "403003 USER_BANNED: for spam");
    assert_eq!(Status::from(error).to_received::<ErrorCode>().to_string(), "403003 USER_BANNED: for spam");
    assert_eq!(Status::not_found("gone").to_received::<ErrorCode>().to_string(), "NOT_FOUND: gone");
    let unlisted = ApiError::new(ErrorCode::from_u32(403_099).unwrap());
    assert_eq!(unlisted.to_string(), "403099: Forbidden");
}
