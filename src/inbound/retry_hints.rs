//! The fields about retries that are sent with an error.

use std::time::Duration;
#[cfg(any(feature = "gateway", feature = "tonic"))]
use std::time::SystemTime;

#[cfg(any(feature = "gateway", feature = "server"))]
use crate::catalog::params;
#[cfg(any(feature = "gateway", feature = "tonic"))]
use crate::wire::header::RETRY_PUSHBACK_HEADER;
#[cfg(any(feature = "gateway", feature = "server"))]
use crate::wire::rpc;

/// The fields about retries that were sent with an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetryHints {
    pub(super) pushback: Option<Pushback>,
    /// `Retry-After` (RFC 9110 §10.2.3).
    pub(super) retry_after: Option<Duration>,
}

/// `grpc-retry-pushback-ms` (gRFC A6).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(any(feature = "gateway", feature = "tonic")),
    expect(dead_code, reason = "the fields of the transports")
)]
pub(super) enum Pushback {
    Stop,
    After(Duration),
}

#[cfg(any(feature = "gateway", feature = "tonic"))]
impl RetryHints {
    /// Reads the two fields, of headers or of trailers.
    pub(crate) fn read(fields: &http::HeaderMap) -> Self {
        // Most answers have no fields.
        if fields.is_empty() {
            return Self::default();
        }
        let mut pushback = fields.get_all(RETRY_PUSHBACK_HEADER).iter();
        Self {
            pushback: pushback.next().map(|value| match pushback.next() {
                None => Pushback::read(value.as_bytes()),
                // Two values are ambiguous: do not retry.
                Some(_) => Pushback::Stop,
            }),
            retry_after: retry_after(fields),
        }
    }

    /// Returns the delay in the fields as a `google.rpc.RetryInfo`.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn to_retry_info(&self) -> Option<rpc::RetryInfo> {
        let delay = match self.pushback {
            Some(Pushback::Stop) => return None,
            Some(Pushback::After(delay)) => delay,
            None => self.retry_after?,
        };
        let seconds = i64::try_from(delay.as_secs()).unwrap_or(i64::MAX).min(params::MAX_DURATION_SECONDS);
        let nanos = i32::try_from(delay.subsec_nanos()).unwrap_or_default();
        Some(rpc::RetryInfo { retry_delay: Some(prost_types::Duration { seconds, nanos }) })
    }
}

/// Reads `Retry-After`: seconds, or a date, from which the `Date` of the answer is subtracted. A number of seconds that is too
/// large for a `u64` is read as the largest one.
#[cfg(any(feature = "gateway", feature = "tonic"))]
fn retry_after(fields: &http::HeaderMap) -> Option<Duration> {
    use http::header::{DATE, RETRY_AFTER};
    let text = fields.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    let now = fields.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    // A date in the past means no delay.
    Some(then.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or(Duration::ZERO))
}

#[cfg(any(feature = "gateway", feature = "tonic"))]
impl Pushback {
    /// gRFC A6: "If the value for pushback is negative or unparseable, then it will be seen as the server asking the client
    /// not to retry at all."
    fn read(value: &[u8]) -> Self {
        let text = str::from_utf8(value).unwrap_or_default();
        match text.parse::<i64>().ok().and_then(|ms| u64::try_from(ms).ok()) {
            Some(ms) => Self::After(Duration::from_millis(ms)),
            None => Self::Stop,
        }
    }
}
