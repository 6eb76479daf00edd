//! `Retry-After` (RFC 9110 §10.2.3) of `google.rpc.RetryInfo`.

use ::http::header::HeaderValue;

use crate::catalog::Recovery;
use crate::catalog::code::class_of;
use crate::error::ApiError;
use crate::rpc;

pub(crate) const RETRY_INFO: &str = "google.rpc.RetryInfo";

/// The field for an error that says when to come back: 429, 503, and codes whose next step is to wait.
pub(super) fn write(error: &ApiError) -> Option<HeaderValue> {
    let waits = error.entry().is_some_and(|entry| entry.recovery == Recovery::Wait);
    if !waits && !matches!(class_of(error.number()), 429 | 503) {
        return None;
    }
    let info = error.details().find_map(|detail| detail.to_message::<rpc::RetryInfo>())?.ok()?;
    let delay = info.retry_delay?.normalized();
    // Coming back too early is no use: a part of a second is a whole one.
    let seconds = delay.seconds.saturating_add(i64::from(delay.nanos > 0));
    u64::try_from(seconds).ok().map(HeaderValue::from)
}
