//! A tower layer for tonic servers. With it, every failure that the server sends contains a code, fits through proxies, and
//! contains nothing private.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use codelibra::ErrorCode;
//! use codelibra::server::ServerLayer;
//!
//! let layer = ServerLayer::new::<ErrorCode>().timeout(Duration::from_secs(10));
//! let server = tonic::transport::Server::builder().layer(layer);
//! ```
//!
//! [`Boundary`](crate::Boundary) decides which parts of a failure are sent, [`Budget`](crate::Budget) limits their size, and [`Fallback`](crate::Fallback) is the table of the codes
//! for failures without one.

mod body;
mod call;
mod failure;
mod future;
mod grpc_web;
mod inner;
mod layer;
mod protocol;
mod success;
mod unreadable_request;

pub use body::ServerBody;
pub use future::ServerFuture;
pub use layer::{ServerLayer, ServerService};
