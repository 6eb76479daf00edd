//! Whether and when a request may be sent again.

use std::time::{Duration, SystemTime};

use prost_types::TimestampError;

use crate::catalog::params::{self, ParamValue};
use crate::catalog::{GrpcCode, ParamKind, Recovery};
use crate::inbound::ReceivedError;
use crate::rpc;

/// What to do with a request that failed. [`ReceivedError::retry_advice`] returns it.
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
    /// The same request fails again: change it, sign in, read the state again, accept the terms.
    AfterChange,
    /// Send the same request again after this time, which is between [`MIN_DELAY`](Self::MIN_DELAY) and
    /// [`MAX_DELAY`](Self::MAX_DELAY). Add jitter where many clients wait for the same thing.
    After(Duration),
}

impl RetryAdvice {
    /// The shortest delay: what a peer asks for below it is raised, so that none can make a client spin.
    pub const MIN_DELAY: Duration = Duration::from_millis(100);
    /// The longest delay: what a peer asks for above it is lowered, so that none can park a client for good.
    pub const MAX_DELAY: Duration = Duration::from_secs(3600);
    /// The delay where the error asks for none.
    pub const DEFAULT_DELAY: Duration = Duration::from_secs(1);

    fn after(delay: Duration) -> Self {
        Self::After(delay.clamp(Self::MIN_DELAY, Self::MAX_DELAY))
    }
}

/// What stood around an error about sending the request again.
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
        // Most answers have neither.
        if fields.is_empty() {
            return Self::default();
        }
        let mut pushback = fields.get_all("grpc-retry-pushback-ms").iter();
        Self {
            pushback: pushback.next().map(|value| match pushback.next() {
                None => Pushback::read(value.as_bytes()),
                // Which of them?
                Some(_) => Pushback::Stop,
            }),
            retry_after: retry_after(fields),
        }
    }

    /// The delay that they ask for, as the detail that says it.
    #[cfg(feature = "gateway")]
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

/// Seconds, or a date, which counts from the answer's own. More digits than a number holds are a very long time.
#[cfg(any(feature = "gateway", feature = "tonic"))]
fn retry_after(fields: &http::HeaderMap) -> Option<Duration> {
    use http::header::{DATE, RETRY_AFTER};
    let text = fields.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(text).ok()?;
    let now = fields.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    // A date that has passed says: now.
    Some(then.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or(Duration::ZERO))
}

#[cfg(any(feature = "gateway", feature = "tonic"))]
impl Pushback {
    /// "If the value for pushback is negative or unparseable, then it will be seen as the server asking the client
    /// not to retry at all."
    fn read(value: &[u8]) -> Self {
        let text = str::from_utf8(value).unwrap_or_default();
        match text.parse::<i64>().ok().and_then(|ms| u64::try_from(ms).ok()) {
            Some(ms) => Self::After(Duration::from_millis(ms)),
            None => Self::Stop,
        }
    }
}

impl ReceivedError {
    /// Whether and when to send the same request again.
    ///
    /// In this order:
    ///
    /// 1. `grpc-retry-pushback-ms` (gRFC A6) that is negative or no number: never.
    /// 2. The [`Recovery`] of the entry, where the catalogue lists the code. RETRY and WAIT: after a delay; NONE and
    ///    CONTACT_SUPPORT: never; the others: after a change.
    /// 3. Else a delay that the answer asks for, see below: after it.
    /// 4. Else the gRPC code. UNAVAILABLE and RESOURCE_EXHAUSTED: after a delay; INVALID_ARGUMENT,
    ///    FAILED_PRECONDITION, OUT_OF_RANGE, ABORTED, UNAUTHENTICATED: after a change; the others: never.
    ///
    /// The delay is the pushback; else the longer one of `google.rpc.RetryInfo` and `Retry-After`, in seconds or as a
    /// date (RFC 9110 §10.2.3); else, for WAIT, the time or the duration that a declared parameter names; else
    /// [`RetryAdvice::DEFAULT_DELAY`]. A `Retry-After` that is the RetryInfo in whole seconds says nothing more. It is
    /// brought into the range of [`RetryAdvice::After`], whatever was sent.
    ///
    /// It says nothing about whether the request is safe to be served twice: that is the caller's to know.
    ///
    /// ```
    /// use codelibra::{CATALOG, ApiError, ErrorCode, ReceivedError, RetryAdvice, rpc};
    ///
    /// let retry_delay = Some(prost_types::Duration { seconds: 30, nanos: 0 });
    /// let sent = ApiError::new(ErrorCode::LOCKED_OUT).with_detail(&rpc::RetryInfo { retry_delay });
    /// let error = ReceivedError::from_details(sent.to_details(), &CATALOG);
    /// assert_eq!(error.retry_advice(), RetryAdvice::After(std::time::Duration::from_secs(30)));
    /// ```
    pub fn retry_advice(&self) -> RetryAdvice {
        if let Some(Pushback::Stop) = self.retry_hints().pushback {
            return RetryAdvice::Never;
        }
        let asked = self.asked_delay();
        let by_delay =
            |delay: Option<Duration>| RetryAdvice::after(delay.unwrap_or(RetryAdvice::DEFAULT_DELAY));
        match (self.entry().map(|entry| entry.recovery), asked) {
            (Some(Recovery::Wait), asked) => by_delay(asked.or_else(|| self.named_time())),
            (Some(Recovery::Retry), asked) => by_delay(asked),
            (Some(Recovery::None | Recovery::ContactSupport), _) => RetryAdvice::Never,
            (Some(_), _) => RetryAdvice::AfterChange,
            (None, Some(asked)) => RetryAdvice::after(asked),
            (None, None) => match self.grpc_code() {
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

    /// The delay that the peer asks for.
    fn asked_delay(&self) -> Option<Duration> {
        let hints = self.retry_hints();
        if let Some(Pushback::After(delay)) = hints.pushback {
            return Some(delay);
        }
        let info = self.detail::<rpc::RetryInfo>().and_then(Result::ok);
        let info = info.and_then(|info| info.retry_delay).map(positive);
        // HTTP has whole seconds only, so a delay is rounded up there.
        let rounded = |delay: Duration| delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0));
        match (info, hints.retry_after) {
            (Some(info), Some(after)) if after.as_secs() <= rounded(info) => Some(info),
            (info, after) => after.or(info),
        }
    }

    /// The time until a declared parameter's: `locked_until`.
    fn named_time(&self) -> Option<Duration> {
        let metadata = self.metadata();
        self.entry()?.params.iter().find_map(|param| {
            let text = metadata.get(param.name)?;
            match param.kind {
                ParamKind::Timestamp => {
                    let time = params::Timestamp::from_text(text)?;
                    let time: Result<SystemTime, TimestampError> = time.try_into();
                    // What is past is not waited for.
                    Some(time.ok()?.duration_since(SystemTime::now()).unwrap_or_default())
                }
                ParamKind::Duration => params::Duration::from_text(text).map(positive),
                _ => None,
            }
        })
    }
}

/// A negative duration is none. prost's own conversion overflows at `i64::MIN`.
fn positive(duration: prost_types::Duration) -> Duration {
    let (seconds, nanos) = (u64::try_from(duration.seconds), u64::try_from(duration.nanos));
    let seconds = seconds.map_or(Duration::ZERO, Duration::from_secs);
    seconds.saturating_add(nanos.map_or(Duration::ZERO, Duration::from_nanos))
}
