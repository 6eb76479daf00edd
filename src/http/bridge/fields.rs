//! A failure in gRPC's fields: read from headers or trailers, and written as a trailers-only answer.

use std::borrow::Cow;

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use crate::note::{Note, Notes, excerpt};
use crate::received::Sent;
use crate::wire::read::identity;
use crate::wire::write::{Parts, status_to_vec};
use crate::wire::{self, ERROR_CODE_HEADER, STATUS_DETAILS_HEADER, base64, message};
use crate::{ApiError, Catalog, GrpcCode, ReceivedError, Shed};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const APPLICATION_GRPC: &str = "application/grpc";

/// How long message and details may be together: what is left of 3 KiB, the smallest limit of the proxies.
const MAX_FIELDS: usize = 2560;

/// How a call ended, as fields say it.
pub(super) enum Ending {
    /// They do not say.
    Open,
    Ok,
    Failed(ReceivedError),
}

pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE);
    value.is_some_and(|value| value.as_bytes().starts_with(APPLICATION_GRPC.as_bytes()))
}

pub(super) fn read(fields: &HeaderMap, catalog: &'static Catalog) -> Ending {
    let Some(status) = fields.get(GRPC_STATUS) else { return Ending::Open };
    if status == "0" {
        return Ending::Ok;
    }
    let mut notes = Notes::default();
    let text = String::from_utf8_lossy(status.as_bytes());
    let grpc_code = text.parse().ok().and_then(GrpcCode::from_number).unwrap_or_else(|| {
        notes.push(Note::InvalidGrpcStatus(excerpt(&text)));
        GrpcCode::Unknown
    });
    let details = fields
        .get(STATUS_DETAILS_HEADER)
        .map(|value| base64::decode_joined(value.as_bytes(), |status| identity(status, catalog).is_some()));
    if details.as_ref().is_some_and(|details| !details.intact) {
        notes.push(Note::InvalidBase64);
    }
    let message = fields.get(GRPC_MESSAGE).map(|value| message::decode(value.as_bytes()));
    let sent = Sent {
        grpc_code: Some(grpc_code),
        message: Some(message.unwrap_or_default()),
        details: details.map(|details| Bytes::from(details.bytes)).unwrap_or_default(),
        code_field: fields.get(ERROR_CODE_HEADER).map(HeaderValue::as_bytes),
        notes,
    };
    Ending::Failed(ReceivedError::read(sent, catalog))
}

/// The error of an answer that ended without `grpc-status`.
pub(super) fn cut_short(catalog: &'static Catalog) -> ReceivedError {
    let mut notes = Notes::default();
    notes.push(Note::Synthesized);
    let sent = Sent {
        grpc_code: Some(GrpcCode::Unavailable),
        message: Some(Cow::Borrowed("the answer ended without a status")),
        details: Bytes::new(),
        code_field: None,
        notes,
    };
    ReceivedError::read(sent, catalog)
}

/// The fields of a trailers-only answer. What is too long is left out, and marked.
pub(super) fn write(error: &ApiError, fields: &mut HeaderMap) {
    let details = error.details().filter_map(|detail| detail.whole_any()).fold(Vec::new(), |mut all, any| {
        wire::write::any(any, &mut all);
        all
    });
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
        rest: &details,
        shed: &[],
        repeat: true,
    };
    let no_details = Parts { rest: &[], shed: &shed[..1], ..whole };
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
