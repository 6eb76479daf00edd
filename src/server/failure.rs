//! A failure as the service made it: read from fields, and sent as it may leave.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use http::header::HeaderMap;
use tonic::Status;

use super::log;
use super::protocol::{Beside, Kept};
use super::request_id::RequestId;
use crate::catalog::GrpcCode;
use crate::guard::Panic;
use crate::inbound::ReceivedError;
use crate::inbound::identity::identity;
use crate::outbound::cause;
use crate::outbound::known_error;
use crate::outbound::log::Origin;
use crate::outbound::{budget::field_len, outgoing::Outgoing};
use crate::server::layer::Call;
use crate::tonic::status_of;
use crate::wire::details::AllDetails;
use crate::wire::grpc_web::Protocol;
use crate::wire::{self, CAUSE, RECEIVED, RECEIVED_HEADER, message};

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
    pub(super) origin: Origin,
    /// gRPC's own fields that the handler set to what they may not contain.
    pub(super) removed_fields: Vec<&'static str>,
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
            origin: Origin::Service,
            removed_fields: Vec::new(),
        }
    }

    /// A failure of a service that answered with no status at all.
    pub(super) fn of_error(error: Box<dyn Error + Send + Sync>) -> Self {
        if let Some(received) = ReceivedError::in_chain_of(&*error) {
            return Self {
                message: Cow::Owned(received.message().to_owned()),
                details: Cow::Owned(received.encoded().to_vec()),
                received: true,
                ..Self::new(received.grpc_code())
            };
        }
        if let Some(grpc_code) = known_error::grpc_code(&*error) {
            return Self { cause: Some(Arc::from(error)), origin: Origin::Either, ..Self::new(grpc_code) };
        }
        match status_of(error) {
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
    pub(super) fn from_timeout(call: &Call, dropped: Result<(), Panic>) -> Self {
        let late = || Self { origin: call.deadline_of, ..Self::new(GrpcCode::DeadlineExceeded) };
        dropped.map_or_else(Self::from_panic, |()| late())
    }

    pub(super) fn from_panic(panic: Panic) -> Self {
        Self { panic: Some(panic), ..Self::new(GrpcCode::Internal) }
    }
}

/// The fields of a failure.
#[derive(Debug)]
struct Fields<'a> {
    status: &'a [u8],
    message: &'a [u8],
    details: &'a [u8],
    /// The marks of a client layer and of a cause that waits.
    received: bool,
    cause: bool,
    beside: Beside,
}

impl<'a> Fields<'a> {
    /// There are few of them: looking at each is quicker than looking names up.
    fn read(fields: &'a HeaderMap, protocol: Protocol) -> Self {
        let beside = Beside::new(protocol);
        let mut read =
            Self { status: &[], message: &[], details: &[], received: false, cause: false, beside };
        for (name, value) in fields {
            match name.as_str() {
                "grpc-status" => read.status = value.as_bytes(),
                "grpc-message" => read.message = value.as_bytes(),
                "grpc-status-details-bin" => read.details = value.as_bytes(),
                "codelibra-error-code" => {}
                RECEIVED => read.received = true,
                CAUSE => read.cause = true,
                _ => read.beside.count(name, value),
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
        let read = Fields::read(fields, self.protocol);
        let mut failure = read.failure(status);
        let (beside, has_cause) = (read.beside, read.cause);
        failure.removed_fields = beside.removed().collect();
        if has_cause {
            failure.cause = cause::take(fields).filter(|_| !failure.received);
        }
        if failure.received {
            fields.remove(RECEIVED_HEADER);
        }
        let has_room = config.budget.has_room_beside(beside.len(Kept::All), config.error_infos);
        let is_internal = !config.boundary.is_public() && has_room;
        let request_id = self.request_id_of(&failure);
        let mut kept = match failure.received {
            true => Kept::ContentType,
            false if is_internal => Kept::All,
            false => Kept::Protocol,
        };
        // What the handler added makes room for the error, and not the other way round.
        let outgoing = loop {
            let outgoing = self.outgoing(&failure, &request_id, beside.len(kept));
            kept = match kept {
                _ if config.budget.fits(&outgoing, beside.len(kept)) => break outgoing,
                Kept::All => Kept::Protocol,
                Kept::Protocol => Kept::ContentType,
                Kept::ContentType => break outgoing,
            };
        };
        beside.retain(fields, kept);
        outgoing.write(fields);
        log::failure(self, &failure, &outgoing, status);
    }

    /// Puts a failure into fields which say nothing of it yet.
    #[cold]
    pub(super) fn send(&self, fields: &mut HeaderMap, failure: &Failure<'_>) {
        let len = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        let request_id = self.request_id_of(failure);
        let outgoing = self.outgoing(failure, &request_id, len);
        outgoing.write(fields);
        log::failure(self, failure, &outgoing, failure.status.as_ref());
    }

    /// The id of the request: the caller's, else the one that a coded failure of this service has, which a server layer
    /// inside has logged. Else one is made.
    fn request_id_of(&self, failure: &Failure<'_>) -> RequestId {
        let has_code = || {
            let found = identity(&failure.details, self.config.catalog);
            found.is_some_and(|found| self.config.boundary.trusts(found.info.domain, self.config.catalog))
        };
        let of_failure = || {
            let id = AllDetails::of(&failure.details).find_map(|detail| detail.request_id())?;
            RequestId::sane(id.as_bytes()).filter(|_| !failure.received && has_code())
        };
        self.request_id.or_else(of_failure).unwrap_or_else(RequestId::made)
    }

    /// What of a failure is sent, beside other fields of this list size.
    fn outgoing<'a>(
        &'a self,
        failure: &'a Failure<'_>,
        request_id: &'a RequestId,
        others: usize,
    ) -> Outgoing<'a> {
        let config = &*self.config;
        let infos = config.error_infos;
        let prepare = |outgoing: Outgoing<'a>| outgoing.with_id(request_id).with_infos(infos);
        let whole = config.boundary.whole(failure, config).map(prepare);
        whole.filter(|outgoing| config.budget.fits(outgoing, others)).unwrap_or_else(|| {
            let mut outgoing = prepare(config.boundary.decide(failure, config));
            config.budget.apply(&mut outgoing, others);
            outgoing
        })
    }
}

impl<'a> Outgoing<'a> {
    fn with_id(mut self, request_id: &'a RequestId) -> Self {
        self.request_id = request_id.as_str();
        self
    }
}
