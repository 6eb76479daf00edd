//! The responses of handlers that return errors, without a layer.

use std::convert::Infallible;

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use super::handler_failure::{HandlerError, HandlerFailure, default_responder};
use super::lazy_body::LazyBody;
use crate::error::ApiError;
use crate::http::{Caller, Form};
use crate::inbound::ReceivedError;

/// Returns the response of a handler. It logs nothing: the layer does, because it knows the id of the request.
pub(super) fn respond(error: HandlerError) -> Response {
    let catalog = error.catalog();
    let responder = default_responder(catalog);
    let failure = HandlerFailure::new(error);
    let mut response =
        responder.head(Form::Native, &responder.policy.decide(&failure.to_failure(responder.catalog())));
    response.extensions_mut().insert(failure.clone());
    response.map(|()| Body::new(LazyBody::new(failure, catalog)))
}

/// The response of [`ErrorLayer`](super::ErrorLayer). Without the layer, the body has the native form, the boundary is
/// [`Boundary::public`](crate::Boundary::public), and nothing is logged.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        respond(HandlerError::Own(self))
    }
}

/// An error that another service sent, after the boundary: see
/// [`Responder::respond_received`](crate::http::Responder::respond_received).
impl IntoResponse for ReceivedError {
    fn into_response(self) -> Response {
        respond(HandlerError::Received(self))
    }
}

/// Extracts the caller, for handlers that use a [`Responder`](crate::http::Responder) themselves.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from(&*parts))
    }
}
