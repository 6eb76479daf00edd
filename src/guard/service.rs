//! Calls a service that may return no response: it is not ready, it panics, or it returns an error.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::guard::rare::Rare;
use crate::guard::{BoxError, Guarded, Panic, catch};

/// Why a service returned no response.
#[derive(Debug)]
pub(crate) enum ServiceError {
    Error(BoxError),
    Panic(Panic),
}

/// The error or panic of a service's `poll_ready`. If `poll_ready` of a layer returned it, the server would drop the connection
/// or the stream. So the layers keep it, and send it as the response to the next call.
#[derive(Debug, Default)]
pub(crate) struct Readiness(Option<Box<ServiceError>>);

/// Returns an empty value, because the clone of a service was not polled yet.
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

    /// Calls the service with a request. If the service was not ready, the future returns that error.
    #[inline]
    pub(crate) fn call<T, F>(&mut self, request: T, call: impl FnOnce(T) -> F) -> ServiceFuture<F> {
        if let Some(error) = self.0.take() {
            return ServiceFuture { inner: Guarded::empty(), error: Rare::new(Some(error)) };
        }
        // The closure borrows the request and the result. A closure that owns the request would move it twice more.
        let (mut request, mut inner) = (Some(request), None);
        let called = catch(|| inner = request.take().map(call));
        let error = called.err().map(|panic| Box::new(ServiceError::Panic(panic)));
        ServiceFuture { inner: Guarded::from(inner), error: Rare::new(error) }
    }
}

pin_project! {
    /// The future of a service. Its errors are the service's error, a panic, and the reason why the service was not called.
    #[derive(Debug)]
    pub(crate) struct ServiceFuture<F> {
        // Empty if the service was not ready, or if its `call` panicked.
        #[pin]
        inner: Guarded<F>,
        // It is boxed because it is rare and the future is moved.
        error: Rare<Box<ServiceError>>,
    }
}

impl<F> ServiceFuture<F> {
    /// Polls the service and writes the result to `polled`, which stays pending if the future is dropped.
    #[cfg(any(feature = "axum", feature = "server"))]
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

    /// Polls the service. Returns `None` if its future is dropped.
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
