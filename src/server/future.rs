use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;

use super::ServerBody;
use super::failure::{Failure, is_failed};
use super::layer::Call;
use crate::GrpcCode;

pin_project! {
    /// The future of [`ServerService`](super::ServerService).
    #[derive(Debug)]
    pub struct ServerFuture<F> {
        #[pin]
        inner: F,
        #[pin]
        timer: Option<Sleep>,
        // Until the service has answered.
        call: Option<Call>,
    }
}

impl<F> ServerFuture<F> {
    pub(super) fn new(inner: F, call: Call, deadline: Option<Instant>) -> Self {
        Self { inner, timer: deadline.map(sleep_until), call: Some(call) }
    }
}

impl<F, Res, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<Res>, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Output = Result<Response<ServerBody<Res>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // After a panic nothing of the service is polled again: a failure was answered.
        let polled = catch_unwind(AssertUnwindSafe(|| this.inner.poll(cx)));
        let failure = match polled {
            Ok(Poll::Ready(Ok(mut response))) => {
                let Some(call) = this.call.take() else { return Poll::Pending };
                if is_failed(response.headers()) {
                    response = failed(response, &call);
                }
                let deadline = this.timer.as_ref().as_pin_ref().map(|timer| timer.deadline());
                return Poll::Ready(Ok(response.map(|body| ServerBody::new(body, call, deadline))));
            }
            Ok(Poll::Ready(Err(error))) => Failure::of_error(error.into()),
            Ok(Poll::Pending) => {
                let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
                ready!(timer.poll(cx));
                Failure::new(GrpcCode::DeadlineExceeded)
            }
            Err(payload) => Failure::of_panic(&*payload),
        };
        let mut response = Response::new(ServerBody::ended());
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        if let Some(call) = this.call.take() {
            call.send(fields, &failure);
        }
        Poll::Ready(Ok(response))
    }
}

/// A failure in the header.
#[cold]
fn failed<B>(response: Response<B>, call: &Call) -> Response<B> {
    let (mut parts, body) = response.into_parts();
    call.finish(&mut parts.headers, parts.extensions.get::<Status>());
    Response::from_parts(parts, body)
}
