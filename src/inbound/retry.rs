//! The advice whether and when to send a request again.

use std::time::{Duration, SystemTime};

use prost_types::TimestampError;

use crate::catalog::params::{self, ParamValue};
use crate::catalog::{GrpcCode, ParamKind, Recovery};
use crate::inbound::ReceivedError;
use crate::rpc;

/// The advice on a request that failed. [`ReceivedError::retry_advice`] returns it.
///
/// ```
/// use codelibra::{ApiError, CATALOG, ErrorCode, ReceivedError, RetryAdvice};
///
/// let sent = ApiError::new(ErrorCode::USER_BANNED).to_details();
/// let error = ReceivedError::from_details(sent, &CATALOG);
/// match error.retry_advice() {
///     RetryAdvice::After(delay) => println!("send it again after {delay:?}"),
///     RetryAdvice::AfterChange => println!("change the request first"),
///     _ => println!("give up"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// Do not send it again.
    Never,
    /// The same request fails again until the caller changes something: the request, the session, the state that it read, or the
    /// consent to the terms.
    AfterChange,
    /// Send the same request again after this time, which is between [`MIN_DELAY`](Self::MIN_DELAY) and
    /// [`MAX_DELAY`](Self::MAX_DELAY). Add jitter if many clients wait for the same event.
    After(Duration),
}

impl RetryAdvice {
    /// The shortest delay, 100 ms. It replaces a shorter one, so that no peer can make a client retry without a pause.
    pub const MIN_DELAY: Duration = Duration::from_millis(100);
    /// The longest delay, one hour. It replaces a longer one, so that no peer can stop a client for an unlimited time.
    pub const MAX_DELAY: Duration = Duration::from_secs(3600);
    /// The delay if the error contains none, 1 s.
    pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);

    fn after(delay: Duration) -> Self {
        Self::After(delay.clamp(Self::MIN_DELAY, Self::MAX_DELAY))
    }
}

/// The fields about retries that were sent with an error.
#[derive(Clone, Debug, Default)]
pub(crate) struct RetryHints {
    pushback: Option<Pushback>,
    /// `Retry-After` (RFC 9110 §10.2.3).
    retry_after: Option<Duration>,
}

/// `grpc-retry-pushback-ms` (gRFC A6).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(any(feature = "gateway", feature = "tonic")),
    expect(dead_code, reason = "the fields of the transports")
)]
enum Pushback {
    Stop,
    After(Duration),
}

#[cfg(any(feature = "gateway", feature = "tonic"))]
impl RetryHints {
    /// Reads the two fields, of headers or of trailers.
    pub(crate) fn read(fields: &http::HeaderMap) -> Self {
        // Most responses have no fields.
        if fields.is_empty() {
            return Self::default();
        }
        let mut pushback = fields.get_all("grpc-retry-pushback-ms").iter();
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

/// Reads `Retry-After`: seconds, or a date, from which the `Date` of the response is subtracted. A number of seconds that is
/// too large for a `u64` is read as the largest one.
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

/// Decides on a retry, with the rules of [`ReceivedError::retry_advice`].
pub(super) fn advice(error: &ReceivedError) -> RetryAdvice {
    if let Some(Pushback::Stop) = error.retry_hints().pushback {
        return RetryAdvice::Never;
    }
    let asked = asked_delay(error);
    let by_delay = |delay: Option<Duration>| RetryAdvice::after(delay.unwrap_or(RetryAdvice::DEFAULT_DELAY));
    match (error.entry().map(|entry| entry.recovery), asked) {
        (Some(Recovery::Wait), asked) => by_delay(asked.or_else(|| param_delay(error))),
        (Some(Recovery::Retry), asked) => by_delay(asked),
        (Some(Recovery::None | Recovery::ContactSupport), _) => RetryAdvice::Never,
        (Some(_), _) => RetryAdvice::AfterChange,
        (None, Some(asked)) => RetryAdvice::after(asked),
        (None, None) => match error.grpc_code() {
            GrpcCode::Unavailable | GrpcCode::ResourceExhausted => by_delay(None),
            GrpcCode::InvalidArgument
            | GrpcCode::FailedPrecondition
            | GrpcCode::OutOfRange
            | GrpcCode::Aborted
            | GrpcCode::Unauthenticated => RetryAdvice::AfterChange,
            _ => RetryAdvice::Never,
        },
    }
}

/// Returns the delay that the peer asks for.
fn asked_delay(error: &ReceivedError) -> Option<Duration> {
    let hints = error.retry_hints();
    if let Some(Pushback::After(delay)) = hints.pushback {
        return Some(delay);
    }
    let info = error.detail::<rpc::RetryInfo>().and_then(Result::ok);
    let info = info.and_then(|info| info.retry_delay).map(positive);
    // `Retry-After` has whole seconds only. A peer rounds the delay of RetryInfo up for it.
    let rounded = |delay: Duration| delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0));
    match (info, hints.retry_after) {
        (Some(info), Some(after)) if after.as_secs() <= rounded(info) => Some(info),
        (info, after) => after.or(info),
    }
}

/// Returns the time until the time in a declared parameter, such as `locked_until`, or the duration in it.
fn param_delay(error: &ReceivedError) -> Option<Duration> {
    let metadata = error.metadata();
    error.entry()?.params.iter().find_map(|param| {
        let text = metadata.get(param.name)?;
        match param.kind {
            ParamKind::Timestamp => {
                let time = params::Timestamp::from_text(text)?;
                let time: Result<SystemTime, TimestampError> = time.try_into();
                // A time in the past is no delay.
                Some(time.ok()?.duration_since(SystemTime::now()).unwrap_or_default())
            }
            ParamKind::Duration => params::Duration::from_text(text).map(positive),
            _ => None,
        }
    })
}

/// Converts a duration. A negative part becomes zero. The conversion of prost overflows at `i64::MIN`.
fn positive(duration: prost_types::Duration) -> Duration {
    let (seconds, nanos) = (u64::try_from(duration.seconds), u64::try_from(duration.nanos));
    let seconds = seconds.map_or(Duration::ZERO, Duration::from_secs);
    seconds.saturating_add(nanos.map_or(Duration::ZERO, Duration::from_nanos))
}
