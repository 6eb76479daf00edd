//! Errors as answers of axum handlers.
//!
//! A code, a struct with a code's parameters, an [`ApiError`](struct@crate::ApiError) and a
//! [`ReceivedError`](crate::ReceivedError) are answers; [`Forwarded`] is one of a service that this one is the HTTP face
//! of. [`ErrorLayer`] makes them as one
//! [`Responder`](crate::http::Responder) says and as the caller takes them, and gives a code to whatever else fails:
//! routes that do not exist, rejections, panics, timeouts.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Json, Router, extract::Path, routing::get};
//! use codelibra::axum::ErrorLayer;
//! use codelibra::http::Responder;
//! use codelibra::{ApiError, ErrorCode};
//!
//! async fn user(Path(id): Path<u64>) -> Result<Json<u64>, ApiError> {
//!     if id == 7 {
//!         return Err(ErrorCode::USER_BANNED.with_message("banned for spam"));
//!     }
//!     Ok(Json(id))
//! }
//!
//! let errors = ErrorLayer::new(Responder::new::<ErrorCode>()).timeout(Duration::from_secs(10));
//! let app: Router = Router::new().route("/users/{id}", get(user)).layer(errors);
//! ```

mod answer;
mod future;
mod handler_failure;
mod into_response;
mod late_body;
mod layer;

pub use future::ErrorFuture;
pub use into_response::Forwarded;
pub use layer::{ErrorLayer, ErrorService};
