//! What a peer sent: its fields, repaired and read, and the [`ReceivedError`] that is made of them.
//!
//! Reading never fails. `sanitize` repairs gRPC's fields so that any reader reads them safely, tonic included; `received`
//! is the result, with the notes on what was wrong and the advice on when to retry.

#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod early;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod encodings;
mod findings;
#[cfg(any(feature = "gateway", feature = "tonic"))]
mod grpc;
mod head;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod header_scan;
pub(crate) mod identity;
#[cfg(any(feature = "gateway", feature = "tonic"))]
pub(crate) mod mark;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod mend;
pub(crate) mod note;
mod place;
pub(crate) mod received;
pub(crate) mod retry;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod sanitize;

pub use note::Note;
pub use received::ReceivedError;
pub use retry::RetryAdvice;
