//! Checks that hold for every failure that is received or sent.

use std::hash::{DefaultHasher, Hash, Hasher};

use codelibra::{CATALOG, ErrorCode, ReceivedError, StatusCodeExt};
use http::HeaderMap;
use prost::Message;
use tonic::Status;
use tonic_types::pb;

#[path = "../../tests/bad/read_all.rs"]
mod read_all;

pub(crate) use read_all::read_all;

/// A text that must not be sent.
pub(crate) const CANARY: &str = "cAnArY";

/// The default budget: the largest size of the field list of a failure (RFC 9113 §6.5.2), in bytes, with the two fields that HTTP
/// adds.
const BUDGET: usize = 3 << 10;

/// Returns a number that differs for different outcomes.
pub(crate) fn outcome(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the outcome of a received error, which depends on its code and on the kinds of its notes.
pub(crate) fn outcome_of(error: &ReceivedError) -> u64 {
    let notes: Vec<_> = error.notes().iter().map(std::mem::discriminant).collect();
    outcome((error.listed_number(), error.grpc_code().number(), notes, error.details().count().min(4)))
}

/// Checks the fields of a failure that a server layer or a bridge sends, and returns the error in them.
pub(crate) fn sent(fields: &HeaderMap) -> ReceivedError {
    let status = Status::from_header_map(fields).expect("a grpc-status");
    let error = read_all(status.to_received::<ErrorCode>());
    let number = error.number().expect("every failure has a code").to_string();
    assert_eq!(fields["codelibra-error-code"], number.as_str());
    assert_eq!(fields.get_all("grpc-status").iter().count(), 1);

    let embedded = pb::Status::decode(status.details()).expect("an intact google.rpc.Status");
    assert_eq!(embedded.code, i32::from(status.code()));
    assert_eq!(embedded.message, status.message());
    for internal in ["codelibra-cause", "codelibra-received"] {
        assert!(!fields.contains_key(internal), "{internal} is sent");
    }
    let size =
        |(name, value): (&http::HeaderName, &http::HeaderValue)| name.as_str().len() + value.len() + 32;
    let list: usize = fields.iter().map(size).sum::<usize>() + 42 + 65;
    assert!(list <= BUDGET, "the fields take {list} bytes: {fields:?}");
    error
}

/// Checks that the public boundary removed the private parts of an error.
pub(crate) fn public(error: &ReceivedError) {
    let number = error.number_or_class();
    if number >= 500_000 {
        let own = codelibra::ApiError::from_catalog(&CATALOG, number).expect("a code");
        assert_eq!(error.message(), own.message(), "the message of a 5xx");
    }
    let debug = error.details().any(|detail| is_debug(detail.type_name(), detail.value(), 0));
    assert!(!debug, "DebugInfo is sent: {error:?}");
}

fn is_debug(type_name: &str, value: &[u8], depth: usize) -> bool {
    match type_name {
        "google.rpc.DebugInfo" => true,
        "google.protobuf.Any" if depth < 20 => prost_types::Any::decode(value).is_ok_and(|any| {
            let name = any.type_url.rsplit('/').next().unwrap_or_default();
            is_debug(name, &any.value, depth + 1)
        }),
        _ => false,
    }
}

/// Returns whether a gRPC failure may contain a code or a reason: in an ErrorInfo of either type, or in the ASCII field.
pub(crate) fn names_itself(fields: &HeaderMap) -> bool {
    let details = fields.get_all("grpc-status-details-bin").iter().map(http::HeaderValue::as_bytes);
    // The value may be another variant of base64, or bytes that are not a status. Only a status that prost reads is known to have
    // no ErrorInfo.
    let is_nameless = |value: &[u8]| {
        let text: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'=').collect();
        let decoded = base64::Engine::decode(&base64::prelude::BASE64_STANDARD_NO_PAD, text).ok();
        let status = decoded.and_then(|bytes| pb::Status::decode(bytes.as_slice()).ok());
        status.is_some_and(|status| !status.details.iter().any(|any| any.type_url.ends_with("ErrorInfo")))
    };
    fields.contains_key("codelibra-error-code") || details.into_iter().any(|value| !is_nameless(value))
}

/// The fields whose values a service may choose: they name its encodings.
const CHOSEN: [&str; 2] = ["grpc-encoding", "grpc-accept-encoding"];

/// Returns whether another field, or the decoded message or details, contain the canary.
pub(crate) fn has_canary(fields: &HeaderMap) -> bool {
    let status = Status::from_header_map(fields);
    let mut others = fields.iter().filter(|(name, _)| !CHOSEN.contains(&name.as_str()));
    others.any(|(_, value)| contains_canary(value.as_bytes()))
        || status.is_some_and(|status| {
            contains_canary(status.message().as_bytes()) || contains_canary(status.details())
        })
}

pub(crate) fn contains_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}
