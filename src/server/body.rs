use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::layer::add_code_field;
use crate::Catalog;

pin_project! {
    /// A response body whose trailers get the ASCII field.
    #[derive(Debug)]
    pub struct ErrorCodeBody<B> {
        #[pin]
        inner: B,
        catalog: &'static Catalog,
    }
}

impl<B> ErrorCodeBody<B> {
    pub(super) fn new(inner: B, catalog: &'static Catalog) -> Self {
        Self { inner, catalog }
    }
}

impl<B: Body> Body for ErrorCodeBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut frame = ready!(this.inner.poll_frame(cx));
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            add_code_field(trailers, this.catalog);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
