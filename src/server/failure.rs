//! A failure on its way out: from fields to what is known of it, and back to fields.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

use super::request_id::RequestId;
use super::{cause, log};
use crate::code::{class_of, class_phrase};
use crate::log::panic_text;
use crate::server::layer::Call;
use crate::wire::details::AllDetails;
use crate::wire::write::{Parts, six_digits};
use crate::wire::{self, ERROR_CODE_HEADER, RECEIVED_HEADER, STATUS_DETAILS_HEADER, message};
use crate::{Catalog, Entry, GrpcCode};

const GRPC_STATUS: HeaderName = Status::GRPC_STATUS;
const GRPC_MESSAGE: HeaderName = Status::GRPC_MESSAGE;

/// gRPC's own fields besides the status: the ones that say how to go on.
const PROTOCOL: [HeaderName; 4] = [
    CONTENT_TYPE,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-retry-pushback-ms"),
];

/// The fields that every failure leaves with.
pub(super) const REPLACED: [HeaderName; 4] =
    [GRPC_STATUS, GRPC_MESSAGE, STATUS_DETAILS_HEADER, ERROR_CODE_HEADER];

/// The longest domain and reason that leave, in bytes.
const MAX_DOMAIN: usize = 255;
const MAX_REASON: usize = 63;

/// The detail that tells the request id. It always leaves.
pub(super) const REQUEST_INFO: &str = "google.rpc.RequestInfo";

/// A failure as the service made it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) grpc_code: GrpcCode,
    pub(super) message: String,
    /// The encoded `google.rpc.Status`.
    pub(super) details: Bytes,
    /// Whether a client layer received it from another service.
    pub(super) received: bool,
    pub(super) cause: Option<Arc<dyn Error + Send + Sync>>,
    /// The payload of a panic.
    pub(super) panic: Option<String>,
}

impl Failure {
    /// A failure that no status was made for.
    pub(super) fn new(grpc_code: GrpcCode) -> Self {
        Self {
            grpc_code,
            message: String::new(),
            details: Bytes::new(),
            received: false,
            cause: None,
            panic: None,
        }
    }

    /// A failure of a service that answered with no status at all.
    pub(super) fn of_error(error: Box<dyn Error + Send + Sync>) -> Self {
        match Status::try_from_error(error) {
            Ok(status) => Self {
                message: status.message().to_owned(),
                details: Bytes::copy_from_slice(status.details()),
                received: status.metadata().get(RECEIVED_HEADER.as_str()).is_some(),
                cause: Some(Arc::new(status.clone())),
                ..Self::new(status.code().into())
            },
            Err(error) => Self { cause: Some(Arc::from(error)), ..Self::new(GrpcCode::Internal) },
        }
    }

    /// A panic. Its payload is for the log.
    pub(super) fn of_panic(payload: &(dyn Any + Send)) -> Self {
        Self { panic: Some(panic_text(payload).to_owned()), ..Self::new(GrpcCode::Internal) }
    }

    /// The failure that headers or trailers tell of; `None` for a success and for what is no end of a call.
    fn read(fields: &mut HeaderMap, status: Option<&Status>) -> Option<Self> {
        let number = fields.get(&GRPC_STATUS)?.as_bytes();
        if number == b"0" {
            return None;
        }
        let number = std::str::from_utf8(number).ok().and_then(|text| text.parse().ok());
        let grpc_code = number.and_then(GrpcCode::from_number).unwrap_or(GrpcCode::Unknown);
        let message = fields.get(&GRPC_MESSAGE).map(|value| message::decode(value.as_bytes()).into_owned());
        // What tonic made the field of, where it is there: no base64 to undo.
        let details = fields.get(&STATUS_DETAILS_HEADER).map(|value| match status {
            Some(status) => Bytes::copy_from_slice(status.details()),
            None => wire::base64::decode(value.as_bytes()).bytes.into(),
        });
        Some(Self {
            grpc_code,
            message: message.unwrap_or_default(),
            details: details.unwrap_or_default(),
            received: fields.contains_key(&RECEIVED_HEADER),
            cause: cause::take(fields),
            panic: None,
        })
    }
}

/// What leaves of a failure.
#[derive(Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) catalog: &'static Catalog,
    pub(super) grpc_code: GrpcCode,
    pub(super) code: u32,
    pub(super) entry: Option<&'static Entry>,
    pub(super) domain: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: Cow<'a, str>,
    pub(super) metadata: Vec<(&'a str, &'a str)>,
    /// Encoded `details` fields without both ErrorInfos.
    pub(super) details: Vec<u8>,
    /// Numbers of [`Shed`].
    pub(super) shed: Vec<u8>,
    /// Whether google.rpc.ErrorInfo is sent.
    pub(super) repeat: bool,
}

impl<'a> Outgoing<'a> {
    /// A code with its default message. `grpc_code` counts where the catalogue does not list the code.
    pub(super) fn of((catalog, code): (&'static Catalog, u32), grpc_code: GrpcCode) -> Self {
        let unlisted = Self::unlisted(catalog, code, grpc_code, catalog.domain(), "");
        match catalog.by_code(code) {
            Some(entry) => Self {
                grpc_code: entry.grpc_code,
                entry: Some(entry),
                reason: entry.reason,
                message: Cow::Borrowed(entry.summary),
                details: entry.attached.to_vec(),
                ..unlisted
            },
            None => unlisted,
        }
    }

    /// A code that our catalogue does not list, with the phrase of its class as message.
    pub(super) fn unlisted(
        catalog: &'static Catalog,
        code: u32,
        grpc_code: GrpcCode,
        domain: &'a str,
        reason: &'a str,
    ) -> Self {
        // A peer's texts, where an error was sent on: AIP-193 bounds the reason, and DNS what a domain may be.
        let bounded = |text: &'a str, max: usize| if text.len() <= max { text } else { "" };
        let (domain, reason) = (bounded(domain, MAX_DOMAIN), bounded(reason, MAX_REASON));
        Self {
            catalog,
            grpc_code,
            code,
            entry: None,
            domain,
            reason,
            message: Cow::Borrowed(class_phrase(class_of(code))),
            metadata: Vec::new(),
            details: Vec::new(),
            shed: Vec::new(),
            repeat: true,
        }
    }

    pub(super) fn class(&self) -> u16 {
        class_of(self.code)
    }

    /// What the writer takes.
    pub(super) fn parts(&self) -> Parts<'_> {
        Parts {
            grpc_code: self.grpc_code,
            message: &self.message,
            code: self.code,
            domain: self.domain,
            reason: self.reason,
            metadata: &self.metadata,
            rest: &self.details,
            shed: &self.shed,
            repeat: self.repeat,
        }
    }

    fn write(&self, fields: &mut HeaderMap) {
        let status = wire::write::status_to_vec(&self.parts());
        fields.insert(GRPC_STATUS, HeaderValue::from(u16::from(self.grpc_code.number())));
        let mut put = |name: HeaderName, value: String| {
            // Base64 and percent-encoded text are visible ASCII.
            if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
                fields.insert(name, value);
            }
        };
        put(GRPC_MESSAGE, message::encode(&self.message).to_string());
        put(STATUS_DETAILS_HEADER, STANDARD_NO_PAD.encode(status));
        if let Ok(value) = HeaderValue::from_bytes(&six_digits(self.code)) {
            fields.insert(ERROR_CODE_HEADER, value);
        }
    }
}

impl Call {
    /// Makes the failure that `fields` tell of, if they do, one that may leave. `status` is what tonic made them of,
    /// where it is there.
    pub(super) fn finish(&self, fields: &mut HeaderMap, status: Option<&Status>) {
        if let Some(failure) = Failure::read(fields, status) {
            self.send(fields, &failure, status);
        }
    }

    /// Puts a failure into `fields`, as it may leave.
    pub(super) fn send(&self, fields: &mut HeaderMap, failure: &Failure, status: Option<&Status>) {
        let config = &*self.config;
        let request_id = self.request_id.unwrap_or_else(RequestId::made);
        let mut outgoing = config.boundary.decide(failure, config);
        keep_fields(fields, config.boundary.keeps_headers(failure.received));
        outgoing.identify(&request_id);
        config.budget.apply(&mut outgoing, fields);
        outgoing.write(fields);
        log::failure(&request_id, failure, &outgoing, status);
    }
}

impl Outgoing<'_> {
    /// Puts google.rpc.RequestInfo first, in place of the service's own.
    fn identify(&mut self, request_id: &RequestId) {
        const TYPE_URL: &str = "type.googleapis.com/google.rpc.RequestInfo";
        let id = crate::rpc::RequestInfo { request_id: request_id.as_str().to_owned(), ..Default::default() };
        let mut details = Vec::with_capacity(self.details.len() + 128);
        wire::write::detail(TYPE_URL, &prost::Message::encode_to_vec(&id), &mut details);
        if AllDetails::of(&self.details).any(|detail| detail.is_a(REQUEST_INFO)) {
            for detail in AllDetails::of(&self.details).filter(|detail| !detail.is_a(REQUEST_INFO)) {
                wire::write::any(detail.whole_any().unwrap_or_default(), &mut details);
            }
        } else {
            details.extend_from_slice(&self.details);
        }
        self.details = details;
    }
}

/// Removes the fields that a failure must not leave with.
fn keep_fields(fields: &mut HeaderMap, keep_all: bool) {
    if keep_all {
        fields.remove(RECEIVED_HEADER);
        return;
    }
    // The usual case: there is nothing else, and what is there will be replaced.
    if fields.keys().all(|name| PROTOCOL.contains(name) || REPLACED.contains(name)) {
        return;
    }
    let mut kept = HeaderMap::with_capacity(PROTOCOL.len() + REPLACED.len());
    for name in PROTOCOL {
        if let Some(value) = fields.remove(&name) {
            kept.insert(name, value);
        }
    }
    *fields = kept;
}
