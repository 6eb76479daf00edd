//! [`Observe`]: the observers of failed calls, and what they receive.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use http::uri::PathAndQuery;
use tonic::Status;

use crate::catalog::Catalog;
use crate::guard::catch;
use crate::inbound::ReceivedError;
use crate::tonic::StatusCodeExt;

/// Receives each failure of a client, with the call that failed. Closures are observers, and so are `TracingObserver` (feature
/// `tracing`) and `MetricsObserver` (feature `metrics`).
///
/// An observer runs on the task that polls the call, so it must not block. If it panics, the panic is caught and reported by
/// the panic hook of the process. The caller and the other observers receive the failure as usual.
///
/// ```
/// use codelibra::ReceivedError;
/// use codelibra::client::{FailedCall, Observe};
///
/// struct SlowFailures;
///
/// impl Observe for SlowFailures {
///     fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
///         if call.latency.as_secs() > 10 {
///             eprintln!("{} failed slowly: {error}", call.method);
///         }
///     }
/// }
/// ```
pub trait Observe: Send + Sync + 'static {
    /// Receives a failed call. It is called once for each.
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>);

    /// Receives the retry of a failed call, before its delay. Only a `RetryPolicy` (feature `retry`) reports retries. It does
    /// nothing by default.
    fn on_retry(&self, error: &ReceivedError, call: &RetriedCall<'_>) {
        let _ = (error, call);
    }
}

impl<F: Fn(&ReceivedError, &FailedCall<'_>) + Send + Sync + 'static> Observe for F {
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
        self(error, call);
    }
}

/// A call that failed, as [observers](Observe) receive it.
///
/// [`Observe`] has an example.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FailedCall<'a> {
    /// The path of the method in the request, `/package.Service/Method`.
    pub method: &'a str,
    /// The time from the start of the call until the failure arrived, which is the end of a stream.
    pub latency: Duration,
}

/// A call that is sent again, as [observers](Observe) receive it.
///
/// [`Observe`] has an example.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetriedCall<'a> {
    /// The path of the method, `/package.Service/Method`. It is empty if the policy of a typed call has no method.
    pub method: &'a str,
    /// The number of this retry of the call, from 1.
    pub retry: u32,
    /// The time until the call is sent again.
    pub delay: Duration,
}

/// Adds an observer, which is called after the others.
pub(super) fn add(observer: Option<Arc<dyn Observe>>, another: impl Observe) -> Arc<dyn Observe> {
    let another: Arc<dyn Observe> = Arc::new(another);
    match observer {
        Some(first) => Arc::new(Both(first, another)),
        None => another,
    }
}

/// Two observers, called in order.
struct Both(Arc<dyn Observe>, Arc<dyn Observe>);

impl Observe for Both {
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
        for observer in [&self.0, &self.1] {
            // The panic hook has reported it.
            drop(catch(|| observer.on_error(error, call)));
        }
    }

    fn on_retry(&self, error: &ReceivedError, call: &RetriedCall<'_>) {
        for observer in [&self.0, &self.1] {
            drop(catch(|| observer.on_retry(error, call)));
        }
    }
}

/// An observed call.
pub(super) struct ObservedCall {
    observer: Arc<dyn Observe>,
    path: Option<PathAndQuery>,
    started: Instant,
}

impl fmt::Debug for ObservedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedCall").field("path", &self.path).field("started", &self.started).finish()
    }
}

impl ObservedCall {
    pub(super) fn new(observer: &Arc<dyn Observe>, path: Option<&PathAndQuery>) -> Self {
        Self { observer: Arc::clone(observer), path: path.cloned(), started: Instant::now() }
    }

    /// Reports the failure in sanitised headers or trailers.
    pub(super) fn report_fields(&self, fields: &HeaderMap, catalog: &'static Catalog) {
        if let Some(status) = Status::from_header_map(fields) {
            self.report(&status, catalog);
        }
    }

    pub(super) fn report(&self, status: &Status, catalog: &'static Catalog) {
        let method = self.path.as_ref().map_or("", |path| path.path());
        let call = FailedCall { method, latency: self.started.elapsed() };
        let error = status.to_received_with(catalog);
        // The panic hook has reported it.
        drop(catch(|| self.observer.on_error(&error, &call)));
    }
}
