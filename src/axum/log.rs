//! One event for each failure, with what the caller does not get.

use std::error::Error;

use crate::chain::Chain;
use crate::code::class_of;
use crate::{ApiError, ReceivedError};

/// A failure of this service.
pub(super) fn own(error: &ApiError, leaves: &ApiError) {
    let withheld = Some(error.message()).filter(|message| *message != leaves.message());
    event(leaves, error.source().map(Chain).map(tracing::field::display), withheld, None);
}

/// A failure of another service.
pub(super) fn received(error: &ReceivedError, leaves: &ApiError) {
    event(leaves, Some(tracing::field::display(Chain(error))), None, None);
}

/// A panic, with its payload.
pub(super) fn panic(payload: &str, leaves: &ApiError) {
    event(leaves, None, None, Some(payload));
}

fn event(
    leaves: &ApiError,
    cause: Option<tracing::field::DisplayValue<Chain<'_>>>,
    withheld: Option<&str>,
    panic: Option<&str>,
) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "codelibra::axum",
                tracing::Level::$level,
                code = leaves.number(),
                cause,
                withheld,
                panic,
                "a request failed",
            )
        };
    }
    if class_of(leaves.number()) >= 500 { event!(ERROR) } else { event!(INFO) }
}
