//! The responses of handlers that return errors, without a layer.

use std::convert::Infallible;

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use super::handler_failure::{HandlerError, HandlerFailure, default_responder};
use super::lazy_body::LazyBody;
use crate::CATALOG;
use crate::catalog::Catalog;
use crate::error::ApiError;
use crate::http::{Caller, Form};
use crate::inbound::ReceivedError;

/// An error of the service behind a gateway, as the response of a handler. The boundary applies, as in
/// [`Responder::respond_forwarded`](crate::http::Responder::respond_forwarded): a public boundary sends the message of an error
/// with a code and a class below 500, and replaces any other message.
///
/// A code of a catalogue and a struct with the parameters of a code convert to it, so that `?` works in a handler that also
/// returns errors of its own:
///
/// ```
/// use codelibra::axum::Forwarded;
/// use codelibra::{ErrorCode, StatusCodeExt};
///
/// # async fn call_users(id: u64) -> Result<String, tonic::Status> { Ok(id.to_string()) }
/// async fn user(id: Option<u64>) -> Result<String, Forwarded> {
///     let id = id.ok_or(ErrorCode::ARGUMENT_MISSING_OR_UNPARSEABLE)?;
///     call_users(id).await.map_err(|status| Forwarded(status.to_received::<ErrorCode>()))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Forwarded(pub ReceivedError);

impl Forwarded {
    /// Returns an error of this service, for the conversions that the macros of a catalogue write. A private cause is not kept,
    /// but a code and a struct with parameters have none.
    #[doc(hidden)]
    pub fn from_own(error: &ApiError) -> Self {
        let catalog = error.catalog().unwrap_or(&CATALOG);
        Self(ReceivedError::from_details(error.to_details(), catalog))
    }
}

/// Returns the response of a handler. It logs nothing: the layer does, because it knows the id of the request.
fn respond(error: HandlerError, catalog: Option<&'static Catalog>) -> Response {
    let responder = default_responder(catalog);
    let failure = HandlerFailure::new(error);
    let mut response = responder.head(Form::Native, &responder.policy.decide(&failure.to_failure()));
    response.extensions_mut().insert(failure.clone());
    response.map(|()| Body::new(LazyBody::new(failure, catalog)))
}

/// The response of [`ErrorLayer`](super::ErrorLayer). Without the layer, the body has the native form, the boundary is
/// [`Boundary::public`](crate::Boundary::public), and nothing is logged.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let catalog = self.catalog();
        respond(HandlerError::Own(self), catalog)
    }
}

/// An error that another service sent, after the boundary: see
/// [`Responder::respond_received`](crate::http::Responder::respond_received).
impl IntoResponse for ReceivedError {
    fn into_response(self) -> Response {
        let catalog = self.own_catalog();
        respond(HandlerError::Received(self), catalog)
    }
}

impl IntoResponse for Forwarded {
    fn into_response(self) -> Response {
        let catalog = self.0.own_catalog();
        respond(HandlerError::Forwarded(self.0), catalog)
    }
}

/// Extracts the caller, for handlers that use a [`Responder`](crate::http::Responder) themselves.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from(&*parts))
    }
}
