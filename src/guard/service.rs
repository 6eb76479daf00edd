//! A service that answers no response: it is not ready, it panics, or it returns an error.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pub(crate) use crate::guard::BoxError;
use crate::guard::rare::Rare;
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

    /// Calls the service with a request, unless it is not ready.
    #[inline]
    pub(crate) fn call<T, F>(&mut self, request: T, call: impl FnOnce(T) -> F) -> ServiceFuture<F> {
        if let Some(error) = self.0.take() {
            return ServiceFuture { inner: Guarded::empty(), error: Rare::new(Some(error)) };
        }
        // Taken from outside of the closure, and written there: a closure that owns the request would move it twice more.
        let (mut request, mut inner) = (Some(request), None);
        let called = catch(|| inner = request.take().map(call));
        let error = called.err().map(|panic| Box::new(ServiceError::Panic(panic)));
        ServiceFuture { inner: Guarded::from(inner), error: Rare::new(error) }
    }
}

pin_project! {
    /// The future of a service that was called: its error, its panic, and the reason why it was not called are one type.
    #[derive(Debug)]
    pub(crate) struct ServiceFuture<F> {
        // Empty where the service was not ready, or panicked when it was called.
        #[pin]
        inner: Guarded<F>,
        // Boxed: it is rare, and the future moves.
        error: Rare<Box<ServiceError>>,
    }
}

impl<F> ServiceFuture<F> {
    /// Polls the service into `polled`, which stays pending if the future is dropped.
    #[cfg(feature = "server")]
    #[inline]
    pub(super) fn poll_in_place<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        polled: &mut Poll<T>,
    ) -> Result<(), ServiceError>
    where
        F: Future<Output = T>,
    {
        let this = self.project();
        if let Some(error) = this.error.take() {
            return Err(*error);
        }
        this.inner.run(|inner| *polled = inner.poll(cx)).map(|_| ()).map_err(ServiceError::Panic)
    }

    /// Polls the service; `None` if its future is dropped.
    #[cfg(feature = "gateway")]
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
            return Err(*error);
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
