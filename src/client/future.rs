use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tonic::metadata::MetadataValue;
use tonic::{Status, TimeoutExpired};

use super::body::Answering;
use super::sanitize::{self, Ending};
use super::{BoxError, ClientBody};
use crate::wire::{RECEIVED, mark};

pin_project! {
    /// The future of [`ClientService`](super::ClientService).
    #[derive(Debug)]
    pub struct ClientFuture<F> {
        #[pin]
        inner: F,
        answering: Option<Answering>,
    }
}

impl<F> ClientFuture<F> {
    #[inline]
    pub(super) fn new(inner: F, answering: Answering) -> Self {
        Self { inner, answering: Some(answering) }
    }
}

impl<F, B, E> Future for ClientFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    E: Into<BoxError>,
{
    type Output = Result<Response<ClientBody<B>>, Status>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx));
        let answering = this.answering.take();
        let mut response = match answer {
            Ok(response) => response,
            Err(error) => {
                let status = made_here(error.into());
                if let Some(answering) = answering {
                    answering.failed_with(&status);
                }
                return Poll::Ready(Err(status));
            }
        };
        let http_status = response.status();
        let Some(answering) = answering else {
            // A future that is ready is not polled again.
            return Poll::Ready(Err(Status::internal("the call was polled after its end")));
        };
        let mut ending = sanitize::headers(response.headers_mut(), http_status, answering.catalog);
        if ending == Ending::Open && response.body().is_end_stream() {
            // One block of fields is headers and trailers.
            ending = sanitize::trailers(response.headers_mut(), http_status, answering.catalog);
        }
        if ending == Ending::Failed {
            answering.failed(response.headers());
        }
        Poll::Ready(Ok(response.map(|body| ClientBody::new(body, ending, http_status, answering))))
    }
}

/// The status of an error that no peer answered with.
#[cold]
pub(super) fn made_here(error: BoxError) -> Status {
    let mut status = if !error.is::<Status>() && has_source::<TimeoutExpired>(&*error) {
        // tonic reads its own timer as CANCELLED, which says that the caller gave up.
        let mut status = Status::deadline_exceeded("the deadline of the call passed");
        status.set_source(error.into());
        status
    } else {
        Status::from_error(error)
    };
    let metadata = status.metadata_mut();
    if !metadata.contains_key(RECEIVED) {
        metadata.insert(RECEIVED, MetadataValue::from_static(mark::SYNTHESIZED));
    }
    status
}

fn has_source<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}
