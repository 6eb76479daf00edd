use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use http::Response;
use http::response::Parts;
use http_body::Body as _;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::answer::{Call, Sorted};
use crate::log::panic_text;

/// How much of an answer's text becomes the message, in bytes.
const MAX_TEXT: usize = 4096;

type Panic = Box<dyn Any + Send>;

pin_project! {
    /// The future of [`ErrorService`](super::ErrorService).
    #[derive(Debug)]
    pub struct ErrorFuture<F> {
        #[pin]
        inner: Option<F>,
        #[pin]
        timer: Option<Sleep>,
        panic: Option<Panic>,
        text: Option<Text>,
        call: Call,
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
    pub(super) fn new(inner: Result<F, Panic>, call: Call, deadline: Option<Instant>) -> Self {
        let (inner, panic) = match inner {
            Ok(inner) => (Some(inner), None),
            Err(panic) => (None, Some(panic)),
        };
        Self { inner, timer: deadline.map(sleep_until), panic, text: None, call }
    }
}

impl<F, E> Future for ErrorFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // After a panic nothing of the service is polled again: a failure was answered.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            if let Some(inner) = this.inner.as_mut().as_pin_mut() {
                let response = match inner.poll(cx) {
                    Poll::Ready(Ok(response)) => response,
                    other => return other,
                };
                match this.call.sort(response) {
                    Sorted::Done(response) => return Poll::Ready(Ok(response)),
                    Sorted::Text(parts, body) => *this.text = Some(Text { parts, body, read: Vec::new() }),
                }
                this.inner.set(None);
            }
            match this.text {
                Some(text) => text.poll(cx, this.call).map(Ok),
                None => Poll::Pending,
            }
        }));
        let payload = match (polled, this.panic.take()) {
            (_, Some(payload)) | (Err(payload), None) => payload,
            (Ok(Poll::Pending), None) => {
                let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
                ready!(timer.poll(cx));
                // What a handler holds may panic when it is dropped.
                match catch_unwind(AssertUnwindSafe(|| this.inner.set(None))) {
                    Ok(()) => return Poll::Ready(Ok(this.call.timeout())),
                    Err(payload) => payload,
                }
            }
            (Ok(ready), None) => return ready,
        };
        Poll::Ready(Ok(this.call.panic(panic_text(&*payload))))
    }
}

impl Text {
    fn poll(&mut self, cx: &mut Context<'_>, call: &Call) -> Poll<Response<Body>> {
        while self.read.len() < MAX_TEXT {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => self.read.extend(frame.data_ref().into_iter().flatten()),
                // What was read until a fault is the text.
                Poll::Ready(Some(Err(_)) | None) => break,
            }
        }
        self.read.truncate(MAX_TEXT);
        let parts = std::mem::replace(&mut self.parts, Response::new(()).into_parts().0);
        Poll::Ready(call.text(parts, &self.read))
    }
}
