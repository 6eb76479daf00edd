//! The body of a response: checks its trailers, and adds the status of a call that ends without one.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;

use super::context::CallContext;
use crate::guard::BoxError;
use crate::inbound::early::EarlyFields;
use crate::inbound::sanitize::{self, Ending, Start};

pin_project! {
    /// The response body of [`ClientService`](super::ClientService). Its trailers are safe to read, and it never ends without
    /// `grpc-status`.
    ///
    /// [`ClientLayer`](super::ClientLayer) has an example.
    #[derive(Debug)]
    pub struct ClientBody<B> {
        #[pin]
        inner: B,
        ending: Ending,
        early: EarlyFields,
        http_status: StatusCode,
        context: CallContext,
    }
}

impl<B> ClientBody<B> {
    #[inline]
    pub(super) fn new(inner: B, start: Start, http_status: StatusCode, context: CallContext) -> Self {
        let Start { ending, early } = start;
        Self { inner, ending, early, http_status, context }
    }
}

impl<B: Body> Body for ClientBody<B>
where
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = Status;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Status>>> {
        let this = self.project();
        // A frame is large, and most frames are only passed on. So each arm returns its frame, which is then not copied.
        match ready!(this.inner.poll_frame(cx)) {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    finish(trailers, this.ending, this.early, *this.http_status, this.context);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                let status = this.context.deadline.to_status(error.into());
                if this.ending.is_open() {
                    *this.ending = Ending::Failed;
                    this.context.report_status(&status);
                }
                Poll::Ready(Some(Err(status)))
            }
            None if this.ending.is_open() => {
                let mut trailers = HeaderMap::new();
                finish(&mut trailers, this.ending, this.early, *this.http_status, this.context);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            None => Poll::Ready(None),
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        // If the call has no end yet, this body adds one.
        !self.ending.is_open() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Sanitises the trailers that end the call, and reports a failure.
#[inline]
fn finish(
    trailers: &mut HeaderMap,
    ending: &mut Ending,
    early: &EarlyFields,
    http_status: StatusCode,
    context: &CallContext,
) {
    let so_far = *ending;
    *ending = sanitize::trailers(trailers, (so_far, early), http_status, context.catalog);
    // A failure in the headers was observed already.
    if *ending == Ending::Failed && so_far != Ending::Failed {
        context.report_fields(trailers);
    }
}
