//! The advice whether and when to send a request again.

use std::time::{Duration, SystemTime};

use prost_types::TimestampError;

use crate::catalog::params::{self, ParamValue};
use crate::catalog::{GrpcCode, ParamKind, Recovery};
use crate::inbound::received::ReceivedError;
use crate::inbound::retry_hints::Pushback;
use crate::wire::rpc;

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
}

impl ReceivedError {
    /// Returns whether and when to send the same request again.
    ///
    /// The first rule that applies decides:
    ///
    /// 1. `grpc-retry-pushback-ms` (gRFC A6) is negative or is not a number: never.
    /// 2. The catalogue lists the code: the [`Recovery`](crate::Recovery) of the entry decides. RETRY and WAIT: after a delay;
    ///    NONE and CONTACT_SUPPORT: never; the others: after a change.
    /// 3. The response contains a delay, see below: after the delay.
    /// 4. The gRPC code decides. UNAVAILABLE and RESOURCE_EXHAUSTED: after a delay; INVALID_ARGUMENT,
    ///    FAILED_PRECONDITION, OUT_OF_RANGE, ABORTED, UNAUTHENTICATED: after a change; the others: never.
    ///
    /// The delay is the pushback in milliseconds. Without one, it is `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), or
    /// `google.rpc.RetryInfo` if `Retry-After` is missing or not longer than the RetryInfo rounded up to whole seconds. Without
    /// these, and for WAIT, it is the time or the duration in a declared parameter. Otherwise it is
    /// [`RetryAdvice::DEFAULT_DELAY`]. A delay outside the range of [`RetryAdvice::After`] is replaced by the nearest limit.
    ///
    /// The caller has to know whether the request may be handled twice. The advice does not consider this.
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
        match decide(self) {
            Ok(RetryDelay::Pushback(delay) | RetryDelay::AtLeast(delay)) => RetryAdvice::After(delay),
            Ok(RetryDelay::Unknown) => RetryAdvice::After(RetryAdvice::DEFAULT_DELAY),
            Err(advice) => advice,
        }
    }

    /// Returns when the same request may be sent again, or `None` if it may not.
    #[cfg(feature = "retry")]
    pub(crate) fn retry_delay(&self) -> Option<RetryDelay> {
        decide(self).ok()
    }
}

/// When the same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDelay {
    /// After exactly this delay (gRFC A6).
    Pushback(Duration),
    /// After this delay, or later.
    AtLeast(Duration),
    /// The error contains no delay.
    Unknown,
}

impl RetryDelay {
    fn from_error(error: &ReceivedError) -> Self {
        match error.retry_hints().pushback {
            Some(Pushback::After(delay)) => Self::Pushback(limited(delay)),
            _ => info_delay(error).map_or(Self::Unknown, |delay| Self::AtLeast(limited(delay))),
        }
    }

    /// The delay of an error of the recovery WAIT, which may also be in a parameter.
    fn of_wait(error: &ReceivedError) -> Self {
        match Self::from_error(error) {
            Self::Unknown => param_delay(error).map_or(Self::Unknown, |delay| Self::AtLeast(limited(delay))),
            delay => delay,
        }
    }
}

fn limited(delay: Duration) -> Duration {
    delay.clamp(RetryAdvice::MIN_DELAY, RetryAdvice::MAX_DELAY)
}

/// Decides on a retry, with the rules of [`ReceivedError::retry_advice`]. Returns `Err` with the advice not to send the same
/// request again.
fn decide(error: &ReceivedError) -> Result<RetryDelay, RetryAdvice> {
    if let Some(Pushback::Stop) = error.retry_hints().pushback {
        return Err(RetryAdvice::Never);
    }
    match error.entry().map(|entry| entry.recovery) {
        Some(Recovery::Wait) => Ok(RetryDelay::of_wait(error)),
        Some(Recovery::Retry) => Ok(RetryDelay::from_error(error)),
        Some(Recovery::None | Recovery::ContactSupport) => Err(RetryAdvice::Never),
        Some(_) => Err(RetryAdvice::AfterChange),
        None => match (RetryDelay::from_error(error), error.grpc_code()) {
            (RetryDelay::Unknown, GrpcCode::Unavailable | GrpcCode::ResourceExhausted) => {
                Ok(RetryDelay::Unknown)
            }
            (
                RetryDelay::Unknown,
                GrpcCode::InvalidArgument
                | GrpcCode::FailedPrecondition
                | GrpcCode::OutOfRange
                | GrpcCode::Aborted
                | GrpcCode::Unauthenticated,
            ) => Err(RetryAdvice::AfterChange),
            (RetryDelay::Unknown, _) => Err(RetryAdvice::Never),
            (delay, _) => Ok(delay),
        },
    }
}

/// Returns the delay in `Retry-After` or RetryInfo.
fn info_delay(error: &ReceivedError) -> Option<Duration> {
    let hints = error.retry_hints();
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
