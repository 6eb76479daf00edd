use std::convert::Infallible;
use std::sync::LazyLock;

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use super::late_body::LateBody;
use crate::http::{Caller, Failing, Form, Responder};
use crate::{ApiError, CATALOG, Catalog, ReceivedError};

/// The error that an answer was made of. It travels in the extensions of the answer, so that the layer, which knows
/// the caller, can make it again.
#[derive(Clone, Debug)]
pub(super) enum Failed {
    Own(ApiError),
    Forwarded(ReceivedError),
    Received(ReceivedError),
}

/// An answer with an error of the service that this one is the HTTP face of, as
/// [`Responder::respond_forwarded`](crate::http::Responder::respond_forwarded) makes it: with a code it keeps its
/// message below 500, without one it gets a code and says no more.
#[derive(Clone, Debug)]
pub struct Forwarded(pub ReceivedError);

impl Failed {
    pub(super) const fn failing(&self) -> Failing<'_> {
        match self {
            Self::Own(error) => Failing::Own(error),
            Self::Forwarded(error) => Failing::Forwarded(error),
            Self::Received(error) => Failing::Received(error),
        }
    }
}

/// The answer where no layer makes another one: the native form, and what a public boundary lets out.
fn answer(failed: Failed, catalog: Option<&'static Catalog>) -> Response {
    static DEFAULT: LazyLock<Responder> = LazyLock::new(|| Responder::of(&CATALOG));
    let other;
    let responder = match catalog {
        Some(catalog) if catalog.domain() != CATALOG.domain() => {
            other = Responder::of(catalog);
            &other
        }
        _ => &*DEFAULT,
    };
    // The layer logs: it knows the id of the request.
    let error = responder.decide(failed.failing()).into_owned();
    let mut response = responder.head(Form::Native, &error);
    response.extensions_mut().insert(failed);
    response.map(|()| Body::new(LateBody::new(error)))
}

/// An answer as [`ErrorLayer`](super::ErrorLayer) makes it; without the layer in the native form, through
/// [`Boundary::public`](crate::http::Boundary::public), and nothing is logged.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let catalog = self.catalog();
        answer(Failed::Own(self), catalog)
    }
}

/// What another service answered, as far as the boundary lets it pass: see
/// [`Responder::respond_received`](crate::http::Responder::respond_received).
impl IntoResponse for ReceivedError {
    fn into_response(self) -> Response {
        let catalog = self.own_catalog();
        answer(Failed::Received(self), catalog)
    }
}

impl IntoResponse for Forwarded {
    fn into_response(self) -> Response {
        let catalog = self.0.own_catalog();
        answer(Failed::Forwarded(self.0), catalog)
    }
}

/// For handlers that use a [`Responder`] themselves.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from(&*parts))
    }
}
