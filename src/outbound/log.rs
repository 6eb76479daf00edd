//! One event for each failure, with what its caller does not get.
//!
//! Its level shows who caused it. An unknown caller can cause as many failures as it likes, so what it causes at will
//! is never an ERROR: see [`Origin`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use crate::catalog::code::class_of;
use crate::catalog::{Catalog, GrpcCode};
use crate::guard::Panic;
use crate::inbound::identity::first_info;
use crate::inbound::identity::identity;
use crate::inbound::note::Note;
use crate::outbound::chain::Chain;
use crate::outbound::log_limit::LogLimit;
use crate::outbound::request_line::RequestLine;
use crate::wire::details::AllDetails;
use crate::wire::details::Detail;
use crate::wire::metadata::Metadata;
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO};
use tracing::Level;

/// Where a failure leaves: the target of its event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    #[cfg(feature = "server")]
    Server,
    #[cfg(feature = "gateway")]
    Http,
    #[cfg(feature = "axum")]
    Axum,
}

/// Who caused a failure of class 5xx. Failures of class 4xx are the caller's, and so is UNIMPLEMENTED: any path that
/// does not exist is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The service: ERROR.
    #[default]
    Service,
    /// The caller, with a deadline of its own: INFO.
    #[cfg(feature = "server")]
    Caller,
    /// One of both: a caller that sends or reads slowly causes a timeout, and so does a service that computes slowly.
    /// WARN.
    Either,
}

/// A failure that leaves. Empty fields say nothing.
pub(crate) struct Event<'a> {
    pub(crate) limit: LogLimit,
    pub(crate) request: Option<&'a RequestLine>,
    pub(crate) origin: Origin,
    pub(crate) request_id: &'a str,
    /// Whether another service answered with it.
    pub(crate) received: bool,
    pub(crate) said: Said<'a>,
    pub(crate) leaves: Leaves<'a>,
    pub(crate) cause: Option<&'a (dyn Error + 'static)>,
    /// gRPC's own fields that were removed, because they may not contain what their handler set.
    pub(crate) removed_fields: &'a [&'static str],
    /// The payload of a panic.
    pub(crate) panic: Option<&'a str>,
}

/// What the service said of a failure.
#[derive(Clone, Copy)]
pub(crate) enum Said<'a> {
    /// Nothing, or nothing that does not leave.
    Nothing,
    #[cfg(feature = "gateway")]
    Error(&'a crate::error::ApiError),
    #[cfg(feature = "gateway")]
    Received(&'a crate::inbound::ReceivedError),
    /// A message, and an encoded `google.rpc.Status`.
    #[cfg(feature = "server")]
    Status(&'a str, &'a [u8]),
}

/// What of it the caller gets.
#[derive(Clone, Copy)]
pub(crate) struct Leaves<'a> {
    pub(crate) catalog: &'static Catalog,
    pub(crate) code: u32,
    pub(crate) grpc_code: GrpcCode,
    pub(crate) domain: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
    /// How many entries.
    pub(crate) metadata: usize,
    /// Encoded `details` fields.
    pub(crate) details: &'a [u8],
}

/// A field of a request, if it has it.
macro_rules! field {
    ($request:expr, $limit:expr, $field:ident) => {
        $request.and_then(RequestLine::$field).map(|text| $limit.cut(text)).as_deref()
    };
}

/// Logs a panic of foreign code that was dropped, whose call already has its answer.
#[cold]
pub(crate) fn panic_in_drop(
    door: Door,
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
                "a service panicked in a drop, after its answer",
            )
        };
    }
    match door {
        #[cfg(feature = "server")]
        Door::Server => event!("codelibra::server"),
        #[cfg(feature = "gateway")]
        Door::Http => event!("codelibra::http"),
        #[cfg(feature = "axum")]
        Door::Axum => event!("codelibra::axum"),
    }
}

impl Event<'_> {
    fn level(&self) -> Level {
        match self.origin {
            _ if self.panic.is_some() => Level::ERROR,
            _ if class_of(self.leaves.code) < 500 || self.leaves.grpc_code == GrpcCode::Unimplemented => {
                Level::INFO
            }
            Origin::Service => Level::ERROR,
            #[cfg(feature = "server")]
            Origin::Caller => Level::INFO,
            Origin::Either => Level::WARN,
        }
    }

    /// Writes the event, at the level of its [`Origin`].
    pub(crate) fn write(&self, door: Door) {
        let limit = self.limit;
        // A target and a level are constants. Fields are computed only if a subscriber is enabled.
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
                    code = self.leaves.code,
                    grpc_code = self.leaves.grpc_code.name(),
                    received = self.received,
                    cause = self.cause().map(tracing::field::display),
                    withheld = self.withheld().as_deref(),
                    withheld_details = self.withheld_details().map(tracing::field::display),
                    panic = self.panic.map(|text| limit.cut(text)).as_deref(),
                    removed_fields = Some(self.removed_fields)
                        .filter(|names| !names.is_empty())
                        .map(tracing::field::debug),
                    // Their number and their texts are bounded.
                    notes = Some(self.notes()).filter(|notes| !notes.is_empty()).map(tracing::field::debug),
                    $what,
                )
            };
        }
        match door {
            #[cfg(feature = "server")]
            Door::Server => event!("codelibra::server", "a call failed"),
            #[cfg(feature = "gateway")]
            Door::Http => event!("codelibra::http", "a request failed"),
            #[cfg(feature = "axum")]
            Door::Axum => event!("codelibra::axum", "a request failed"),
        }
    }

    /// Writes the event only where there is something that the caller does not get.
    #[cfg(feature = "gateway")]
    pub(crate) fn write_what_is_withheld(&self, door: Door) {
        if self.cause.is_some() || self.is_withheld() || self.withheld_details().is_some() {
            self.write(door);
        }
    }

    /// What was wrong with what was received.
    fn notes(&self) -> &[Note] {
        match self.said {
            #[cfg(feature = "gateway")]
            Said::Received(error) => error.notes(),
            _ => &[],
        }
    }

    fn cause(&self) -> Option<Chain<'_>> {
        self.cause.map(|error| Chain { error, limit: self.limit })
    }

    /// What the service said.
    fn message(&self) -> &str {
        match self.said {
            Said::Nothing => "",
            #[cfg(feature = "gateway")]
            Said::Error(error) => error.message(),
            #[cfg(feature = "gateway")]
            Said::Received(error) => error.message(),
            #[cfg(feature = "server")]
            Said::Status(message, _) => message,
        }
    }

    fn is_withheld(&self) -> bool {
        let said = self.message();
        // tonic makes the message of an error's text, and keeps the error.
        !said.is_empty()
            && said != self.leaves.message
            && !self.cause().is_some_and(|cause| cause.shows(said))
    }

    /// The message, where another one leaves.
    fn withheld(&self) -> Option<Cow<'_, str>> {
        self.is_withheld().then(|| self.limit.cut(self.message()))
    }

    fn withheld_details(&self) -> Option<Withheld<'_>> {
        let status = match self.said {
            Said::Nothing => return None,
            #[cfg(feature = "gateway")]
            Said::Error(error) => Cow::Owned(error.to_details().into()),
            #[cfg(feature = "gateway")]
            Said::Received(error) => Cow::Borrowed(&**error.encoded()),
            #[cfg(feature = "server")]
            Said::Status(_, status) => Cow::Borrowed(status),
        };
        let infos_leave = self.leaves.tell_all_infos_of(&status);
        let (limit, request_id) = (self.limit, self.request_id);
        let withheld = Withheld { limit, status, infos_leave, left: self.leaves.details, request_id };
        let is_any = withheld.details().next().is_some();
        is_any.then_some(withheld)
    }
}

impl Leaves<'_> {
    /// Whether what the ErrorInfos of a failure say leaves as it came.
    fn tell_all_infos_of(&self, status: &[u8]) -> bool {
        let found = identity(status, self.catalog);
        let Some(info) = found.map(|found| found.info).or_else(|| first_info(status)) else { return true };
        let same = match found {
            Some(found) => found.code == self.code,
            None => info.reason == self.reason.as_bytes(),
        };
        same && info.is_of(self.domain) && Metadata::of(&info).to_map().len() == self.metadata
    }
}

/// The details that do not leave, as text where they are text. Of both ErrorInfos, which say the same, ours where it
/// is there.
struct Withheld<'a> {
    limit: LogLimit,
    status: Cow<'a, [u8]>,
    infos_leave: bool,
    left: &'a [u8],
    /// It leaves in a google.rpc.RequestInfo.
    request_id: &'a str,
}

impl Withheld<'_> {
    fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        let all = || AllDetails::of(&self.status);
        let has_ours = all().any(|detail| detail.is_a(ERROR_INFO));
        // A peer decides how many there are: each is not to be looked up among all.
        let left: HashSet<&str> = AllDetails::of(self.left).map(|left| left.type_name()).collect();
        all().filter(move |detail| {
            if detail.is_a(ERROR_INFO) {
                !self.infos_leave
            } else if detail.is_a(GOOGLE_ERROR_INFO) {
                !self.infos_leave && !has_ours
            } else {
                !left.contains(detail.type_name()) && detail.request_id() != Some(self.request_id)
            }
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
