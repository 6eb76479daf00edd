//! `GatewayError`, the error type of handlers.

use std::error::Error;
use std::fmt;

use axum_core::response::{IntoResponse, Response};

use super::handler_failure::HandlerError;
use super::into_response::respond;
#[cfg(feature = "tonic")]
use crate::CATALOG;
use crate::catalog::CatalogCode;
use crate::error::ApiError;
use crate::inbound::ReceivedError;
#[cfg(feature = "tonic")]
use crate::tonic::StatusCodeExt;

/// The error of a handler that calls other services and also has errors of its own. `?` converts each of these errors to it,
/// of any catalogue:
///
/// | error | what a public boundary sends of it |
/// |---|---|
/// | a `tonic::Status` of the service behind the gateway | as [`respond_forwarded`]: its code, and below 500 its message, if it has a code of this catalogue or of an allowed domain |
/// | an `ErrorCode`, a struct with the parameters of a code, an error with `#[derive(ApiError)]`, an [`ApiError`](struct@ApiError) | as [`respond`]: it is an error of this service |
/// | a [`ReceivedError`] | as [`respond_received`]: its code, and its parameters that are not text |
///
/// An error of another domain is replaced by the fallback of INTERNAL, unless [`Boundary::allow_domain`] allows the domain.
/// [`Boundary`](crate::Boundary) describes the rules.
///
/// The [`Responder`](crate::http::Responder) of the [`ErrorLayer`](super::ErrorLayer) decides which catalogue reads a
/// `tonic::Status`. Without the layer, CodeLibra's own catalogue reads it, so that a code of another catalogue is not sent.
///
/// If a status contains the error of a connection, the response has the code of the fallback table, and the error is only logged.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::axum::GatewayError;
/// use codelibra::codes::NotFound;
///
/// #[derive(Debug, thiserror::Error, codelibra::ApiError)]
/// enum CartError {
///     #[error("order {0} was paid already")]
///     #[code(ALREADY_PAID)]
///     Paid(u64),
/// }
///
/// # async fn call_users(id: u64) -> Result<String, tonic::Status> { Ok(id.to_string()) }
/// # fn check(id: u64) -> Result<(), CartError> { if id == 8 { Err(CartError::Paid(id)) } else { Ok(()) } }
/// async fn user(id: Option<u64>) -> Result<String, GatewayError> {
///     let id = id.ok_or(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE)?;
///     if id == 7 {
///         Err(NotFound { resource: Some("user 7".into()) })?;
///     }
///     check(id)?;
///     Ok(call_users(id).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// assert_eq!(user(Some(8)).await.unwrap_err().code(), Some(ErrorCode::ALREADY_PAID));
/// # }
/// ```
///
/// Any other error of your own needs a code: derive [`ApiError`](derive@crate::ApiError) for its type, implement
/// `From<YourError> for ApiError`, or choose the code where it occurs:
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::axum::GatewayError;
///
/// fn port(text: &str) -> Result<u16, GatewayError> {
///     Ok(text.parse().map_err(|error| ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE.with_cause(error))?)
/// }
/// ```
///
/// [`respond`]: crate::http::Responder::respond
/// [`respond_forwarded`]: crate::http::Responder::respond_forwarded
/// [`respond_received`]: crate::http::Responder::respond_received
/// [`Boundary::allow_domain`]: crate::Boundary::allow_domain
#[derive(Clone, Debug)]
pub struct GatewayError(HandlerError);

impl GatewayError {
    /// Returns the error of the service behind the gateway, which was read as a [`ReceivedError`]: from a response over HTTP, or
    /// from a status that the handler inspected. It is treated as a `tonic::Status` is. Use `?` for an error of any other
    /// service.
    ///
    /// ```
    /// use codelibra::axum::GatewayError;
    /// use codelibra::{ErrorCode, StatusCodeExt};
    ///
    /// # fn call_users() -> Result<String, tonic::Status> { Ok(String::new()) }
    /// fn user() -> Result<Option<String>, GatewayError> {
    ///     match call_users() {
    ///         Ok(user) => Ok(Some(user)),
    ///         Err(status) => {
    ///             let error = status.to_received::<ErrorCode>();
    ///             let is_missing = error.code() == Some(ErrorCode::USER_NOT_FOUND_IN_DB);
    ///             if is_missing { Ok(None) } else { Err(GatewayError::from_forwarded(error)) }
    ///         }
    ///     }
    /// }
    /// ```
    pub fn from_forwarded(error: ReceivedError) -> Self {
        Self(HandlerError::Forwarded(error))
    }

    /// Returns the code, if the error has one in the domain of `C`.
    pub fn code<C: CatalogCode>(&self) -> Option<C> {
        match &self.0 {
            HandlerError::Own(error) => error.code(),
            HandlerError::Forwarded(error) | HandlerError::Received(error) => error.code(),
            #[cfg(feature = "tonic")]
            HandlerError::Status(status) => status.error_code(),
        }
    }
}

/// The errors that `?` converts to a [`GatewayError`].
///
/// An error of your own gets this trait with `#[derive(codelibra::ApiError)]`, or with `From<YourError> for ApiError`.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::axum::IntoGatewayError;
///
/// let error = ErrorCode::USER_BANNED.into_gateway_error();
/// assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
/// ```
// For a `?`, rustc shows the label only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not convert to a `GatewayError`, because it has no code",
    label = "no code: derive `codelibra::ApiError` if the error is your own, or choose a code: `.map_err(|error| ErrorCode::UNEXPECTED_ERROR.with_cause(error))?`",
    note = "these convert: a `tonic::Status`, an `ErrorCode` of any catalogue, a struct with the parameters of a code, an error with `#[derive(codelibra::ApiError)]`, an `ApiError`, and a `ReceivedError`"
)]
pub trait IntoGatewayError {
    /// Converts the error.
    fn into_gateway_error(self) -> GatewayError;
}

/// An error of this service.
#[diagnostic::do_not_recommend]
impl<E: Into<ApiError>> IntoGatewayError for E {
    fn into_gateway_error(self) -> GatewayError {
        GatewayError(HandlerError::Own(self.into()))
    }
}

/// An error of another service.
impl IntoGatewayError for ReceivedError {
    fn into_gateway_error(self) -> GatewayError {
        GatewayError(HandlerError::Received(self))
    }
}

/// An error of the service behind the gateway.
#[cfg(feature = "tonic")]
impl IntoGatewayError for tonic::Status {
    fn into_gateway_error(self) -> GatewayError {
        GatewayError(HandlerError::Status(self))
    }
}

impl<E: IntoGatewayError> From<E> for GatewayError {
    fn from(error: E) -> Self {
        error.into_gateway_error()
    }
}

/// Writes code, reason and message, or the gRPC code and the message. This text is for logs: it may be private.
impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            HandlerError::Own(error) => error.fmt(f),
            HandlerError::Forwarded(error) | HandlerError::Received(error) => error.fmt(f),
            #[cfg(feature = "tonic")]
            HandlerError::Status(status) => status.to_received_with(&CATALOG).fmt(f),
        }
    }
}

impl Error for GatewayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            HandlerError::Own(error) => error.source(),
            HandlerError::Forwarded(_) | HandlerError::Received(_) => None,
            #[cfg(feature = "tonic")]
            HandlerError::Status(status) => status.source(),
        }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        respond(self.0)
    }
}
