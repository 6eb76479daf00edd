use ::tracing::Level;

use super::{Call, Observe};
use crate::ReceivedError;

/// Writes every failure as one `tracing` event of the target `codelibra::client`: WARN for a class of 5xx and for
/// what [was made on this side](ReceivedError::is_synthesized), DEBUG for the rest.
///
/// Fields: `method`, `code` (the six digits, or `CCC000`), `domain`, `reason`, `grpc_code`, `message`,
/// `request_id`, `latency`, `synthesized`, `notes`. A peer's text is written quoted and escaped, so that it cannot
/// forge lines of a log.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

impl Observe for TracingObserver {
    fn on_error(&self, error: &ReceivedError, call: &Call<'_>) {
        macro_rules! event {
            ($level:expr) => {
                ::tracing::event!(
                    target: "codelibra::client",
                    $level,
                    method = ?call.method,
                    code = error.number_or_class(),
                    domain = ?error.domain(),
                    reason = ?error.reason(),
                    grpc_code = error.grpc_code().name(),
                    message = ?error.message(),
                    request_id = ?error.request_id().unwrap_or_default(),
                    latency = ?call.latency,
                    synthesized = error.is_synthesized(),
                    notes = ?error.notes(),
                )
            };
        }
        if error.http_status().is_server_error() || error.is_synthesized() {
            event!(Level::WARN);
        } else {
            event!(Level::DEBUG);
        }
    }
}
