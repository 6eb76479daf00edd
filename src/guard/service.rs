//! A service that answers no response: it is not ready, it panics, or it returns an error.

use std::task::Poll;

use crate::guard::{Panic, catch};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

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
