//! [`RetryPolicy`], for `tower::retry` above a generated client.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Request, Status};
use tower::retry::Policy;
use tower::retry::budget::TpsBudget;

use super::rules::{Attempts, CallFailure, Rules};
use crate::catalog::CatalogCode;
use crate::client::observe::{self, Observe};

/// A policy of `tower::retry` for typed calls: sends a request again if the error allows it.
///
/// - [`ReceivedError::retry_advice`](crate::ReceivedError::retry_advice) decides whether the same request can succeed. The delay
///   is the one in the error (`grpc-retry-pushback-ms`, RetryInfo, `Retry-After`, a parameter of a WAIT), with jitter unless it is
///   a pushback. Without one, it is a backoff with full jitter.
/// - Only a request that may be executed twice is sent again: see [`idempotent`](Self::idempotent). Any other request is sent
///   again only if the server provably did not begin the call: the connection was never made. A
///   [`RetryLayer`](super::RetryLayer) knows more, because it sees the response.
/// - A [budget](Self::budget), which all clones share, limits the number of retries, so that a storm of failures does not multiply
///   the load.
/// - The caller's deadline (`grpc-timeout`) applies to the call with all of its retries: each attempt gets the rest of the time,
///   and a retry that would start after the deadline is not made.
/// - Each retry has the field `grpc-previous-rpc-attempts` (gRFC A6).
///
/// For methods of a whole service, [`RetryLayer`](super::RetryLayer) applies a policy below the generated client.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::client::RetryPolicy;
/// use tonic::{Request, Response, Status};
/// use tower::retry::Retry;
/// use tower::{ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Status> {
/// // In its place: `service_fn(move |request| { let mut client = client.clone(); async move { client.check(request).await } })`.
/// let check = service_fn(|request: Request<String>| async { Ok::<_, Status>(Response::new(request.into_inner())) });
/// let retrying = Retry::new(RetryPolicy::<ErrorCode>::new().idempotent(), check);
/// let response = retrying.oneshot(Request::new("order 7".into())).await?;
/// assert_eq!(response.into_inner(), "order 7");
/// # Ok(())
/// # }
/// ```
pub struct RetryPolicy<C> {
    pub(super) rules: Rules,
    method: &'static str,
    attempts: Option<Attempts>,
    code: PhantomData<fn() -> C>,
}

impl<C: CatalogCode> RetryPolicy<C> {
    /// Returns a policy for methods that must not be executed twice, of services whose codes have the type `C`.
    pub fn new() -> Self {
        Self { rules: Rules::new(), method: "", attempts: None, code: PhantomData }
    }

    /// Allows retries after the server began the call. Set it only for a method that may be executed twice: one that has no side
    /// effect, or that has the same effect however often it is executed.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.rules.is_idempotent = true;
        self
    }

    /// Sets the most retries of a call. The default is 4, so that a call is sent at most five times, the limit of gRFC A6.
    #[must_use]
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.rules.max_retries = retries;
        self
    }

    /// Sets the limits of the backoff. A retry waits for a random time between zero and `first`; this limit doubles with each
    /// retry, up to `longest`. The defaults are 100 ms and 5 s.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.rules.first_backoff = first;
        self.rules.max_backoff = longest;
        self
    }

    /// Sets the longest delay of a retry. If the server asks for a longer one, the caller receives the error at once. The default
    /// is 10 s.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.rules.max_delay = delay;
        self
    }

    /// Sets the budget, which all policies with the same `Arc` share. The default allows one retry for 12 calls of the last ten seconds,
    /// and one a second, and is shared by the clones of this policy.
    #[must_use]
    pub fn budget(mut self, budget: Arc<TpsBudget>) -> Self {
        self.rules.budget = budget;
        self
    }

    /// Sets the method that [observers](Self::observe) of typed calls receive, `/package.Service/Method`. A
    /// [`RetryLayer`](super::RetryLayer) reads it from each request.
    #[must_use]
    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// Adds an observer, whose [`on_retry`](Observe::on_retry) receives each retry. `MetricsObserver` (feature `metrics`) counts
    /// them.
    #[must_use]
    pub fn observe(mut self, observer: impl Observe) -> Self {
        self.rules.observer = Some(observe::add(self.rules.observer, observer));
        self
    }
}

impl<C: CatalogCode> Default for RetryPolicy<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> Clone for RetryPolicy<C> {
    fn clone(&self) -> Self {
        Self { rules: self.rules.clone(), method: self.method, attempts: self.attempts, code: PhantomData }
    }
}

impl<C> fmt::Debug for RetryPolicy<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rules, method, attempts, code: _ } = self;
        f.debug_struct("RetryPolicy")
            .field("rules", rules)
            .field("method", method)
            .field("attempts", attempts)
            .finish()
    }
}

impl<C: CatalogCode, M: Clone, Res> Policy<Request<M>, Res, Status> for RetryPolicy<C> {
    type Future = tokio::time::Sleep;

    fn retry(&mut self, request: &mut Request<M>, result: &mut Result<Res, Status>) -> Option<Self::Future> {
        let status = result.as_ref().err()?;
        let failure = CallFailure::from_error(status, C::catalog());
        let fields = request.metadata_mut().as_mut();
        let delay = self.attempts.as_mut()?.next(&self.rules, &failure, self.method, fields)?;
        Some(tokio::time::sleep(delay))
    }

    fn clone_request(&mut self, request: &Request<M>) -> Option<Request<M>> {
        if request.extensions().get::<Retried>().is_none() {
            self.attempts = Some(Attempts::begin(&self.rules, request.metadata().as_ref()));
        }
        let mut extensions = request.extensions().clone();
        extensions.insert(Retried);
        Some(Request::from_parts(request.metadata().clone(), extensions, request.get_ref().clone()))
    }
}

/// The mark of a request that is kept for a retry: its call has begun before.
#[derive(Clone, Copy, Debug)]
struct Retried;
