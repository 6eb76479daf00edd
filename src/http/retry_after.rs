//! `Retry-After` (RFC 9110 §10.2.3) and `google.rpc.RetryInfo`.

use std::time::{Duration, SystemTime};

use ::http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::code::class_of;
use crate::{ApiError, Recovery, rpc};

/// The longest `google.protobuf.Duration`, in seconds.
const MAX_SECONDS: i64 = 315_576_000_000;

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

/// The detail of an answer's field: seconds, or a date, which counts from the answer's own.
pub(super) fn read(headers: &HeaderMap) -> Option<rpc::RetryInfo> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let seconds = if digits {
        text.parse().unwrap_or(MAX_SECONDS)
    } else {
        let then = httpdate::parse_http_date(text).ok()?;
        let now = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        // A date that has passed says: now.
        let delay = then.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or(Duration::ZERO);
        i64::try_from(delay.as_secs()).unwrap_or(MAX_SECONDS)
    };
    let retry_delay = prost_types::Duration { seconds: seconds.min(MAX_SECONDS), nanos: 0 };
    Some(rpc::RetryInfo { retry_delay: Some(retry_delay) })
}
