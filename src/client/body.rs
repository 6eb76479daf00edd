use std::pin::Pin;
use std::task::{Context, Poll};

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
        // Changed in place: a frame is large, and most frames are only passed on.
        let deadline = this.answering.deadline;
        let mut polled = this.inner.poll_frame(cx).map_err(|error| deadline.status_of(error.into()));
        match &mut polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_mut() {
                    let (so_far, catalog) = (*this.ending, this.answering.catalog);
                    *this.ending =
                        sanitize::trailers(trailers, (so_far, this.early), *this.http_status, catalog);
                    // A failure in the headers was observed already.
                    if *this.ending == Ending::Failed && so_far != Ending::Failed {
                        this.answering.failed(trailers);
                    }
                }
            }
            Poll::Ready(None) if this.ending.is_open() => {
                let mut trailers = HeaderMap::new();
                let (so_far, catalog) = (*this.ending, this.answering.catalog);
                *this.ending =
                    sanitize::trailers(&mut trailers, (so_far, this.early), *this.http_status, catalog);
                if *this.ending == Ending::Failed {
                    this.answering.failed(&mut trailers);
                }
                polled = Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            Poll::Ready(Some(Err(status))) if this.ending.is_open() => {
                *this.ending = Ending::Failed;
                this.answering.failed_with(status);
            }
            _ => {}
        }
        polled
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
