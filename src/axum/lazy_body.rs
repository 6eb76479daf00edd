//! The native body of an error that a handler returned, written when it is first read.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::handler_failure::{HandlerFailure, default_responder};
use crate::catalog::Catalog;
use crate::http::Form;

/// The native form of an error, written when the body or its length is first read. Inside an `ErrorLayer` it is never read,
/// because the layer writes the body for the caller.
pub(super) struct LazyBody {
    failure: HandlerFailure,
    catalog: Option<&'static Catalog>,
    written: OnceLock<Bytes>,
    sent: bool,
}

impl LazyBody {
    pub(super) const fn new(failure: HandlerFailure, catalog: Option<&'static Catalog>) -> Self {
        Self { failure, catalog, written: OnceLock::new(), sent: false }
    }

    fn bytes(&self) -> &Bytes {
        self.written.get_or_init(|| {
            let responder = default_responder(self.catalog);
            responder
                .write_body(
                    Form::Native,
                    &responder.policy.decide(&self.failure.to_failure(responder.catalog())),
                )
                .into()
        })
    }
}

impl Body for LazyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent {
            return Poll::Ready(None);
        }
        self.sent = true;
        Poll::Ready(Some(Ok(Frame::data(self.bytes().clone()))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent
    }

    fn size_hint(&self) -> SizeHint {
        let len = if self.sent { 0 } else { self.bytes().len() };
        SizeHint::with_exact(u64::try_from(len).unwrap_or(u64::MAX))
    }
}
