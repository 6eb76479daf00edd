//! The failure that a handler returned, in the extensions of its response.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use crate::CATALOG;
use crate::catalog::Catalog;
use crate::error::ApiError;
use crate::http::Responder;
use crate::inbound::ReceivedError;
use crate::outbound::failure::Failure;

/// The failure that a response was made of. It is in the extensions of the response, so that the layer, which knows the
/// caller, can make the response again.
#[derive(Clone, Debug)]
pub(super) struct HandlerFailure(Arc<HandlerError>);

#[derive(Debug)]
pub(super) enum HandlerError {
    Own(ApiError),
    Forwarded(ReceivedError),
    Received(ReceivedError),
}

impl HandlerFailure {
    pub(super) fn new(error: HandlerError) -> Self {
        Self(Arc::new(error))
    }

    pub(super) fn to_failure(&self) -> Failure<'_> {
        match &*self.0 {
            HandlerError::Own(error) => Failure::own(error),
            HandlerError::Forwarded(error) => Failure::forwarded(error),
            HandlerError::Received(error) => Failure::received(error),
        }
    }
}

/// Returns the responder for responses outside a layer: the native form, and a public boundary.
pub(super) fn default_responder(catalog: Option<&'static Catalog>) -> Cow<'static, Responder> {
    static DEFAULT: LazyLock<Responder> = LazyLock::new(|| Responder::from_catalog(&CATALOG));
    match catalog {
        Some(catalog) if catalog.domain() != CATALOG.domain() => Cow::Owned(Responder::from_catalog(catalog)),
        _ => Cow::Borrowed(&DEFAULT),
    }
}
