//! A failure in gRPC's fields, written as a trailers-only answer.

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::wire::details::REQUEST_INFO;
use crate::wire::write::{Parts, status_to_vec};
use crate::wire::{
    self, ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER, base64, message,
};
use crate::{ApiError, Detail, Shed};

const APPLICATION_GRPC: &str = "application/grpc";

/// How long message and details may be together: what is left of 3 KiB, the smallest limit of the proxies.
const MAX_FIELDS: usize = 2560;
/// A longer google.rpc.RequestInfo is none of ours, and is left out as other details are.
const MAX_ID: usize = 128;

/// The fields of a trailers-only answer. What is too long is left out, and marked; the id of the request stays.
pub(super) fn write(error: &ApiError, fields: &mut HeaderMap) {
    let details = error.encoded_details();
    let mut request_id = Vec::new();
    let is_id = |detail: &Detail<'_>| detail.is_a(REQUEST_INFO) && detail.value().len() <= MAX_ID;
    for any in error.details().filter(is_id).filter_map(|detail| detail.whole_any()) {
        wire::write::any(any, &mut request_id);
    }
    let metadata: Vec<(&str, &str)> =
        error.metadata().iter().map(|(key, value)| (key.as_ref(), value.as_str())).collect();
    let shed = [Shed::Details, Shed::Metadata, Shed::Message].map(Shed::number);
    let whole = Parts {
        grpc_code: error.grpc_code(),
        message: error.message(),
        code: error.number(),
        domain: error.domain(),
        reason: error.reason(),
        metadata: &metadata,
        rest: details,
        shed: &[],
        repeat: true,
    };
    let no_details = Parts { rest: &request_id, shed: &shed[..1], ..whole };
    let no_metadata = Parts { metadata: &[], shed: &shed[..2], ..no_details };
    let default = crate::code::class_phrase(crate::code::class_of(error.number()));
    let no_message = Parts { message: default, shed: &shed, ..no_metadata };
    let mut written = (String::new(), String::new());
    for parts in [whole, no_details, no_metadata, no_message] {
        written = (message::encode(parts.message).to_string(), base64::encode(&status_to_vec(&parts)));
        if written.0.len() + written.1.len() <= MAX_FIELDS {
            break;
        }
    }
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(APPLICATION_GRPC));
    fields.insert(GRPC_STATUS, HeaderValue::from(u16::from(error.grpc_code().number())));
    fields.insert(ERROR_CODE_HEADER, HeaderValue::from(error.number()));
    // Percent-encoded text and base64 are visible ASCII.
    for (name, text) in [(GRPC_MESSAGE, written.0), (STATUS_DETAILS_HEADER, written.1)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            fields.insert(name, value);
        }
    }
}
