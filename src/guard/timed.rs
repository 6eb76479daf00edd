//! The future of a service with a deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::service::{ServiceError, ServiceFuture};
use super::timer::Timer;
use super::{BoxError, Panic};

/// Why a service with a deadline returned no response.
#[derive(Debug)]
pub(crate) enum Unanswered {
    Error(BoxError),
    Panic(Panic),
    DeadlinePassed,
}

impl From<ServiceError> for Unanswered {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Error(error) => Self::Error(error),
            ServiceError::Panic(panic) => Self::Panic(panic),
        }
    }
}

pin_project! {
    /// The future of a service that was called, and the timer that ends it.
    #[derive(Debug)]
    pub(crate) struct TimedFuture<F> {
        #[pin]
        inner: ServiceFuture<F>,
        timer: Timer,
    }
}

impl<F> TimedFuture<F> {
    #[inline]
    pub(crate) fn new(inner: ServiceFuture<F>, deadline: Option<Instant>) -> Self {
        Self { inner, timer: Timer::new(deadline) }
    }

    /// Polls the service, and the timer if the service is pending. The response is in `polled` if the result is `Ok`. The future
    /// of the service is dropped before a result is returned. A panic of this drop is given to `on_drop_panic`; after the
    /// deadline, the panic is the result.
    #[inline]
    pub(crate) fn poll<R, E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        polled: &mut Poll<Result<R, E>>,
        on_drop_panic: impl FnOnce(&Panic),
    ) -> Poll<Result<(), Unanswered>>
    where
        F: Future<Output = Result<R, E>>,
        E: Into<BoxError>,
    {
        let mut this = self.project();
        let mut result = Ok(());
        if let Err(error) = this.inner.as_mut().poll_in_place(cx, polled) {
            result = Err(error.into());
        } else if polled.is_pending() {
            if !this.timer.poll(cx) {
                return Poll::Pending;
            }
            let dropped = this.inner.clear();
            return Poll::Ready(Err(dropped.map_or_else(Unanswered::Panic, |()| Unanswered::DeadlinePassed)));
        } else if matches!(polled, Poll::Ready(Err(_)))
            && let Poll::Ready(Err(error)) = std::mem::replace(polled, Poll::Pending)
        {
            result = Err(Unanswered::Error(error.into()));
        }
        if let Err(panic) = this.inner.clear() {
            on_drop_panic(&panic);
        }
        Poll::Ready(result)
    }

    /// Returns the timer, for the body of the response.
    #[inline]
    pub(crate) fn take_timer(self: Pin<&mut Self>) -> Timer {
        std::mem::replace(self.project().timer, Timer::NONE)
    }
}
