//! What may be sent of a failure, for every transport: the policy (boundary, fallback, budget), the failure with its fields,
//! and the log event with what is kept back.

#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod boundary;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod budget;
#[cfg(feature = "server")]
pub(crate) mod cause;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod chain;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod fallback;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod hidden;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod known_error;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod log;
#[cfg(any(feature = "gateway", feature = "server", all(feature = "client", feature = "tracing")))]
pub(crate) mod log_limit;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod outgoing;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod request_id;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod request_line;
