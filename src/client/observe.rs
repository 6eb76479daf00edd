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

/// Sees every failure that a client receives, with what it was the answer to. Closures are observers; so are
/// `TracingObserver` (feature `tracing`) and `MetricsObserver` (feature `metrics`).
///
/// It is called on the task that polls the call, so it should not block. A panic of it is caught: the panic hook of the
/// process reports it, the caller gets the failure, and the other observers see it.
pub trait Observe: Send + Sync + 'static {
    /// Called once for a failed call.
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>);
}

impl<F: Fn(&ReceivedError, &FailedCall<'_>) + Send + Sync + 'static> Observe for F {
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
        self(error, call);
    }
}

/// The call that failed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FailedCall<'a> {
    /// The path of the method as the caller asked for it, `/package.Service/Method`.
    pub method: &'a str,
    /// From the start of the call until the failure arrived; for a stream, that is its end.
    pub latency: Duration,
}

/// One observer after the other.
pub(super) struct Both(pub(super) Arc<dyn Observe>, pub(super) Arc<dyn Observe>);

impl Observe for Both {
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
        for observer in [&self.0, &self.1] {
            // The panic hook has reported it.
            drop(catch(|| observer.on_error(error, call)));
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

    /// Of fields that are sanitised.
    pub(super) fn fields(&self, fields: &HeaderMap, catalog: &'static Catalog) {
        if let Some(status) = Status::from_header_map(fields) {
            self.status(&status, catalog);
        }
    }

    pub(super) fn status(&self, status: &Status, catalog: &'static Catalog) {
        let method = self.path.as_ref().map_or("", |path| path.path());
        let call = FailedCall { method, latency: self.started.elapsed() };
        let error = status.to_received_with(catalog);
        // The panic hook has reported it.
        drop(catch(|| self.observer.on_error(&error, &call)));
    }
}
