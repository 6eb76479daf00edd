//! A tower layer for gRPC clients, between the generated client and the channel. With it, no response of a peer makes tonic panic
//! or lose the error, and observers receive each failure.
//!
//! ```no_run
//! use codelibra::client::{FailedCall, ClientLayer};
//! use codelibra::{ErrorCode, ReceivedError, StatusCodeExt};
//! use tower_layer::Layer;
//!
//! # mod greeter { pub struct GreeterClient<T>(pub T); impl<T> GreeterClient<T> { pub fn new(t: T) -> Self { Self(t) } } }
//! # fn connect(channel: tonic::body::Body) {
//! let layer = ClientLayer::new::<ErrorCode>().observe(|error: &ReceivedError, call: &FailedCall<'_>| {
//!     eprintln!("{} failed after {:?}: {error}", call.method, call.latency);
//! });
//! // let channel = tonic::transport::Channel::from_static("http://127.0.0.1:50051").connect_lazy();
//! let client = greeter::GreeterClient::new(layer.layer(channel));
//! # }
//! ```

mod body;
mod context;
mod future;
mod layer;
#[cfg(feature = "metrics")]
mod metrics;
mod observe;
mod requested;
#[cfg(feature = "retry")]
mod retry;
#[cfg(feature = "tracing")]
mod tracing;

use crate::wire::header::text;

pub use self::body::ClientBody;
pub use self::future::ClientFuture;
pub use self::layer::{ClientLayer, ClientService};
#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
pub use self::observe::{FailedCall, Observe, RetriedCall};
#[cfg(feature = "retry")]
pub use self::retry::{InvalidMethodSet, RetryFuture, RetryLayer, RetryPolicy, RetryService};
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;

/// Returns whether a [`ClientLayer`] has handled this failure: it came from the peer, or from the connection.
///
/// The layer marks each failure that passes it. tonic makes other failures above the layer, such as OUT_OF_RANGE for a
/// message that is larger than `max_decoding_message_size`; these are not marked.
///
/// ```
/// use codelibra::client::is_marked;
///
/// assert!(!is_marked(&tonic::Status::out_of_range("message length too large")));
/// ```
pub fn is_marked(status: &tonic::Status) -> bool {
    status.metadata().contains_key(text::RECEIVED_HEADER)
}
