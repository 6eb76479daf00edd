//! [`MetricsObserver`]: counts failed calls, and records their latency.

use ::metrics::{counter, histogram};

use super::{FailedCall, Observe, RetriedCall};
use crate::inbound::ReceivedError;

/// Counts each failure with the recorder of the crate `metrics`.
///
/// | metric | kind | unit |
/// |---|---|---|
/// | `codelibra_client_errors_total` | counter | failures |
/// | `codelibra_client_error_seconds` | histogram | seconds from the start of the call |
/// | `codelibra_client_retries_total` | counter | retries of a `RetryPolicy` with this observer; it has no label `synthesized` |
///
/// The labels. A peer cannot add values to any of them:
///
/// | label | values |
/// |---|---|
/// | `method` | the path of the request: as many values as methods that this process calls |
/// | `code` | [`ReceivedError::listed_number`]: as many values as entries and classes |
/// | `grpc_code` | the 17 names |
/// | `synthesized` | `true`, `false` |
///
/// A proxy that forwards any path has an unbounded number of methods. Write another observer for it.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::client::{ClientLayer, MetricsObserver};
///
/// let layer = ClientLayer::new::<ErrorCode>().observe(MetricsObserver);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricsObserver;

impl MetricsObserver {
    /// The name of the counter.
    pub const ERRORS: &'static str = "codelibra_client_errors_total";
    /// The name of the histogram.
    pub const SECONDS: &'static str = "codelibra_client_error_seconds";
    /// The name of the counter of retries.
    pub const RETRIES: &'static str = "codelibra_client_retries_total";
}

impl Observe for MetricsObserver {
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
        let labels = [
            ("method", call.method.to_owned()),
            ("code", error.listed_number().to_string()),
            ("grpc_code", error.grpc_code().name().to_owned()),
            ("synthesized", error.is_synthesized().to_string()),
        ];
        counter!(Self::ERRORS, &labels).increment(1);
        histogram!(Self::SECONDS, &labels).record(call.latency.as_secs_f64());
    }

    fn on_retry(&self, error: &ReceivedError, call: &RetriedCall<'_>) {
        let labels = [
            ("method", call.method.to_owned()),
            ("code", error.listed_number().to_string()),
            ("grpc_code", error.grpc_code().name().to_owned()),
        ];
        counter!(Self::RETRIES, &labels).increment(1);
    }
}
