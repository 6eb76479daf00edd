use ::metrics::{counter, histogram};

use super::{FailedCall, Observe};
use crate::inbound::ReceivedError;

/// Counts every failure, by the recorder of the crate `metrics`.
///
/// | metric | kind | unit |
/// |---|---|---|
/// | `codelibra_client_errors_total` | counter | failures |
/// | `codelibra_client_error_seconds` | histogram | seconds from the start of the call |
///
/// Labels, none of which a peer can add values to:
///
/// | label | values |
/// |---|---|
/// | `method` | the path, as this process's own requests name it: as many as the methods that it calls |
/// | `code` | [`ReceivedError::listed_number`]: as many as entries and classes |
/// | `grpc_code` | the 17 names |
/// | `synthesized` | `true`, `false` |
///
/// A proxy that sends on whatever path it was asked for has unbounded methods: it wants an observer of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricsObserver;

impl MetricsObserver {
    /// The name of the counter.
    pub const ERRORS: &'static str = "codelibra_client_errors_total";
    /// The name of the histogram.
    pub const SECONDS: &'static str = "codelibra_client_error_seconds";
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
}
