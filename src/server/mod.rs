//! What a server puts around its tonic services: one tower layer, after which every failure that leaves
//! carries a code, fits through proxies, and says nothing private.
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
//! [`Boundary`] says what may leave, [`Budget`] how much, [`Fallback`] which code a failure without one gets.

mod body;
pub(crate) mod cause;
mod deadline;
mod decide;
mod failure;
mod future;
mod grpc_web;
mod inner;
mod layer;
mod log;
mod origin;
mod protocol;

use crate::request_id;

pub use crate::boundary::Boundary;
pub use crate::fallback::Fallback;
pub use crate::log_limit::LogLimit;
pub use crate::outgoing::Budget;
pub use body::ServerBody;
pub use future::ServerFuture;
pub use layer::{ServerLayer, ServerService};
