use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;

use super::BoxError;
use super::observe::ObservedCall;
use super::requested::Deadline;
use crate::catalog::Catalog;
use crate::inbound::early::EarlyFields;
use crate::inbound::sanitize::{self, Ending, Start};

/// What is known of a call while it is answered.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) catalog: &'static Catalog,
    pub(super) watch: Option<ObservedCall>,
    pub(super) deadline: Deadline,
}

impl Answering {
    /// With fields that are sanitised.
    #[cold]
    pub(super) fn failed(&self, fields: &mut HeaderMap) {
        self.deadline.correct(fields);
        if let Some(watch) = &self.watch {
            watch.fields(fields, self.catalog);
        }
    }

    #[cold]
    pub(super) fn failed_with(&self, status: &Status) {
        if let Some(watch) = &self.watch {
            watch.status(status, self.catalog);
        }
    }
}

pin_project! {
    /// The response body of [`ClientService`](super::ClientService). Its trailers are safe to read, and it never ends without
    /// `grpc-status`.
    #[derive(Debug)]
    pub struct ClientBody<B> {
        #[pin]
        inner: B,
        ending: Ending,
        early: EarlyFields,
        http_status: StatusCode,
        answering: Answering,
    }
}

impl<B> ClientBody<B> {
    #[inline]
    pub(super) fn new(inner: B, start: Start, http_status: StatusCode, answering: Answering) -> Self {
        let Start { ending, early } = start;
        Self { inner, ending, early, http_status, answering }
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
        // Each arm returns: a frame is large, and most frames are only passed on.
        match ready!(this.inner.poll_frame(cx)) {
            Some(Ok(mut frame)) => {
                if let Some(trailers) = frame.trailers_mut() {
                    finish(trailers, this.ending, this.early, *this.http_status, this.answering);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                let status = this.answering.deadline.status_of(error.into());
                if this.ending.is_open() {
                    *this.ending = Ending::Failed;
                    this.answering.failed_with(&status);
                }
                Poll::Ready(Some(Err(status)))
            }
            None if this.ending.is_open() => {
                let mut trailers = HeaderMap::new();
                finish(&mut trailers, this.ending, this.early, *this.http_status, this.answering);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            None => Poll::Ready(None),
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        // An open end is still to be made up for.
        !self.ending.is_open() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Sanitises trailers, which end the call.
#[inline]
fn finish(
    trailers: &mut HeaderMap,
    ending: &mut Ending,
    early: &EarlyFields,
    http_status: StatusCode,
    answering: &Answering,
) {
    let so_far = *ending;
    *ending = sanitize::trailers(trailers, (so_far, early), http_status, answering.catalog);
    // A failure in the headers was observed already.
    if *ending == Ending::Failed && so_far != Ending::Failed {
        answering.failed(trailers);
    }
}
