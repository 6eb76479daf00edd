//! Writes one log event for each failure, with everything that the caller does not receive.
//!
//! The level shows who caused the failure. An unknown caller can cause any number of failures, so those are never an ERROR: see
//! [`Origin`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use tracing::Level;

use crate::catalog::{Catalog, GrpcCode};
use crate::guard::Panic;
use crate::inbound::identity::{Repeats, first_info, identity};
use crate::inbound::note::Note;
use crate::outbound::chain::Chain;
use crate::outbound::failure::{Content, Failure, Origin};
use crate::outbound::log_limit::LogLimit;
use crate::outbound::policy::Policy;
use crate::outbound::request_line::RequestLine;
use crate::outbound::sent_error::SentError;
use crate::wire::details::{AllDetails, Detail};
use crate::wire::info::Info;

/// The transport over which a failure is sent: the target of its event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Transport {
    #[cfg(feature = "server")]
    Server,
    #[cfg(feature = "gateway")]
    Http,
    #[cfg(feature = "axum")]
    Axum,
}

/// The event of a failure.
pub(crate) struct Event<'a> {
    pub(crate) transport: Transport,
    pub(crate) policy: &'a Policy,
    pub(crate) request: Option<&'a RequestLine>,
    pub(crate) request_id: &'a str,
    pub(crate) failure: &'a Failure<'a>,
    /// The result of the decision.
    pub(crate) error: &'a SentError<'a>,
    /// Whether the caller receives it. A failure after the end of the response is only logged.
    pub(crate) is_sent: bool,
    /// The names of gRPC's own fields that were removed, because the handler set an invalid value.
    pub(crate) removed_fields: &'a [&'static str],
}

/// Returns a field of the request, if the request is known and has the field.
macro_rules! field {
    ($request:expr, $limit:expr, $field:ident) => {
        $request.and_then(RequestLine::$field).map(|text| $limit.cut(text)).as_deref()
    };
}

/// Logs a panic of foreign code in a drop, after the response of its call.
#[cold]
pub(crate) fn panic_in_drop(
    transport: Transport,
    limit: LogLimit,
    request: Option<&RequestLine>,
    request_id: &str,
    panic: &Panic,
) {
    macro_rules! event {
        ($target:literal) => {
            tracing::error!(
                target: $target,
                request_id = &*limit.cut(request_id),
                method = field!(request, limit, grpc_method),
                http_method = field!(request, limit, http_method),
                path = field!(request, limit, http_path),
                panic = &*limit.cut(panic.text()),
                "a service panicked in a drop, after its response",
            )
        };
    }
    match transport {
        #[cfg(feature = "server")]
        Transport::Server => event!("codelibra::server"),
        #[cfg(feature = "gateway")]
        Transport::Http => event!("codelibra::http"),
        #[cfg(feature = "axum")]
        Transport::Axum => event!("codelibra::axum"),
    }
}

impl Event<'_> {
    fn level(&self) -> Level {
        match self.origin() {
            _ if self.failure.panic.is_some() => Level::ERROR,
            _ if self.error.class() < 500 || self.error.grpc_code == GrpcCode::Unimplemented => Level::INFO,
            Origin::Service => Level::ERROR,
            #[cfg(feature = "server")]
            Origin::Caller => Level::INFO,
            Origin::Either => Level::WARN,
        }
    }

    fn origin(&self) -> Origin {
        let is_late = self.failure.grpc_code() == GrpcCode::DeadlineExceeded;
        match self.failure.origin {
            // The service may have used the caller's deadline for its own calls.
            Origin::Service if is_late && self.request.is_some_and(RequestLine::has_deadline) => {
                Origin::Either
            }
            origin => origin,
        }
    }

    /// Writes the event, at the level of its [`Origin`].
    pub(crate) fn write(&self) {
        let limit = self.policy.log_limit;
        // `tracing` requires constants for target and level. Fields are computed only if a subscriber is enabled.
        macro_rules! event {
            ($target:literal, $what:literal) => {
                match self.level() {
                    Level::ERROR => event!($target, $what, ERROR),
                    Level::WARN => event!($target, $what, WARN),
                    _ => event!($target, $what, INFO),
                }
            };
            ($target:literal, $what:literal, $level:ident) => {
                tracing::event!(
                    target: $target,
                    Level::$level,
                    request_id = &*limit.cut(self.request_id),
                    method = field!(self.request, limit, grpc_method),
                    http_method = field!(self.request, limit, http_method),
                    path = field!(self.request, limit, http_path),
                    code = self.error.code,
                    grpc_code = self.error.grpc_code.name(),
                    received = self.failure.is_received(),
                    cause = self.cause().map(tracing::field::display),
                    withheld = self.withheld().as_deref(),
                    withheld_details = self.withheld_details().map(tracing::field::display),
                    panic = self.failure.panic.as_ref().map(|panic| limit.cut(panic.text())).as_deref(),
                    removed_fields = Some(self.removed_fields)
                        .filter(|names| !names.is_empty())
                        .map(tracing::field::debug),
                    // Their number and their texts are bounded.
                    notes = Some(self.notes()).filter(|notes| !notes.is_empty()).map(tracing::field::debug),
                    $what,
                )
            };
        }
        match self.transport {
            #[cfg(feature = "server")]
            Transport::Server => event!("codelibra::server", "a call failed"),
            #[cfg(feature = "gateway")]
            Transport::Http => event!("codelibra::http", "a request failed"),
            #[cfg(feature = "axum")]
            Transport::Axum => event!("codelibra::axum", "a request failed"),
        }
    }

    /// Writes the event only if the caller does not receive everything.
    #[cfg(feature = "gateway")]
    pub(crate) fn write_if_withheld(&self) {
        if self.failure.cause().is_some() || self.is_withheld() || self.withheld_details().is_some() {
            self.write();
        }
    }

    /// Returns the faults of a received error.
    fn notes(&self) -> &[Note] {
        match &self.failure.content {
            Content::Received(error) if self.failure.is_received() => error.notes(),
            #[cfg(feature = "server")]
            Content::Status(status) if self.failure.is_received() => {
                status.to_error(self.policy.catalog).notes()
            }
            _ => &[],
        }
    }

    fn cause(&self) -> Option<Chain<'_>> {
        self.failure.cause().map(|error| Chain { error, limit: self.policy.log_limit })
    }

    fn is_withheld(&self) -> bool {
        let message = self.failure.message();
        let is_sent = self.is_sent && message == self.error.message;
        // The event contains the cause, so a message with the text of the cause is not logged again. tonic makes such messages, and
        // this crate does for an error of a connection.
        let is_in_cause = || {
            let is_of_connection = self.failure.is_of_connection();
            self.cause().is_some_and(|cause| is_of_connection || cause.shows(message))
        };
        !message.is_empty() && !is_sent && !is_in_cause()
    }

    /// Returns the message, if a different one is sent.
    fn withheld(&self) -> Option<Cow<'_, str>> {
        self.is_withheld().then(|| self.policy.log_limit.cut(self.failure.message()))
    }

    fn withheld_details(&self) -> Option<Withheld<'_>> {
        // The usual failure is sent as it was made.
        if self.error.encoded.is_some() || self.failure.is_of_connection() {
            return None;
        }
        let status = self.failure.details();
        let (sent, sent_request_info) = match self.is_sent {
            true => (&*self.error.details, self.error.request_info.as_deref()),
            false => (&[][..], None),
        };
        let (limit, request_id) = (self.policy.log_limit, self.request_id);
        let are_infos_sent = self.is_sent && self.sends_identity_of(&status);
        let catalog = self.policy.catalog;
        let withheld =
            Withheld { limit, catalog, status, are_infos_sent, sent, sent_request_info, request_id };
        let is_any = withheld.details().next().is_some();
        is_any.then_some(withheld)
    }

    /// Returns whether everything in the ErrorInfo that identifies a failure is sent.
    fn sends_identity_of(&self, status: &[u8]) -> bool {
        let found = identity(status, self.policy.catalog);
        let Some(info) = found.map(|found| found.info).or_else(|| first_info(status)) else { return true };
        // A reason that is not sent is logged, and a missing one is derived from the code.
        let is_reason_sent = info.reason.is_empty() || info.reason == self.error.reason.as_bytes();
        is_reason_sent
            && found.is_none_or(|found| found.code == self.error.code)
            && info.is_of(&self.error.domain)
            && !info.metadata().is_damaged()
            && info.metadata().len() == self.error.metadata.len()
    }
}

/// The details that are not sent, for the log. If both ErrorInfos are present, which have the same content, only the one that
/// identifies the failure is logged.
struct Withheld<'a> {
    limit: LogLimit,
    catalog: &'static Catalog,
    status: Cow<'a, [u8]>,
    are_infos_sent: bool,
    /// The encoded `Any` of a google.rpc.RequestInfo that is sent besides.
    sent_request_info: Option<&'a [u8]>,
    /// The encoded details that are sent.
    sent: &'a [u8],
    /// The request id, which is sent in a google.rpc.RequestInfo.
    request_id: &'a str,
}

impl Withheld<'_> {
    fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        let found = identity(&self.status, self.catalog);
        let info = found.map(|found| found.info).or_else(|| first_info(&self.status));
        // A detail may be sent with other contents than those of the failure, or without what a budget removed.
        fn key<'a>(detail: &Detail<'a>) -> (&'a str, &'a [u8], bool) {
            (detail.type_name(), detail.value(), detail.complete_any().is_some())
        }
        let request_info = self.sent_request_info.map(|any| Detail::read(any, false));
        let mut repeats = info.map(|info| Repeats::new(info, found.map(|found| found.code)));
        // A set, because a peer chooses how many details there are.
        let sent: HashSet<_> =
            AllDetails::new(self.sent).chain(request_info).map(|sent| key(&sent)).collect();
        let is_sent_id = |detail: &Detail<'_>| {
            detail.request_id() == Some(self.request_id) && detail.is_request_id_alone()
        };
        AllDetails::new(&self.status).filter(move |detail| match (Info::read(detail), &mut repeats) {
            (Some(other), Some(repeats)) => {
                let is_identity = info.is_some_and(|info| std::ptr::eq(info.message, other.message));
                if is_identity { !self.are_infos_sent } else { !repeats.is_repeated(&other) }
            }
            _ => !sent.contains(&key(detail)) && !is_sent_id(detail),
        })
    }
}

impl fmt::Display for Withheld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.limit.in_one_line(f, |line| {
            for (i, detail) in self.details().enumerate() {
                if line.is_cut() {
                    line.skip(detail.value().len());
                    continue;
                }
                line.push(if i == 0 { "" } else { ", " });
                line.push(detail.type_name());
                line.push(" ");
                let value = self.limit.beginning_of(&detail.value().escape_ascii());
                line.push_beginning(&value);
            }
        })
    }
}
