//! A failure as the service made it: read from fields, and sent as it may leave.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use tonic::Status;

use super::request_id::RequestId;
use super::{cause, log};
use crate::GrpcCode;
use crate::guard::Panic;
use crate::outgoing::{Outgoing, field_len};
use crate::server::layer::Call;
use crate::wire::{self, CAUSE, RECEIVED, RECEIVED_HEADER, message};

/// gRPC's own fields besides the status: the ones that say how to go on. The first alone stays of a peer's failure.
static PROTOCOL: [HeaderName; 4] = [
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
    /// The status that the service failed with, whose source is the cause.
    pub(super) status: Option<Status>,
    pub(super) panic: Option<Panic>,
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
            status: None,
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
                cause: cause::of(status.metadata().as_ref()),
                status: Some(status.clone()),
                ..Self::new(status.code().into())
            },
            Err(error) => Self { cause: Some(Arc::from(error)), ..Self::new(GrpcCode::Internal) },
        }
    }

    /// An answer of the service that breaks the protocol.
    pub(super) fn no_grpc(grpc_code: GrpcCode, what: String) -> Self {
        Self { cause: Some(Arc::from(Box::<dyn Error + Send + Sync>::from(what))), ..Self::new(grpc_code) }
    }

    /// The end of a call whose time is over. `dropped` is what came of the drop of the service's future or body.
    pub(super) fn from_timeout(dropped: Result<(), Panic>) -> Self {
        dropped.map_or_else(Self::from_panic, |()| Self::new(GrpcCode::DeadlineExceeded))
    }

    pub(super) fn from_panic(panic: Panic) -> Self {
        Self { panic: Some(panic), ..Self::new(GrpcCode::Internal) }
    }
}

/// What the fields of a failure say.
#[derive(Debug, Default)]
struct Fields<'a> {
    status: &'a [u8],
    message: &'a [u8],
    details: &'a [u8],
    /// The marks of a client layer and of a cause that waits.
    received: bool,
    cause: bool,
    /// The list size of `content-type`, of the rest of [`PROTOCOL`], and of any other field.
    content_type: usize,
    protocol: usize,
    others: usize,
}

impl<'a> Fields<'a> {
    /// There are few of them: looking at each is quicker than looking names up.
    fn read(fields: &'a HeaderMap) -> Self {
        let mut read = Self::default();
        for (name, value) in fields {
            let len = field_len(name.as_str(), value.len());
            let value = value.as_bytes();
            match name.as_str() {
                "grpc-status" => read.status = value,
                "grpc-message" => read.message = value,
                "grpc-status-details-bin" => read.details = value,
                "codelibra-error-code" => {}
                RECEIVED => read.received = true,
                CAUSE => read.cause = true,
                "content-type" => read.content_type += len,
                _ if PROTOCOL.contains(name) => read.protocol += len,
                _ => read.others += len,
            }
        }
        read
    }

    /// The failure. `status` is what tonic made the fields of, where it is there: its text needs no decoding.
    fn failure<'s>(&self, status: Option<&'s Status>) -> Failure<'s> {
        let number = std::str::from_utf8(self.status).ok().and_then(|text| text.parse().ok());
        let grpc_code = number.and_then(GrpcCode::from_number);
        // Two fields that say OK are no OK to a strict reader.
        let grpc_code = grpc_code.filter(|code| *code != GrpcCode::Ok).unwrap_or(GrpcCode::Unknown);
        // A layer between may have changed the fields: they count.
        let said = status.map(Status::message).filter(|text| message::says(self.message, text));
        let message = said.map_or_else(|| message::decode(self.message).into_owned().into(), Cow::Borrowed);
        let details = Cow::Owned(wire::base64::decode(self.details).bytes);
        Failure { message, details, received: self.received, ..Failure::new(grpc_code) }
    }
}

impl Call {
    /// Makes the failure that `fields` tell of one that may leave. `status` is what tonic made them of, where it is
    /// there.
    #[cold]
    pub(super) fn finish(&self, fields: &mut HeaderMap, status: Option<&Status>) {
        let config = &*self.config;
        let read = Fields::read(fields);
        let mut failure = read.failure(status);
        let (content_type, protocol, others) = (read.content_type, read.protocol, read.others);
        if read.cause {
            failure.cause = cause::take(fields).filter(|_| !failure.received);
        }
        if failure.received {
            fields.remove(RECEIVED_HEADER);
        }
        let all = content_type + protocol + others;
        let (kept, len) = if failure.received {
            (PROTOCOL.get(..1), content_type)
        } else if config.boundary.is_public() || !config.budget.has_room_beside(all) {
            (PROTOCOL.get(..), content_type + protocol)
        } else {
            (None, all)
        };
        if let Some(kept) = kept
            && len < all
        {
            keep_fields(fields, kept);
        }
        self.put(fields, len, &failure, status);
    }

    /// Puts a failure into fields which say nothing of it yet.
    #[cold]
    pub(super) fn send(&self, fields: &mut HeaderMap, failure: &Failure<'_>) {
        let len = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        self.put(fields, len, failure, failure.status.as_ref());
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

/// Removes all fields but these. Those that say how the call ended are written again.
fn keep_fields(fields: &mut HeaderMap, names: &[HeaderName]) {
    let mut kept = HeaderMap::with_capacity(2 * PROTOCOL.len());
    for name in names {
        if let Some(value) = fields.remove(name) {
            kept.insert(name, value);
        }
    }
    *fields = kept;
}
