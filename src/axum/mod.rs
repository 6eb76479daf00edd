//! Errors as responses of axum handlers.
//!
//! A handler can return a code, a struct with the parameters of a code, an [`ApiError`](struct@crate::ApiError), a
//! [`ReceivedError`](crate::ReceivedError), or a [`GatewayError`], which
//! is all of these and the error of a service behind.
//! [`ErrorLayer`] makes the response with a [`Responder`](crate::http::Responder), in the form that the caller asks for. It also
//! gives a code to every other failure: routes that do not exist, rejections, panics, timeouts.
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
mod gateway_error;
mod handler_failure;
mod into_response;
mod layer;
mod lazy_body;

pub use future::ErrorFuture;
pub use gateway_error::{GatewayError, IntoGatewayError};
pub use layer::{ErrorLayer, ErrorService};
