//! A coded failure as it is sent over gRPC: its parts, cut to a [`Budget`](super::budget::Budget), and its fields.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};

use crate::catalog::GrpcCode;
use crate::catalog::code::{class_of, class_phrase};
#[cfg(feature = "server")]
use crate::catalog::{Catalog, Entry};
#[cfg(feature = "gateway")]
use crate::error::ApiError;
#[cfg(feature = "gateway")]
use crate::wire;
use crate::wire::error_infos::ErrorInfos;
#[cfg(feature = "gateway")]
use crate::wire::schema::REQUEST_INFO;
use crate::wire::shed::ShedMarks;
use crate::wire::write::{
    Parts, WrittenInfos, is_reserved, request_info, request_info_len, six_digits, status_len, status_to_vec,
};
use crate::wire::{ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER, base64, message};

/// The longest domain and reason that leave, in bytes.
const MAX_DOMAIN: usize = 255;
const MAX_REASON: usize = 63;

/// The longest request id that is always sent, in bytes. A longer one is a detail like any other.
#[cfg(feature = "gateway")]
const MAX_REQUEST_ID: usize = 48;

/// What leaves of a failure.
#[derive(Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) grpc_code: GrpcCode,
    pub(crate) code: u32,
    #[cfg(feature = "server")]
    pub(crate) entry: Option<&'static Entry>,
    pub(crate) domain: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: Cow<'a, str>,
    pub(crate) metadata: Vec<(&'a str, &'a str)>,
    /// Encoded `details` fields without both ErrorInfos and google.rpc.RequestInfo.
    pub(crate) details: Cow<'a, [u8]>,
    /// The id of google.rpc.RequestInfo, the last detail. It always leaves.
    pub(crate) request_id: &'a str,
    /// The encoded status in two parts, where it is sent as the service made it, but for the request id and for an
    /// ErrorInfo between the parts that is not sent.
    pub(crate) whole: Option<[&'a [u8]; 2]>,
    /// What was left out.
    pub(crate) shed: ShedMarks,
    pub(super) infos: WrittenInfos,
}

impl<'a> Outgoing<'a> {
    /// A code with its default message. `grpc_code` counts where the catalogue does not list the code.
    #[cfg(feature = "server")]
    pub(crate) fn of((catalog, code): (&'static Catalog, u32), grpc_code: GrpcCode) -> Self {
        let unlisted = Self::unlisted(code, grpc_code, catalog.domain(), "");
        match catalog.by_code(code) {
            Some(entry) => Self {
                grpc_code: entry.grpc_code,
                entry: Some(entry),
                reason: entry.reason,
                message: Cow::Borrowed(entry.summary),
                details: Cow::Borrowed(entry.attached),
                ..unlisted
            },
            None => unlisted,
        }
    }

    /// A code that our catalogue does not list, with the phrase of its class as message.
    pub(crate) fn unlisted(code: u32, grpc_code: GrpcCode, domain: &'a str, reason: &'a str) -> Self {
        // A peer's texts, where an error was sent on: AIP-193 bounds the reason, and DNS what a domain may be.
        let bounded = |text: &'a str, max: usize| if text.len() <= max { text } else { "" };
        Self {
            grpc_code,
            code,
            #[cfg(feature = "server")]
            entry: None,
            domain: bounded(domain, MAX_DOMAIN),
            reason: bounded(reason, MAX_REASON),
            message: Cow::Borrowed(class_phrase(class_of(code))),
            metadata: Vec::new(),
            details: Cow::Borrowed(&[]),
            request_id: "",
            whole: None,
            shed: ShedMarks::NONE,
            infos: WrittenInfos::Both,
        }
    }

    /// All of an error.
    #[cfg(feature = "gateway")]
    pub(crate) fn of_error(error: &'a ApiError) -> Self {
        let request_id = error.request_id().filter(|id| id.len() <= MAX_REQUEST_ID).unwrap_or_default();
        let mut details = Vec::new();
        for detail in error.details() {
            let is_written_anew = !request_id.is_empty() && detail.is_a(REQUEST_INFO);
            if let Some(any) = detail.whole_any().filter(|_| !is_written_anew) {
                wire::write::any(any, &mut details);
            }
        }
        let metadata = error.metadata().iter();
        Self {
            #[cfg(feature = "server")]
            entry: error.entry(),
            message: Cow::Borrowed(error.message()),
            metadata: metadata.map(|(key, value)| (key.as_ref(), value.as_str())).collect(),
            details: Cow::Owned(details),
            request_id,
            shed: error.shed(),
            ..Self::unlisted(error.number(), error.grpc_code(), error.domain(), error.reason())
        }
    }

    /// With these ErrorInfos.
    pub(crate) fn with_infos(mut self, infos: ErrorInfos) -> Self {
        self.infos = infos.into();
        if infos == ErrorInfos::Google {
            // google.rpc.ErrorInfo has no place for them.
            self.metadata.retain(|(key, _)| !is_reserved(key));
        }
        self
    }

    #[cfg(feature = "server")]
    pub(crate) fn class(&self) -> u16 {
        class_of(self.code)
    }

    /// What the writer takes.
    fn parts(&self) -> Parts<'_> {
        Parts {
            grpc_code: self.grpc_code.number(),
            message: &self.message,
            code: self.code,
            domain: self.domain,
            reason: self.reason,
            metadata: &self.metadata,
            rest: &self.details,
            shed: self.shed,
            infos: self.infos,
        }
    }

    /// How long the encoded status is.
    pub(super) fn status_len(&self) -> usize {
        let request_info = if self.request_id.is_empty() { 0 } else { request_info_len(self.request_id) };
        let status = match self.whole {
            Some([start, end]) => start.len() + end.len(),
            None => status_len(&self.parts()),
        };
        status + request_info
    }

    /// Puts the failure into fields.
    pub(crate) fn write(&self, fields: &mut HeaderMap) {
        let mut status = Vec::with_capacity(self.status_len());
        match self.whole {
            Some(parts) => parts.iter().for_each(|part| status.extend_from_slice(part)),
            None => status_to_vec(&self.parts(), &mut status),
        }
        if !self.request_id.is_empty() {
            request_info(self.request_id, &mut status);
        }
        let message = match message::encode(&self.message) {
            Cow::Borrowed(text) => HeaderValue::from_str(text),
            Cow::Owned(text) => HeaderValue::from_maybe_shared(Bytes::from(text)),
        };
        // Base64, percent-encoded text and digits are visible ASCII.
        let mut put = |name: HeaderName, value: Result<HeaderValue, InvalidHeaderValue>| {
            if let Ok(value) = value {
                fields.insert(name, value);
            }
        };
        put(GRPC_STATUS, Ok(HeaderValue::from(u16::from(self.grpc_code.number()))));
        put(GRPC_MESSAGE, message);
        put(STATUS_DETAILS_HEADER, HeaderValue::from_maybe_shared(base64::encode_to_bytes(&status)));
        put(ERROR_CODE_HEADER, HeaderValue::from_bytes(&six_digits(self.code)));
    }
}
