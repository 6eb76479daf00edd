//! A failure in gRPC's fields.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;

use crate::catalog::{Catalog, GrpcCode};
use crate::inbound::ReceivedError;
use crate::inbound::note::{Note, Notes};
use crate::inbound::received::ReceivedParts;
use crate::inbound::retry::RetryHints;
use crate::wire::{ERROR_CODE_HEADER, RECEIVED_HEADER};

impl ReceivedError {
    /// A failure whose gRPC code, message and details were read of fields that are sanitised, with what stands beside
    /// them in `fields`.
    pub(crate) fn from_grpc(
        grpc_code: GrpcCode,
        message: Cow<'_, str>,
        details: Bytes,
        fields: &HeaderMap,
        catalog: &'static Catalog,
    ) -> Self {
        let mut notes = Notes::default();
        if let Some(mark) = fields.get(RECEIVED_HEADER) {
            crate::inbound::mark::read(mark.as_bytes(), &mut notes);
        }
        let code_field = fields.get(ERROR_CODE_HEADER).map(|value| value.as_bytes());
        let is_silent = message.is_empty() && details.is_empty();
        let sent =
            ReceivedParts { grpc_code: Some(grpc_code), message: Some(message), details, code_field, notes };
        let error = Self::read(sent, catalog).with_retry_hints(RetryHints::read(fields));
        // The ASCII field is all there is of it.
        if is_silent && error.number().is_some() { error.with_own_message() } else { error }
    }

    /// The error of an answer that broke off, or never began.
    #[cfg(feature = "gateway")]
    pub(crate) fn incomplete(what: &'static str, catalog: &'static Catalog) -> Self {
        Self::synthesized(GrpcCode::Unavailable, what, catalog)
    }

    /// Returns an error that no peer sent, such as a deadline that passed in this process. It has no code, and
    /// [`is_synthesized`](Self::is_synthesized) is true.
    ///
    /// ```
    /// use codelibra::{CATALOG, GrpcCode, ReceivedError};
    ///
    /// let error = ReceivedError::synthesized(GrpcCode::DeadlineExceeded, "no response within 10 s", &CATALOG);
    /// assert!(error.is_synthesized());
    /// assert_eq!(error.http_status(), 504);
    /// ```
    pub fn synthesized(grpc_code: GrpcCode, message: &str, catalog: &'static Catalog) -> Self {
        let mut notes = Notes::default();
        notes.push(Note::Synthesized);
        let sent = ReceivedParts {
            grpc_code: Some(grpc_code),
            message: Some(Cow::Borrowed(message)),
            details: Bytes::new(),
            code_field: None,
            notes,
        };
        Self::read(sent, catalog)
    }
}
