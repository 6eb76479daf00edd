//! Whether a call is sent again, and when.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use h2::Reason;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::{ConnectError, Status};
use tower::retry::budget::{Budget, TpsBudget};
use tower::util::rng::{HasherRng, Rng};

use crate::catalog::Catalog;
use crate::client::observe::{Observe, RetriedCall};
use crate::guard::{catch, chain};
use crate::inbound::ReceivedError;
use crate::inbound::retry::RetryDelay;
use crate::tonic::StatusCodeExt;
use crate::wire::header::{GRPC_TIMEOUT, PREVIOUS_ATTEMPTS_HEADER};
use crate::wire::timeout;

/// The settings of a [`RetryPolicy`](super::RetryPolicy).
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) max_retries: u32,
    pub(super) first_backoff: Duration,
    pub(super) max_backoff: Duration,
    pub(super) max_delay: Duration,
    /// Whether the method may be executed twice.
    pub(super) is_idempotent: bool,
    pub(super) budget: Arc<TpsBudget>,
    pub(super) observer: Option<Arc<dyn Observe>>,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            max_retries: 4,
            first_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            max_delay: Duration::from_secs(10),
            is_idempotent: false,
            // One retry for 12 calls, and one a second.
            budget: Arc::new(TpsBudget::new(Duration::from_secs(10), 1, 0.08)),
            observer: None,
        }
    }

    /// Returns the time until the next retry: with full jitter, between zero and a limit that doubles with each retry.
    fn backoff(&self, retries: u32) -> Duration {
        let factor = 1_u32.checked_shl(retries).unwrap_or(u32::MAX);
        let limit = self.first_backoff.saturating_mul(factor).min(self.max_backoff);
        limit.mul_f64(HasherRng::default().next_f64())
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("max_retries", &self.max_retries)
            .field("first_backoff", &self.first_backoff)
            .field("max_backoff", &self.max_backoff)
            .field("max_delay", &self.max_delay)
            .field("is_idempotent", &self.is_idempotent)
            .field("observed", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}

/// How a call failed.
pub(super) enum CallFailure {
    /// The server provably did not begin the call.
    NotBegun(ReceivedError),
    Other(ReceivedError),
}

impl CallFailure {
    /// Reads the error that a service returned in place of a response. Its chain shows whether the server began the call.
    pub(super) fn in_place_of_response(error: &(dyn Error + 'static), catalog: &'static Catalog) -> Self {
        let failure = Self::from_error(error, catalog);
        match failure {
            Self::Other(received) if chain(error).any(is_refusal) => Self::NotBegun(received),
            failure => failure,
        }
    }

    /// Reads the error of a call. A refused stream does not count as not begun here: it may have ended a response that had begun.
    pub(super) fn from_error(error: &(dyn Error + 'static), catalog: &'static Catalog) -> Self {
        let status = chain(error).find_map(|error| error.downcast_ref::<Status>());
        let status = match status {
            Some(status) => status.to_received_with(catalog),
            None => {
                // Foreign code: it may panic.
                let text = catch(|| error.to_string()).unwrap_or_default();
                Status::unknown(text).to_received_with(catalog)
            }
        };
        if chain(error).any(|error| error.is::<ConnectError>()) {
            Self::NotBegun(status)
        } else {
            Self::Other(status)
        }
    }

    const fn error(&self) -> &ReceivedError {
        match self {
            Self::NotBegun(error) | Self::Other(error) => error,
        }
    }
}

/// Returns whether the server refused the stream, which means that it did not process any part of the request (RFC 9113 §8.7).
fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<h2::Error>().is_some_and(|error| {
        error.is_remote() && error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)
    })
}

/// One call with its retries.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempts {
    /// The number of retries so far.
    retries: u32,
    /// The number of retries since the server last chose a delay. gRFC A6: its pushback resets the backoff.
    since_pushback: u32,
    deadline: Option<Instant>,
}

impl Attempts {
    /// Begins a call with these fields, and counts it in the budget.
    pub(super) fn begin(rules: &Rules, fields: &HeaderMap) -> Self {
        rules.budget.deposit();
        let timeout = fields.get(GRPC_TIMEOUT).and_then(|value| timeout::parse(value.as_bytes()));
        // A time that the clock cannot express is no deadline.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { retries: 0, since_pushback: 0, deadline }
    }

    /// Returns the delay after which the call is sent again, or `None` if it is not. Prepares the fields of the next attempt.
    pub(super) fn next(
        &mut self,
        rules: &Rules,
        failure: &CallFailure,
        method: &str,
        fields: &mut HeaderMap,
    ) -> Option<Duration> {
        if self.retries >= rules.max_retries {
            return None;
        }
        let delay = self.delay(rules, failure)?;
        if delay > rules.max_delay {
            return None;
        }
        let rest = match self.deadline {
            None => None,
            Some(deadline) => {
                let rest = deadline.saturating_duration_since(Instant::now()).checked_sub(delay)?;
                Some(rest).filter(|rest| !rest.is_zero()).map(Some)?
            }
        };
        if !rules.budget.withdraw() {
            return None;
        }
        self.retries += 1;
        if let Some(rest) = rest {
            fields.insert(GRPC_TIMEOUT, timeout::to_field(rest));
        }
        fields.insert(PREVIOUS_ATTEMPTS_HEADER, HeaderValue::from(self.retries));
        if let Some(observer) = &rules.observer {
            let call = RetriedCall { method, retry: self.retries, delay };
            // The panic hook has reported it.
            drop(catch(|| observer.on_retry(failure.error(), &call)));
        }
        Some(delay)
    }

    fn delay(&mut self, rules: &Rules, failure: &CallFailure) -> Option<Duration> {
        let backoff = rules.backoff(self.since_pushback);
        self.since_pushback += 1;
        let error = match failure {
            CallFailure::NotBegun(_) => return Some(backoff),
            CallFailure::Other(error) => error,
        };
        if !rules.is_idempotent {
            return None;
        }
        match error.retry_delay()? {
            RetryDelay::Pushback(delay) => {
                self.since_pushback = 0;
                Some(delay)
            }
            // Many clients may wait for the same event.
            RetryDelay::AtLeast(delay) => Some(delay.saturating_add(backoff)),
            RetryDelay::Unknown => Some(backoff),
        }
    }
}
