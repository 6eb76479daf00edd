use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use http::Response;
use http::response::Parts;
use http_body::Body as _;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::answer::{Classified, HandlerCall};
use crate::guard::service::{ServiceError, ServiceFuture};
use crate::guard::timer::Timer;
use crate::guard::{BoxError, Guarded, discard};

/// How much of a response's text becomes the message, in bytes.
const MAX_TEXT: usize = 4096;

pin_project! {
    /// The future of [`ErrorService`](super::ErrorService).
    ///
    /// [`ErrorLayer`](super::ErrorLayer) has an example.
    #[derive(Debug)]
    pub struct ErrorFuture<F> {
        #[pin]
        inner: ServiceFuture<F>,
        timer: Timer,
        #[pin]
        text: Guarded<Text>,
        call: HandlerCall,
    }
}

/// A text that is being read.
#[derive(Debug)]
struct Text {
    parts: Parts,
    body: Body,
    read: Vec<u8>,
}

impl<F> ErrorFuture<F> {
    pub(super) fn new(inner: ServiceFuture<F>, call: HandlerCall, deadline: Option<Instant>) -> Self {
        Self { inner, timer: Timer::new(deadline), text: Guarded::empty(), call }
    }
}

impl<F, E> Future for ErrorFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match poll_service(this.inner.as_mut(), this.text.as_mut(), this.call, cx) {
            Ok(Poll::Ready(answer)) => answer,
            Ok(Poll::Pending) => {
                if !this.timer.poll(cx) {
                    return Poll::Pending;
                }
                // A resource of the handler may panic when it is dropped.
                match this.inner.as_mut().clear().and_then(|()| this.text.as_mut().clear()) {
                    Ok(()) => this.call.timeout(),
                    Err(panic) => this.call.panic(panic),
                }
            }
            Err(ServiceError::Panic(panic)) => this.call.panic(panic),
            Err(ServiceError::Error(error)) => {
                let response = this.call.error(&*error);
                // Foreign code: its drop may panic.
                let _ = discard(error);
                response
            }
        };
        // The service has returned its response: a panic from now on is only logged.
        for dropped in [this.inner.as_mut().clear(), this.text.as_mut().clear()] {
            if let Err(panic) = dropped {
                this.call.panic_in_drop(&panic);
            }
        }
        Poll::Ready(Ok(answer))
    }
}

/// Polls the service, then the text of its response.
fn poll_service<F, E>(
    mut inner: Pin<&mut ServiceFuture<F>>,
    mut text: Pin<&mut Guarded<Text>>,
    call: &HandlerCall,
    cx: &mut Context<'_>,
) -> Result<Poll<Response<Body>>, ServiceError>
where
    F: Future<Output = Result<Response<Body>, E>>,
    E: Into<BoxError>,
{
    match inner.as_mut().poll(cx)? {
        Some(Poll::Pending) => return Ok(Poll::Pending),
        Some(Poll::Ready(response)) => match call.classify(response) {
            Classified::Done(response) => return Ok(Poll::Ready(response)),
            Classified::Text(parts, body) => {
                if let Err(panic) = inner.clear() {
                    call.panic_in_drop(&panic);
                }
                text.set(Guarded::new(Text { parts, body, read: Vec::new() }));
            }
        },
        None => {}
    }
    let polled = text.run(|text| text.get_mut().poll(cx, call)).map_err(ServiceError::Panic)?;
    Ok(polled.unwrap_or(Poll::Pending))
}

impl Text {
    fn poll(&mut self, cx: &mut Context<'_>, call: &HandlerCall) -> Poll<Response<Body>> {
        while self.read.len() < MAX_TEXT {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => self.read.extend(frame.data_ref().into_iter().flatten()),
                // If the body fails, the text is the part before that.
                Poll::Ready(Some(Err(_)) | None) => break,
            }
        }
        self.read.truncate(MAX_TEXT);
        let parts = std::mem::replace(&mut self.parts, Response::new(()).into_parts().0);
        Poll::Ready(call.text(parts, &self.read))
    }
}
