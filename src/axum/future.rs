//! The future of `ErrorService`: waits for the response of the router, and for the text of a plain failure.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use http::Response;
use http::response::Parts;
use http_body::Body as _;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::answer::{Classified, HandlerCall};
use crate::guard::service::ServiceFuture;
use crate::guard::timed::{TimedFuture, Unanswered};
use crate::guard::timer::Timer;
use crate::guard::{BoxError, Guarded, Panic};

/// How much of a response's text becomes the message, in bytes.
const MAX_TEXT: usize = 4096;

pin_project! {
    /// The future of [`ErrorService`](super::ErrorService).
    ///
    /// [`ErrorLayer`](super::ErrorLayer) has an example.
    #[derive(Debug)]
    pub struct ErrorFuture<F> {
        #[pin]
        inner: TimedFuture<F>,
        // Of the text, after the service has returned its response.
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
        let inner = TimedFuture::new(inner, deadline);
        Self { inner, timer: Timer::NONE, text: Guarded::empty(), call }
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
        let call = &*this.call;
        if this.text.is_empty() {
            let mut polled = Poll::Pending;
            let log_drop = |panic: &Panic| call.panic_in_drop(panic);
            if let Err(unanswered) = ready!(this.inner.as_mut().poll(cx, &mut polled, log_drop)) {
                return Poll::Ready(Ok(call.unanswered(unanswered)));
            }
            let Poll::Ready(Ok(response)) = polled else { return Poll::Pending };
            match call.classify(response) {
                Classified::Done(response) => return Poll::Ready(Ok(response)),
                Classified::Text(parts, body) => {
                    *this.timer = this.inner.take_timer();
                    this.text.set(Guarded::new(Text { parts, body, read: Vec::new() }));
                }
            }
        }
        let polled = this.text.as_mut().run(|text| text.get_mut().poll(cx, call));
        let response = match polled {
            Ok(Some(Poll::Ready(response))) => response,
            Ok(Some(Poll::Pending) | None) => {
                if !this.timer.poll(cx) {
                    return Poll::Pending;
                }
                let dropped = this.text.as_mut().clear();
                let unanswered = dropped.map_or_else(Unanswered::Panic, |()| Unanswered::DeadlinePassed);
                return Poll::Ready(Ok(call.unanswered(unanswered)));
            }
            Err(panic) => call.unanswered(Unanswered::Panic(panic)),
        };
        // The response is decided: a panic of the drop is only logged.
        if let Err(panic) = this.text.as_mut().clear() {
            call.panic_in_drop(&panic);
        }
        Poll::Ready(Ok(response))
    }
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
