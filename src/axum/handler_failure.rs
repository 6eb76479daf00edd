//! The failure that a handler returned, in the extensions of its response.

use std::borrow::Cow;
#[cfg(feature = "tonic")]
use std::error::Error;
#[cfg(feature = "tonic")]
use std::sync::OnceLock;
use std::sync::{Arc, LazyLock};

use crate::CATALOG;
use crate::catalog::Catalog;
use crate::error::ApiError;
use crate::http::Responder;
use crate::inbound::ReceivedError;
#[cfg(feature = "tonic")]
use crate::outbound::failure::Content;
use crate::outbound::failure::Failure;
#[cfg(feature = "tonic")]
use crate::tonic::StatusCodeExt;

/// The failure that a response was made of. It is in the extensions of the response, so that the layer, which knows the
/// caller, can make the response again.
#[derive(Clone, Debug)]
pub(super) struct HandlerFailure(Arc<SharedFailure>);

#[derive(Debug)]
struct SharedFailure {
    error: HandlerError,
    /// The status, as CodeLibra's own catalogue reads it.
    #[cfg(feature = "tonic")]
    read: OnceLock<ReceivedError>,
}

#[derive(Clone, Debug)]
pub(super) enum HandlerError {
    Own(ApiError),
    Forwarded(ReceivedError),
    Received(ReceivedError),
    /// Of the service behind. The catalogue of the layer reads it.
    #[cfg(feature = "tonic")]
    Status(tonic::Status),
}

impl HandlerError {
    /// Returns the catalogue that the error belongs to, if it is known without the layer.
    pub(super) fn catalog(&self) -> Option<&'static Catalog> {
        match self {
            Self::Own(error) => error.catalog(),
            Self::Forwarded(error) | Self::Received(error) => error.own_catalog(),
            #[cfg(feature = "tonic")]
            Self::Status(_) => None,
        }
    }
}

impl HandlerFailure {
    pub(super) fn new(error: HandlerError) -> Self {
        Self(Arc::new(SharedFailure {
            error,
            #[cfg(feature = "tonic")]
            read: OnceLock::new(),
        }))
    }

    /// Returns the failure for the decision. `catalog` reads a status.
    #[cfg_attr(not(feature = "tonic"), expect(unused_variables, reason = "a status is of tonic"))]
    pub(super) fn to_failure(&self, catalog: &'static Catalog) -> Failure<'_> {
        match &self.0.error {
            HandlerError::Own(error) => Failure::own(error),
            HandlerError::Forwarded(error) => Failure::forwarded(error),
            HandlerError::Received(error) => Failure::received(error),
            #[cfg(feature = "tonic")]
            HandlerError::Status(status) => {
                let error: Content<'_> = if std::ptr::eq(catalog, &raw const CATALOG) {
                    self.0.read.get_or_init(|| status.to_received_with(catalog)).into()
                } else {
                    status.to_received_with(catalog).into()
                };
                match status.source() {
                    // tonic or the client layer made the status from its source, and no service did.
                    Some(cause) if status.details().is_empty() => Failure::connection(error, cause),
                    Some(cause) => Failure::forwarded(error).with_cause(cause),
                    None => Failure::forwarded(error),
                }
            }
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
