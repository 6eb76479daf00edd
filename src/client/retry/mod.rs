//! Sends a failed call again: [`RetryPolicy`] above a generated client, and [`RetryLayer`] below it.
//!
//! [`rules`] decides, for both. [`methods`] knows which methods may be executed twice, and [`kept`] keeps the request.

mod kept;
mod layer;
mod methods;
mod policy;
mod rules;

pub use layer::{RetryFuture, RetryLayer, RetryService};
pub use methods::InvalidMethodSet;
pub use policy::RetryPolicy;
