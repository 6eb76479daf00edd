//! One event for each failure, with what the caller does not get.

use std::error::Error;
use std::fmt;

use tonic::Status;

use super::failure::Failure;
use super::request_id::RequestId;
use crate::Detail;
use crate::chain::Chain;
use crate::outgoing::Outgoing;
use crate::wire::details::AllDetails;
use crate::wire::{ERROR_INFO, GOOGLE_ERROR_INFO};

/// Logs a failure once. Empty fields say nothing.
pub(super) fn failure(
    id: &RequestId,
    failure: &Failure<'_>,
    outgoing: &Outgoing<'_>,
    status: Option<&Status>,
) {
    // Worked out only where somebody listens.
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "codelibra::server",
                tracing::Level::$level,
                request_id = id.as_str(),
                code = outgoing.code,
                grpc_code = outgoing.grpc_code.name(),
                received = failure.received,
                cause = cause(failure, status).map(Chain).map(tracing::field::display),
                withheld = Some(&*failure.message).filter(|m| !m.is_empty() && **m != *outgoing.message),
                withheld_details = Withheld::of(failure, outgoing).map(tracing::field::display),
                panic = failure.panic.as_deref(),
                "a call failed",
            )
        };
    }
    if outgoing.class() >= 500 { event!(ERROR) } else { event!(INFO) }
}

fn cause<'a>(failure: &'a Failure<'_>, status: Option<&'a Status>) -> Option<&'a (dyn Error + 'static)> {
    match &failure.cause {
        Some(cause) => Some(&**cause),
        None => status.and_then(Error::source),
    }
}

/// The details that do not leave, as text where they are text. Of both ErrorInfos, which say the same, ours where it
/// is there.
struct Withheld<'a>(&'a Failure<'a>, &'a Outgoing<'a>);

impl<'a> Withheld<'a> {
    fn of(failure: &'a Failure<'a>, outgoing: &'a Outgoing<'a>) -> Option<Self> {
        let withheld = Self(failure, outgoing);
        withheld.details().next().is_some().then_some(withheld)
    }

    fn details(&self) -> impl Iterator<Item = Detail<'a>> + use<'a> {
        let Self(failure, outgoing) = *self;
        let all = || AllDetails::of(&failure.details);
        let has_ours = all().any(|detail| detail.is_a(ERROR_INFO));
        let infos_leave = outgoing.tells_all_of(failure);
        all().filter(move |detail| {
            if detail.is_a(ERROR_INFO) {
                !infos_leave
            } else if detail.is_a(GOOGLE_ERROR_INFO) {
                !infos_leave && !has_ours
            } else {
                !AllDetails::of(&outgoing.details).any(|left| left.type_name() == detail.type_name())
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
