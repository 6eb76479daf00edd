//! The body of the service inside a [`ServerBody`](super::ServerBody).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};

use http::HeaderMap;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::failure::Failure;
use super::layer::Call;
use crate::guard::{Guarded, Panic};

pin_project! {
    /// A body that only its owner polls and drops, or one that a task drops at the deadline.
    #[project = InnerProjection]
    #[derive(Debug)]
    pub(super) enum Inner<B> {
        Owned {
            #[pin]
            body: Guarded<B>,
        },
        Shared {
            shared: Arc<Shared<B>>,
            task: TaskHandle,
        },
    }
}

/// Ends the task with the body.
#[derive(Debug)]
pub(super) struct TaskHandle(AbortHandle);

impl Drop for TaskHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Debug)]
pub(super) struct Shared<B>(Mutex<State<B>>);

#[derive(Debug)]
struct State<B> {
    body: Pin<Box<Guarded<B>>>,
    /// Of the task that polls the body.
    waker: Option<Waker>,
    /// The trailers of a call whose deadline passed, until they are sent.
    expired: Option<HeaderMap>,
}

impl<B> Shared<B> {
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> Inner<B> {
    pub(super) const fn owned(body: B) -> Self {
        Self::Owned { body: Guarded::new(body) }
    }

    pub(super) const fn empty() -> Self {
        Self::Owned { body: Guarded::empty() }
    }

    /// A body that a task drops at the deadline, whether or not it is polled. `Err` outside of a runtime.
    pub(super) fn shared(body: B, call: &Call, deadline: Instant) -> Result<Self, B>
    where
        B: Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else { return Err(body) };
        let state = State { body: Box::pin(Guarded::new(body)), waker: None, expired: None };
        let shared = Arc::new(Shared(Mutex::new(state)));
        let task = runtime.spawn(expire(Arc::downgrade(&shared), call.clone(), deadline));
        Ok(Self::Shared { shared, task: TaskHandle(task.abort_handle()) })
    }

    /// Polls the body; see [`Guarded::run`].
    #[inline]
    pub(super) fn run<R>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        run: impl FnOnce(Pin<&mut B>, &mut Context<'_>) -> R,
    ) -> Result<Option<R>, Panic> {
        match self.project() {
            InnerProjection::Owned { body } => body.run(|body| run(body, cx)),
            InnerProjection::Shared { shared, .. } => {
                let mut state = shared.lock();
                state.waker = Some(cx.waker().clone());
                state.body.as_mut().run(|body| run(body, cx))
            }
        }
    }

    /// The trailers of a call whose deadline passed while a task watched it.
    #[inline]
    pub(super) fn expired(&self) -> Option<HeaderMap> {
        match self {
            Self::Owned { .. } => None,
            Self::Shared { shared, .. } => shared.lock().expired.take(),
        }
    }

    /// Asks the body something; see [`Guarded::ask`].
    #[inline]
    pub(super) fn ask<R>(&self, ask: impl FnOnce(&B) -> R) -> Option<R> {
        match self {
            Self::Owned { body } => body.ask(ask),
            Self::Shared { shared, .. } => shared.lock().body.ask(ask),
        }
    }

    /// Whether the body is dropped, and nothing is left to send.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Owned { body } => body.is_empty(),
            Self::Shared { shared, .. } => {
                let state = shared.lock();
                state.body.is_empty() && state.expired.is_none()
            }
        }
    }

    /// Drops the body; see [`Guarded::clear`].
    pub(super) fn clear(self: Pin<&mut Self>) -> Result<(), Panic> {
        match self.project() {
            InnerProjection::Owned { body } => body.clear(),
            InnerProjection::Shared { shared, task } => {
                task.0.abort();
                shared.lock().body.as_mut().clear()
            }
        }
    }
}

/// Waits for the deadline, then drops the body and makes the trailers that replace its end.
async fn expire<B>(shared: Weak<Shared<B>>, call: Call, deadline: Instant) {
    sleep_until(deadline).await;
    let Some(shared) = shared.upgrade() else { return };
    let mut state = shared.lock();
    if state.body.is_empty() {
        return;
    }
    let failure = Failure::from_timeout(&call, state.body.as_mut().clear());
    let mut trailers = HeaderMap::new();
    call.send(&mut trailers, &failure);
    state.expired = Some(trailers);
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
