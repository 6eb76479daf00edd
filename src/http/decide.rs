//! What of a failure leaves over HTTP: the boundary, applied. What does not leave goes into the log.

use std::borrow::Cow;
use std::error::Error;

use super::retry_after::RETRY_INFO;
use super::{Caller, Responder};
use crate::catalog::GrpcCode;
use crate::catalog::code::{class_code, class_of};
use crate::error::ApiError;
use crate::guard::Panic;
use crate::inbound::ReceivedError;
use crate::outbound::boundary::{facts, is_debug};
#[cfg(feature = "axum")]
use crate::outbound::known_error;
use crate::outbound::log::{self, Door, Event, Leaves, Origin, Said};
use crate::outbound::request_id::RequestId;
use crate::outbound::request_line::RequestLine;
use crate::rpc;

/// A failure, before it is decided what of it leaves.
#[derive(Clone, Copy)]
pub(crate) enum Failing<'a> {
    /// Of this service.
    Own(&'a ApiError),
    /// Of the service behind, whose HTTP face this one is.
    Forwarded(&'a ReceivedError),
    /// Of the way to the service behind, which answered nothing.
    Broken(&'a ReceivedError, &'a (dyn Error + 'static)),
    /// Of another service.
    Received(&'a ReceivedError),
    /// Of the service that this layer is around: it answered nothing.
    #[cfg(feature = "axum")]
    Service(&'a (dyn Error + 'static)),
    #[cfg(feature = "axum")]
    Late,
    Panic(&'a Panic),
}

impl Responder {
    /// The error as it leaves, with the id of its request. What its caller does not get is logged.
    pub(crate) fn settle(&self, door: Door, caller: &Caller, failing: Failing<'_>) -> ApiError {
        let error = identified(self.decide(failing).into_owned(), caller);
        self.event(&failing, caller, Leaves::of(&error, self), error.request_id()).write(door);
        error
    }

    /// Logs a failure that comes too late for an answer: nothing of it leaves.
    pub(crate) fn lose(&self, caller: &Caller, failing: Failing<'_>) {
        let error = identified(self.decide(failing).into_owned(), caller);
        let nothing =
            Leaves { reason: "", message: "", metadata: 0, details: &[], ..Leaves::of(&error, self) };
        self.event(&failing, caller, nothing, error.request_id()).write(Door::Http);
    }

    /// The error of a gRPC answer that failed in its headers.
    #[cfg(feature = "axum")]
    pub(crate) fn read_grpc(&self, fields: &::http::HeaderMap) -> ReceivedError {
        super::bridge::received(fields, self.catalog)
    }

    /// The error of a path or of a method that does not exist, for a caller of gRPC.
    #[cfg(feature = "axum")]
    pub(crate) fn unimplemented(&self) -> ApiError {
        self.fallback(GrpcCode::Unimplemented, None)
    }

    /// Logs a panic of a drop, whose call already has its answer.
    #[cold]
    pub(crate) fn panic_in_drop(&self, door: Door, caller: &Caller, panic: &Panic) {
        let id = caller.request_id().unwrap_or_else(RequestId::made);
        log::panic_in_drop(door, self.log_limit, caller.request(), id.as_str(), panic);
    }

    /// The error as it leaves. It is logged only where something of it stays here.
    pub(super) fn decide_alone<'a>(&self, caller: &Caller, failing: Failing<'a>) -> Cow<'a, ApiError> {
        let error = self.decide(failing);
        let is_whole =
            matches!((failing, &error), (Failing::Own(own), Cow::Borrowed(_)) if own.cause().is_none());
        if !is_whole {
            let of_caller = caller.request_id();
            let id = error.request_id().or(of_caller.as_ref().map(RequestId::as_str));
            self.event(&failing, caller, Leaves::of(&error, self), id).write_what_is_withheld(Door::Http);
        }
        error
    }

    /// The error as it leaves.
    pub(crate) fn decide<'a>(&self, failing: Failing<'a>) -> Cow<'a, ApiError> {
        match failing {
            Failing::Own(error) => self.decide_own(error),
            Failing::Forwarded(error) | Failing::Broken(error, _) => Cow::Owned(self.decide_forwarded(error)),
            Failing::Received(error) => Cow::Owned(self.decide_received(error)),
            #[cfg(feature = "axum")]
            Failing::Service(error) => {
                let grpc_code = known_error::grpc_code(error).unwrap_or(GrpcCode::Internal);
                Cow::Owned(self.fallback(grpc_code, None))
            }
            #[cfg(feature = "axum")]
            Failing::Late => Cow::Owned(self.fallback(GrpcCode::DeadlineExceeded, None)),
            Failing::Panic(_) => Cow::Owned(self.internal()),
        }
    }

    fn decide_own<'a>(&self, error: &'a ApiError) -> Cow<'a, ApiError> {
        if !self.boundary.is_public() {
            return Cow::Borrowed(error);
        }
        if !self.boundary.trusts(error.domain().as_bytes(), self.catalog) {
            return Cow::Owned(self.internal());
        }
        let is_private = class_of(error.number()) >= 500 && error.has_message();
        if !is_private && !error.details().any(|detail| is_debug(&detail)) {
            return Cow::Borrowed(error);
        }
        let error = error.clone().without_details(is_debug);
        Cow::Owned(if is_private { error.without_message() } else { error })
    }

    fn decide_forwarded(&self, received: &ReceivedError) -> ApiError {
        let error = self.decide_what_it_says(received);
        // A time can say nothing but what it means.
        match received.retry_hints().to_retry_info() {
            Some(info) if !error.details().any(|detail| detail.is_a(RETRY_INFO)) => error.with_detail(&info),
            _ => error,
        }
    }

    fn decide_what_it_says(&self, received: &ReceivedError) -> ApiError {
        let public = self.boundary.is_public();
        let names_itself = !received.reason().is_empty() || !received.domain().is_empty();
        if received.number().is_some() || (!public && names_itself) {
            let error = received.forward();
            let other = match self.decide_own(&error) {
                Cow::Borrowed(_) => None,
                Cow::Owned(other) => Some(other),
            };
            return other.unwrap_or(error);
        }
        let error = self.fallback(received.grpc_code(), received.received_class());
        if public { error } else { received.told_by(error) }
    }

    fn decide_received(&self, error: &ReceivedError) -> ApiError {
        if !self.boundary.is_public() {
            return self.decide_forwarded(error);
        }
        let own = error.own_catalog().filter(|own| own.domain() == self.catalog.domain());
        let domain = error.domain();
        match (error.number(), own) {
            (Some(number), Some(own)) => {
                let alone = ApiError::of(own, number);
                let facts = facts(alone.entry(), error.metadata());
                facts.fold(alone, |error, (name, text)| error.with_metadata(name, text))
            }
            (Some(number), None)
                if !domain.is_empty() && self.boundary.trusts(domain.as_bytes(), self.catalog) =>
            {
                ApiError::from_identity(number, None, Cow::Owned(domain.to_owned()), Cow::Borrowed(""))
            }
            _ => self.internal(),
        }
    }

    /// What stands in for an error that must not leave, and for a panic.
    pub(crate) fn internal(&self) -> ApiError {
        self.fallback(GrpcCode::Internal, None)
    }

    /// The code of a failure that has none: the one of the fallback table for its gRPC code. Where HTTP said its
    /// class, that code has to be of this very class, else it is `CCC000`.
    pub(crate) fn fallback(&self, grpc_code: GrpcCode, class: Option<u16>) -> ApiError {
        let (catalog, number) = self.fallback.get(grpc_code);
        let error = match class {
            Some(class) if class_of(number) != class => ApiError::of(self.catalog, class_code(class)),
            _ => ApiError::of(catalog, number),
        };
        error.with_grpc_code(grpc_code)
    }

    /// The code of a failure that has an HTTP status and no more.
    #[cfg(feature = "axum")]
    pub(crate) fn of_status(&self, status: ::http::StatusCode) -> ApiError {
        let class = status.as_u16();
        self.fallback(crate::catalog::tables::class_to_grpc(class), Some(class))
    }

    fn event<'a>(
        &self,
        failing: &Failing<'a>,
        caller: &'a Caller,
        leaves: Leaves<'a>,
        request_id: Option<&'a str>,
    ) -> Event<'a> {
        let (said, cause, panic) = match *failing {
            Failing::Own(error) => (Said::Error(error), error.source(), None),
            Failing::Forwarded(error) | Failing::Received(error) => (Said::Received(error), None, None),
            // The cause says it.
            Failing::Broken(_, cause) => (Said::Nothing, Some(cause), None),
            #[cfg(feature = "axum")]
            Failing::Service(cause) => (Said::Nothing, Some(cause), None),
            #[cfg(feature = "axum")]
            Failing::Late => (Said::Nothing, None, None),
            Failing::Panic(panic) => (Said::Nothing, None, Some(panic.text())),
        };
        let request = caller.request();
        let has_deadline = request.is_some_and(RequestLine::has_deadline);
        let origin = match *failing {
            _ if leaves.grpc_code != GrpcCode::DeadlineExceeded => Origin::Service,
            // A timeout of this process.
            Failing::Broken(..) => Origin::Either,
            #[cfg(feature = "axum")]
            Failing::Service(_) | Failing::Late => Origin::Either,
            _ if has_deadline => Origin::Either,
            _ => Origin::Service,
        };
        let received = matches!(said, Said::Received(_));
        let request_id = request_id.unwrap_or_default();
        let removed_fields = &[];
        let limit = self.log_limit;
        Event { limit, request, origin, request_id, received, said, leaves, cause, panic, removed_fields }
    }
}

/// With google.rpc.RequestInfo, unless the error has one.
fn identified(error: ApiError, caller: &Caller) -> ApiError {
    if error.request_id().is_some() {
        return error;
    }
    let id = caller.request_id().unwrap_or_else(RequestId::made);
    error.with_detail(&rpc::RequestInfo { request_id: id.as_str().to_owned(), ..Default::default() })
}

impl<'a> Leaves<'a> {
    fn of(error: &'a ApiError, responder: &Responder) -> Self {
        Self {
            catalog: responder.catalog,
            code: error.number(),
            grpc_code: error.grpc_code(),
            domain: error.domain(),
            reason: error.reason(),
            message: error.message(),
            metadata: error.metadata().len(),
            details: error.encoded_details(),
        }
    }
}
