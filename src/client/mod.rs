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
mod future;
mod layer;
#[cfg(feature = "metrics")]
mod metrics;
mod observe;
mod requested;
#[cfg(feature = "tracing")]
mod tracing;

pub use self::body::ClientBody;
pub use self::future::ClientFuture;
pub use self::layer::{ClientLayer, ClientService};
#[cfg(feature = "metrics")]
pub use self::metrics::MetricsObserver;
pub use self::observe::{FailedCall, Observe};
#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;

use crate::guard::BoxError;
