//! A failure as the service made it: read from fields, and sent as it may leave.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use tonic::Status;

use super::request_id::RequestId;
use super::{cause, log};
use crate::GrpcCode;
use crate::log::panic_text;
use crate::outgoing::{Outgoing, field_len};
use crate::server::layer::Call;
use crate::wire::{self, RECEIVED, RECEIVED_HEADER, message};

/// gRPC's own fields besides the status: the ones that say how to go on.
const PROTOCOL: [HeaderName; 4] = [
    CONTENT_TYPE,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-retry-pushback-ms"),
];

/// A failure as the service made it.
#[derive(Debug)]
pub(super) struct Failure<'a> {
    pub(super) grpc_code: GrpcCode,
    pub(super) message: Cow<'a, str>,
    /// The encoded `google.rpc.Status`.
    pub(super) details: Cow<'a, [u8]>,
    /// Whether a client layer received it from another service.
    pub(super) received: bool,
    pub(super) cause: Option<Arc<dyn Error + Send + Sync>>,
    /// The payload of a panic.
    pub(super) panic: Option<String>,
}

impl Failure<'_> {
    /// A failure that no status was made for.
    pub(super) fn new(grpc_code: GrpcCode) -> Self {
        Self {
            grpc_code,
            message: Cow::Borrowed(""),
            details: Cow::Borrowed(&[]),
            received: false,
            cause: None,
            panic: None,
        }
    }

    /// A failure of a service that answered with no status at all.
    pub(super) fn of_error(error: Box<dyn Error + Send + Sync>) -> Self {
        match Status::try_from_error(error) {
            Ok(status) => Self {
                message: Cow::Owned(status.message().to_owned()),
                details: Cow::Owned(status.details().to_vec()),
                received: status.metadata().get(RECEIVED).is_some(),
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
}

/// What one look at each field finds. There are few of them: that is quicker than looking names up.
#[derive(Debug, Default)]
struct Seen<'a> {
    status: &'a [u8],
    message: &'a [u8],
    details: &'a [u8],
    /// The marks of a client layer and of a cause that waits.
    received: bool,
    cause: bool,
    /// The list size of [`PROTOCOL`]'s fields, and of any other.
    protocol: usize,
    others: usize,
}

impl<'a> Seen<'a> {
    fn in_fields(fields: &'a HeaderMap) -> Self {
        let mut seen = Self::default();
        for (name, value) in fields {
            let (name, value) = (name.as_str(), value.as_bytes());
            match name {
                "grpc-status" => seen.status = value,
                "grpc-message" => seen.message = value,
                "grpc-status-details-bin" => seen.details = value,
                "codelibra-error-code" => {}
                "content-type" | "grpc-encoding" | "grpc-accept-encoding" | "grpc-retry-pushback-ms" => {
                    seen.protocol += field_len(name, value.len());
                }
                RECEIVED => seen.received = true,
                cause::CAUSE => seen.cause = true,
                _ => seen.others += field_len(name, value.len()),
            }
        }
        seen
    }

    /// The failure of these fields. `status` is what tonic made them of, where it is there: nothing to decode.
    fn failure<'s>(&self, status: Option<&'s Status>) -> Failure<'s> {
        let number = std::str::from_utf8(self.status).ok().and_then(|text| text.parse().ok());
        let grpc_code = number.and_then(GrpcCode::from_number).unwrap_or(GrpcCode::Unknown);
        let same = |status: &&Status| {
            let details = wire::base64::encoded_len(status.details().len());
            GrpcCode::from(status.code()) == grpc_code && details == self.details.len()
        };
        let (message, details) = match status.filter(same) {
            Some(status) => (Cow::Borrowed(status.message()), Cow::Borrowed(status.details())),
            None => (
                Cow::Owned(message::decode(self.message).into_owned()),
                Cow::Owned(wire::base64::decode(self.details).bytes),
            ),
        };
        Failure { message, details, received: self.received, ..Failure::new(grpc_code) }
    }
}

/// Whether headers or trailers end a call with a failure.
#[inline]
pub(super) fn is_failed(fields: &HeaderMap) -> bool {
    fields.iter().any(|(name, value)| name.as_str() == "grpc-status" && value.as_bytes() != b"0")
}

impl Call {
    /// Makes the failure that `fields` tell of one that may leave. `status` is what tonic made them of, where it is
    /// there.
    #[cold]
    pub(super) fn finish(&self, fields: &mut HeaderMap, status: Option<&Status>) {
        let seen = Seen::in_fields(fields);
        let mut failure = seen.failure(status);
        let (protocol, others) = (seen.protocol, seen.others);
        if seen.cause {
            failure.cause = cause::take(fields);
        }
        if failure.received {
            fields.remove(RECEIVED_HEADER);
        }
        let keeps_all = self.config.boundary.keeps_headers(failure.received);
        if others > 0 && !keeps_all {
            keep_protocol(fields);
        }
        self.put(fields, if keeps_all { protocol + others } else { protocol }, &failure, status);
    }

    /// Puts a failure into fields which say nothing of it yet.
    #[cold]
    pub(super) fn send(&self, fields: &mut HeaderMap, failure: &Failure<'_>) {
        let len = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        self.put(fields, len, failure, None);
    }

    /// Puts a failure into fields, as it may leave, beside others of this list size.
    fn put(&self, fields: &mut HeaderMap, others: usize, failure: &Failure<'_>, status: Option<&Status>) {
        let config = &*self.config;
        let request_id = self.request_id.unwrap_or_else(RequestId::made);
        let whole = config.boundary.whole(failure, config).map(|outgoing| outgoing.with_id(&request_id));
        let outgoing = whole.filter(|outgoing| config.budget.fits(outgoing, others)).unwrap_or_else(|| {
            let mut outgoing = config.boundary.decide(failure, config).with_id(&request_id);
            config.budget.apply(&mut outgoing, others);
            outgoing
        });
        outgoing.write(fields);
        log::failure(config.catalog, failure, &outgoing, status);
    }
}

impl<'a> Outgoing<'a> {
    fn with_id(mut self, request_id: &'a RequestId) -> Self {
        self.request_id = request_id.as_str();
        self
    }
}

/// Removes the fields that are not gRPC's own, and those that say how the call ended: they are written again.
fn keep_protocol(fields: &mut HeaderMap) {
    let mut kept = HeaderMap::with_capacity(2 * PROTOCOL.len());
    for name in PROTOCOL {
        if let Some(value) = fields.remove(&name) {
            kept.insert(name, value);
        }
    }
    *fields = kept;
}
