//! The future of a call: checks the headers of the response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tonic::Status;

use super::ClientBody;
use super::context::CallContext;
use crate::guard::BoxError;
use crate::inbound::encodings::Encodings;
use crate::inbound::sanitize::{self, AfterHeaders, Ending};

pin_project! {
    /// The future of [`ClientService`](super::ClientService).
    ///
    /// [`ClientLayer`](super::ClientLayer) has an example.
    #[derive(Debug)]
    pub struct ClientFuture<F> {
        #[pin]
        inner: F,
        context: Option<CallContext>,
        // The compressions that the caller accepts.
        encodings: Encodings,
    }
}

impl<F> ClientFuture<F> {
    #[inline]
    pub(super) fn new(inner: F, context: CallContext, encodings: Encodings) -> Self {
        Self { inner, context: Some(context), encodings }
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
        let result = ready!(this.inner.poll(cx));
        let Some(context) = this.context.take() else {
            // The future returned its output before, and must not be polled again.
            return Poll::Ready(Err(Status::internal("the call was polled after its end")));
        };
        let mut response = match result {
            Ok(response) => response,
            Err(error) => {
                let status = context.deadline.to_status(error.into());
                context.report_status(&status);
                return Poll::Ready(Err(status));
            }
        };
        let http_status = response.status();
        let after = AfterHeaders::from_body(response.body());
        let (fields, encodings) = (response.headers_mut(), *this.encodings);
        let start = sanitize::headers(fields, after, http_status, encodings, context.catalog);
        if start.ending == Ending::Failed {
            context.report_fields(response.headers_mut());
        }
        Poll::Ready(Ok(response.map(|body| ClientBody::new(body, start, http_status, context))))
    }
}
