use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::failure::{Failure, is_failed};
use super::layer::Call;
use crate::GrpcCode;

pin_project! {
    /// The body of an answer: messages pass, and trailers that tell of a failure get what every failure gets.
    #[derive(Debug)]
    pub struct ServerBody<B> {
        #[pin]
        inner: Option<B>,
        #[pin]
        timer: Option<Sleep>,
        call: Option<Call>,
        ended: bool,
    }
}

impl<B> ServerBody<B> {
    pub(super) fn new(inner: B, call: Call, deadline: Option<Instant>) -> Self {
        Self { inner: Some(inner), timer: deadline.map(sleep_until), call: Some(call), ended: false }
    }

    /// The body of a trailers-only answer.
    pub(super) const fn ended() -> Self {
        Self { inner: None, timer: None, call: None, ended: true }
    }
}

impl<B: Body> Body for ServerBody<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let (Some(inner), Some(call), false) = (this.inner.as_mut().as_pin_mut(), &*this.call, *this.ended)
        else {
            return Poll::Ready(None);
        };
        // Changed where it lies: a frame is large, and most are none of ours.
        let mut polled = Poll::Pending;
        // After a panic nothing of the stream is polled again: it has ended.
        let panic = catch_unwind(AssertUnwindSafe(|| polled = inner.poll_frame(cx)));
        let failure = match (&mut polled, panic) {
            (_, Err(payload)) => Failure::of_panic(&*payload),
            (Poll::Ready(Some(Ok(frame))), _) => {
                if let Some(trailers) = frame.trailers_mut().filter(|trailers| is_failed(trailers)) {
                    call.finish(trailers, None);
                }
                return polled;
            }
            (Poll::Ready(None), _) => return polled,
            (Poll::Ready(Some(Err(_))), _) => match polled {
                Poll::Ready(Some(Err(error))) => Failure::of_error(error.into()),
                other => return other,
            },
            (Poll::Pending, _) => {
                let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
                ready!(timer.poll(cx));
                Failure::new(GrpcCode::DeadlineExceeded)
            }
        };
        *this.ended = true;
        this.timer.set(None);
        let mut trailers = HeaderMap::new();
        call.send(&mut trailers, &failure);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Some(inner) if !self.ended => inner.size_hint(),
            _ => SizeHint::with_exact(0),
        }
    }
}
