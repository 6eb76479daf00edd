//! `Retry-After` (RFC 9110 §10.2.3) of `google.rpc.RetryInfo`.

use ::http::header::HeaderValue;

use crate::catalog::Recovery;
use crate::outbound::sent_error::SentError;
use crate::rpc;

/// The field for an error that says when to come back: 429, 503, and codes whose next step is to wait.
pub(super) fn write(error: &SentError<'_>) -> Option<HeaderValue> {
    let waits = error.entry.is_some_and(|entry| entry.recovery == Recovery::Wait);
    if !waits && !matches!(error.class(), 429 | 503) {
        return None;
    }
    let info = error.details().find_map(|detail| detail.to_message::<rpc::RetryInfo>())?.ok()?;
    let delay = info.retry_delay?.normalized();
    // Coming back too early is no use: a part of a second is a whole one.
    let seconds = delay.seconds.saturating_add(i64::from(delay.nanos > 0));
    u64::try_from(seconds).ok().map(HeaderValue::from)
}
