//! Decides which parts of a failure are sent, for every transport. The [`policy`] (boundary, fallback, budget) decides on a
//! [`failure`] and returns a [`sent_error`]. Bodies and fields are written from it. The parts that are not sent are written to the
//! [`log`].

#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod boundary;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod budget;
#[cfg(feature = "server")]
pub(crate) mod cause;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod chain;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod failure;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod fallback;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod known_error;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod log;
#[cfg(any(feature = "gateway", feature = "server", all(feature = "client", feature = "tracing")))]
pub(crate) mod log_limit;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod policy;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod request_id;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod request_line;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod sent_error;
#[cfg(feature = "server")]
pub(crate) mod status_fields;
