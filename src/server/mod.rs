//! What a server puts around its tonic services, as a tower layer.

mod body;
mod layer;

pub use body::ErrorCodeBody;
pub use layer::{ErrorCodeFuture, ErrorCodeLayer, ErrorCodeService};
