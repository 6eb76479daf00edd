//! One event for each failure, with what its caller does not get.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use bytes::Bytes;

use crate::chain::Chain;
use crate::code::class_of;
use crate::guard::Panic;
use crate::note::Note;
use crate::wire::details::AllDetails;
use crate::wire::read::{first_info, identity};
use crate::wire::{ERROR_INFO, GOOGLE_ERROR_INFO};
use crate::{Catalog, Detail, GrpcCode, Metadata};

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

/// A failure that leaves. Empty fields say nothing.
pub(crate) struct Event<'a> {
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
    Error(&'a crate::ApiError),
    #[cfg(feature = "gateway")]
    Received(&'a crate::ReceivedError),
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

/// Logs a panic of foreign code that was dropped, whose call already has its answer.
#[cold]
pub(crate) fn panic_in_drop(door: Door, request_id: &str, panic: &Panic) {
    macro_rules! event {
        ($target:literal) => {
            tracing::error!(
                target: $target,
                request_id,
                panic = panic.text(),
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
    /// ERROR for 5xx, INFO for the rest.
    pub(crate) fn write(&self, door: Door) {
        // A target is a constant. Fields are worked out only where somebody listens.
        macro_rules! event {
            ($target:literal, $what:literal) => {
                if class_of(self.leaves.code) >= 500 {
                    event!($target, $what, ERROR)
                } else {
                    event!($target, $what, INFO)
                }
            };
            ($target:literal, $what:literal, $level:ident) => {
                tracing::event!(
                    target: $target,
                    tracing::Level::$level,
                    request_id = self.request_id,
                    code = self.leaves.code,
                    grpc_code = self.leaves.grpc_code.name(),
                    received = self.received,
                    cause = self.cause.map(Chain).map(tracing::field::display),
                    withheld = self.withheld(),
                    withheld_details = self.withheld_details().map(tracing::field::display),
                    panic = self.panic,
                    removed_fields = Some(self.removed_fields)
                        .filter(|names| !names.is_empty())
                        .map(tracing::field::debug),
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
        if self.cause.is_some() || self.withheld().is_some() || self.withheld_details().is_some() {
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

    /// The message, where another one leaves.
    fn withheld(&self) -> Option<&str> {
        let said = match self.said {
            Said::Nothing => "",
            #[cfg(feature = "gateway")]
            Said::Error(error) => error.message(),
            #[cfg(feature = "gateway")]
            Said::Received(error) => error.message(),
            #[cfg(feature = "server")]
            Said::Status(message, _) => message,
        };
        let leaves_or_is_logged = |said: &str| {
            // tonic makes the message of an error's text, and keeps the error.
            said == self.leaves.message || self.cause.is_some_and(|it| Chain(it).to_string().contains(said))
        };
        Some(said).filter(|said| !said.is_empty() && !leaves_or_is_logged(said))
    }

    fn withheld_details(&self) -> Option<Withheld<'_>> {
        let status = match self.said {
            Said::Nothing => return None,
            #[cfg(feature = "gateway")]
            Said::Error(error) => error.to_details(),
            #[cfg(feature = "gateway")]
            Said::Received(error) => error.encoded().clone(),
            #[cfg(feature = "server")]
            Said::Status(_, status) => Bytes::copy_from_slice(status),
        };
        let infos_leave = self.leaves.tell_all_infos_of(&status);
        let withheld = Withheld { status, infos_leave, left: self.leaves.details };
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
    status: Bytes,
    infos_leave: bool,
    left: &'a [u8],
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
                !left.contains(detail.type_name())
            }
        })
    }
}

impl fmt::Display for Withheld<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, detail) in self.details().enumerate() {
            let between = if i == 0 { "" } else { ", " };
            write!(f, "{between}{} {}", detail.type_name().escape_debug(), detail.value().escape_ascii())?;
        }
        Ok(())
    }
}
