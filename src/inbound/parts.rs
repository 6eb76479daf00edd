//! What a peer sent of a failure, before it is interpreted.

use std::borrow::Cow;

use bytes::Bytes;
#[cfg(any(feature = "gateway", feature = "tonic"))]
use http::HeaderMap;

use crate::catalog::GrpcCode;
#[cfg(any(feature = "gateway", feature = "tonic"))]
use crate::inbound::mark;
use crate::inbound::note::{Note, Notes};
#[cfg(any(feature = "gateway", feature = "tonic"))]
use crate::wire::header::{ERROR_CODE_HEADER, RECEIVED_HEADER};

/// The parts of a failure as a peer sent them, before they are interpreted.
pub(crate) struct ReceivedParts<'a> {
    /// `None` if only the details were received.
    pub(crate) grpc_code: Option<GrpcCode>,
    pub(crate) message: Option<Cow<'a, str>>,
    pub(crate) details: Bytes,
    /// The value of the ASCII field.
    pub(crate) code_field: Option<&'a [u8]>,
    pub(crate) notes: Notes,
}

impl<'a> ReceivedParts<'a> {
    /// Creates the parts of a failure of which only the details were received.
    pub(super) const fn from_details(details: Bytes, notes: Notes) -> Self {
        Self { grpc_code: None, message: None, details, code_field: None, notes }
    }

    /// Creates the parts of a failure without other fields.
    pub(super) fn from_status(grpc_code: GrpcCode, message: Cow<'a, str>, details: Bytes) -> Self {
        let (grpc_code, message) = (Some(grpc_code), Some(message));
        Self { grpc_code, message, details, code_field: None, notes: Notes::default() }
    }

    /// Creates the parts of a failure over gRPC. `fields` are the sanitised fields that contained the first three arguments.
    #[cfg(any(feature = "gateway", feature = "tonic"))]
    pub(super) fn from_grpc(
        grpc_code: GrpcCode,
        message: Cow<'a, str>,
        details: Bytes,
        fields: &'a HeaderMap,
    ) -> Self {
        let mut notes = Notes::default();
        if let Some(value) = fields.get(RECEIVED_HEADER) {
            mark::read(value.as_bytes(), &mut notes);
        }
        let code_field = fields.get(ERROR_CODE_HEADER).map(|value| value.as_bytes());
        Self { grpc_code: Some(grpc_code), message: Some(message), details, code_field, notes }
    }

    /// Creates the parts of an error that no peer sent.
    pub(super) fn synthesized(grpc_code: GrpcCode, message: &'a str) -> Self {
        let mut parts = Self::from_status(grpc_code, Cow::Borrowed(message), Bytes::new());
        parts.notes.push(Note::Synthesized);
        parts
    }
}
