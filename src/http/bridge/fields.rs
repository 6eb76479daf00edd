//! A failure in gRPC's fields: read from headers or trailers, and written as a trailers-only answer.

use std::borrow::Cow;

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use crate::note::{Note, Notes, excerpt};
use crate::outgoing::{Budget, Outgoing, field_len};
use crate::received::Sent;
use crate::wire::read::identity;
use crate::wire::{ERROR_CODE_HEADER, STATUS_DETAILS_HEADER, base64, message};
use crate::{ApiError, Catalog, GrpcCode, ReceivedError};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const APPLICATION_GRPC: &str = "application/grpc";

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

/// The fields of a trailers-only answer, within the budget.
pub(super) fn write(error: &ApiError, budget: Budget, fields: &mut HeaderMap) {
    let content_type = HeaderValue::from_static(APPLICATION_GRPC);
    let others = field_len(CONTENT_TYPE.as_str(), content_type.len());
    fields.insert(CONTENT_TYPE, content_type);
    let mut outgoing = Outgoing::of_error(error);
    budget.apply(&mut outgoing, others);
    outgoing.write(fields);
}
