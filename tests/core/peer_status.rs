//! Statuses of a peer that does not use this crate, written with prost.

use bytes::Bytes;
use codelibra::pb::ErrorInfo as Ours;
use codelibra::{CATALOG, ErrorCode, ReceivedError, StatusCodeExt};
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb::{self as google, ErrorInfo as Google};

pub(crate) const OURS: &str = "type.googleapis.com/codelibra.error.v1.ErrorInfo";
pub(crate) const GOOGLES: &str = "type.googleapis.com/google.rpc.ErrorInfo";
pub(crate) const DENIED: Code = Code::PermissionDenied;

pub(crate) fn any(type_url: &str, value: &impl Message) -> Any {
    Any { type_url: type_url.to_owned(), value: value.encode_to_vec() }
}

pub(crate) fn ours(code: u32) -> Any {
    let reason = CATALOG.by_code(code).map_or("", |entry| entry.reason).to_owned();
    any(OURS, &Ours { code, domain: "codelibra".into(), reason, ..Default::default() })
}

pub(crate) fn googles(domain: &str, reason: &str, code: Option<&str>) -> Any {
    let metadata = code.map(|code| ("code".to_owned(), code.to_owned())).into_iter().collect();
    any(GOOGLES, &Google { domain: domain.into(), reason: reason.into(), metadata })
}

pub(crate) fn details(code: Code, message: &str, details: Vec<Any>) -> Bytes {
    google::Status { code: code.into(), message: message.into(), details }.encode_to_vec().into()
}

pub(crate) fn status(code: Code, all: Vec<Any>) -> Status {
    Status::with_details(code, "message", details(code, "message", all))
}

pub(crate) fn with_field(mut status: Status, field: &str) -> Status {
    status.metadata_mut().insert("codelibra-error-code", field.parse().unwrap());
    status
}

/// Reads the whole error. Checks that the fast reader of the code agrees.
pub(crate) fn received(status: &Status) -> ReceivedError {
    let received = status.to_received::<ErrorCode>();
    assert_eq!(status.error_code::<ErrorCode>(), received.code());
    received
}
