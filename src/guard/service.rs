//! A service that answers no response: it is not ready, it panics, or it returns an error.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pub(crate) use crate::guard::BoxError;
use crate::guard::{Guarded, Panic, catch};

/// Why a service does not answer.
#[derive(Debug)]
pub(crate) enum ServiceError {
    Error(BoxError),
    Panic(Panic),
}

/// What `poll_ready` of a service returned. A server drops the connection, or the stream, of a service that is not
/// ready; so the layers answer with this failure when the service is called next.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Option<Box<ServiceError>>);

/// A clone of a service was not polled yet.
impl Clone for Readiness {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl Readiness {
    #[inline]
    pub(crate) fn poll<E: Into<BoxError>>(
        &mut self,
        poll_ready: impl FnOnce() -> Poll<Result<(), E>>,
    ) -> Poll<()> {
        let error = match catch(poll_ready) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => return Poll::Ready(()),
            Ok(Poll::Ready(Err(error))) => ServiceError::Error(error.into()),
            Err(panic) => ServiceError::Panic(panic),
        };
        self.0 = Some(Box::new(error));
        Poll::Ready(())
    }

    /// Calls the service, unless it is not ready.
    #[inline]
    pub(crate) fn call<F>(&mut self, call: impl FnOnce() -> F) -> Result<F, ServiceError> {
        match self.0.take() {
            Some(error) => Err(*error),
            None => catch(call).map_err(ServiceError::Panic),
        }
    }
}

pin_project! {
    /// The future of a service that was called: its error, its panic, and the reason why it was not called are one type.
    #[derive(Debug)]
    pub(crate) struct ServiceFuture<F> {
        // Empty where the service was not ready, or panicked when it was called.
        #[pin]
        inner: Guarded<F>,
        error: Option<ServiceError>,
    }
}

impl<F> ServiceFuture<F> {
    #[inline]
    pub(crate) fn new(called: Result<F, ServiceError>) -> Self {
        match called {
            Ok(inner) => Self { inner: Guarded::new(inner), error: None },
            Err(error) => Self { inner: Guarded::empty(), error: Some(error) },
        }
    }

    /// Polls the service; `None` if its future is dropped.
    #[inline]
    pub(crate) fn poll<R, E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Result<Option<Poll<R>>, ServiceError>
    where
        F: Future<Output = Result<R, E>>,
        E: Into<BoxError>,
    {
        let this = self.project();
        if let Some(error) = this.error.take() {
            return Err(error);
        }
        match this.inner.run(|inner| inner.poll(cx)) {
            Ok(Some(Poll::Ready(Ok(response)))) => Ok(Some(Poll::Ready(response))),
            Ok(Some(Poll::Ready(Err(error)))) => Err(ServiceError::Error(error.into())),
            Ok(Some(Poll::Pending)) => Ok(Some(Poll::Pending)),
            Ok(None) => Ok(None),
            Err(panic) => Err(ServiceError::Panic(panic)),
        }
    }

    /// Drops the future; see [`Guarded::clear`].
    #[inline]
    pub(crate) fn clear(self: Pin<&mut Self>) -> Result<(), Panic> {
        self.project().inner.clear()
    }
}
