//! [`TracingObserver`]: one `tracing` event for each failed call.

use ::tracing::Level;

use super::{FailedCall, Observe};
use crate::inbound::ReceivedError;
use crate::outbound::log_limit::LogLimit;

/// Writes each failure as one `tracing` event of the target `codelibra::client`. The level is WARN for the class 5xx and for
/// errors that were [made on this side](ReceivedError::is_synthesized), and DEBUG otherwise.
///
/// The fields are `method`, `code` (six digits, or `CCC000`), `domain`, `reason`, `grpc_code`, `message`, `request_id`,
/// `latency`, `synthesized` and `notes`. Text of a peer is quoted and escaped, so that it cannot forge lines of a log. A field
/// is at most [`LogLimit::KIB_4`] long, unless [`log_limit`](Self::log_limit) sets another limit.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::client::{ClientLayer, TracingObserver};
///
/// let layer = ClientLayer::new::<ErrorCode>().observe(TracingObserver::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver {
    limit: LogLimit,
}

impl TracingObserver {
    /// Returns an observer with [`LogLimit::KIB_4`].
    pub const fn new() -> Self {
        Self { limit: LogLimit::KIB_4 }
    }

    /// Limits the length of each field.
    #[must_use]
    pub const fn log_limit(mut self, limit: LogLimit) -> Self {
        self.limit = limit;
        self
    }
}

impl Observe for TracingObserver {
    fn on_error(&self, error: &ReceivedError, call: &FailedCall<'_>) {
        let cut = |text| self.limit.cut(text);
        macro_rules! event {
            ($level:expr) => {
                ::tracing::event!(
                    target: "codelibra::client",
                    $level,
                    method = ?cut(call.method),
                    code = error.number_or_class(),
                    domain = ?cut(error.domain()),
                    reason = ?cut(error.reason()),
                    grpc_code = error.grpc_code().name(),
                    message = ?cut(error.message()),
                    request_id = ?cut(error.request_id().unwrap_or_default()),
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
