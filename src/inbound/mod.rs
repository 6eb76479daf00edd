//! Failures of a peer: the fields are repaired and read, and a [`ReceivedError`] is created from them.
//!
//! Reading never fails. `sanitize` repairs gRPC's fields, so that every reader reads them safely, including tonic. `parts` holds
//! what was sent, `data` interprets it, and `received` is the public result, with notes about faults and advice on retries.

mod data;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod early;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod encodings;
mod findings;
mod head;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod header_scan;
pub(crate) mod identity;
#[cfg(any(feature = "gateway", feature = "tonic"))]
pub(crate) mod mark;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod mend;
pub(crate) mod note;
pub(crate) mod parts;
mod place;
pub(crate) mod received;
pub(crate) mod retry;
pub(crate) mod retry_hints;
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) mod sanitize;

pub use note::Note;
pub use received::ReceivedError;
pub use retry::RetryAdvice;
