//! The body of the service inside a [`ServerBody`](super::ServerBody).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};

use http::HeaderMap;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;

use super::call::ServerCall;
use crate::guard::{Guarded, Panic};

pin_project! {
    /// A body that only its owner polls and drops, or one that a task drops at the deadline.
    #[project = InnerBodyProjection]
    #[derive(Debug)]
    pub(super) enum InnerBody<B> {
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

/// A handle that stops the task when the body is dropped.
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
    /// The waker of the task that polls the body.
    waker: Option<Waker>,
    expiry: Expiry,
}

/// What the task at the deadline has done.
#[derive(Debug, Default)]
enum Expiry {
    /// The deadline has not passed, or the trailers are sent.
    #[default]
    None,
    /// The body ended before the deadline. The task does nothing.
    Ended,
    /// The task has dropped the body, and is making the trailers.
    Due,
    /// The trailers are not sent yet.
    Trailers(Box<HeaderMap>),
}

/// The result of a poll of the body.
#[derive(Debug)]
pub(super) enum Run {
    Polled,
    /// The deadline passed, and the body is dropped. These trailers end the response. They are boxed, so that this type is not
    /// larger than a frame.
    Expired(Box<HeaderMap>),
    /// The body is dropped. If its trailers are still being made, the task wakes the waker when they are ready.
    Dropped,
}

impl From<Option<bool>> for Run {
    fn from(polled: Option<bool>) -> Self {
        if polled.is_some() { Self::Polled } else { Self::Dropped }
    }
}

impl<B> Shared<B> {
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> InnerBody<B> {
    pub(super) const fn owned(body: B) -> Self {
        Self::Owned { body: Guarded::new(body) }
    }

    pub(super) const fn empty() -> Self {
        Self::Owned { body: Guarded::empty() }
    }

    /// Returns a body that a task drops at the deadline, also if it is not polled. Outside a runtime, returns the body as `Err`.
    pub(super) fn shared(body: B, call: &ServerCall, deadline: Instant) -> Result<Self, B>
    where
        B: Send + 'static,
    {
        let Ok(runtime) = Handle::try_current() else { return Err(body) };
        let state = State { body: Box::pin(Guarded::new(body)), waker: None, expiry: Expiry::None };
        let shared = Arc::new(Shared(Mutex::new(state)));
        let task = expire(Arc::downgrade(&shared), call.clone(), deadline);
        // The event of the failure belongs in the span of the call.
        let task = runtime.spawn(task.in_current_span());
        Ok(Self::Shared { shared, task: TaskHandle(task.abort_handle()) })
    }

    /// Polls the body; see [`Guarded::run`]. `run` returns whether the body has ended. One lock covers both the check for trailers and the storing of the waker: with two
    /// locks, the task could end the call between them and find no waker.
    #[inline]
    pub(super) fn run(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        run: impl FnOnce(Pin<&mut B>, &mut Context<'_>) -> bool,
    ) -> Result<Run, Panic> {
        match self.project() {
            InnerBodyProjection::Owned { body } => body.run(|body| run(body, cx)).map(Run::from),
            InnerBodyProjection::Shared { shared, .. } => {
                let mut state = shared.lock();
                if let Expiry::Trailers(trailers) = &mut state.expiry {
                    let trailers = std::mem::take(trailers);
                    state.expiry = Expiry::None;
                    return Ok(Run::Expired(trailers));
                }
                state.waker = Some(cx.waker().clone());
                let ran = state.body.as_mut().run(|body| run(body, cx));
                // Under the same lock: otherwise the task could end a call that has ended.
                if matches!(ran, Ok(Some(true))) {
                    state.expiry = Expiry::Ended;
                }
                ran.map(Run::from)
            }
        }
    }

    /// Calls a method of the body that does not change it; see [`Guarded::ask`].
    #[inline]
    pub(super) fn ask<R>(&self, ask: impl FnOnce(&B) -> R) -> Option<R> {
        match self {
            Self::Owned { body } => body.ask(ask),
            Self::Shared { shared, .. } => shared.lock().body.ask(ask),
        }
    }

    /// Returns whether the body is dropped and no trailers are to be sent.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Owned { body } => body.is_empty(),
            Self::Shared { shared, .. } => {
                let state = shared.lock();
                state.body.is_empty() && matches!(state.expiry, Expiry::None | Expiry::Ended)
            }
        }
    }

    /// Drops the body; see [`Guarded::clear`].
    pub(super) fn clear(self: Pin<&mut Self>) -> Result<(), Panic> {
        match self.project() {
            InnerBodyProjection::Owned { body } => body.clear(),
            InnerBodyProjection::Shared { shared, task } => {
                task.0.abort();
                shared.lock().body.as_mut().clear()
            }
        }
    }
}

/// Waits for the deadline, then drops the body and makes the trailers that replace its end. The failure is logged without the
/// lock, because a subscriber is foreign code.
async fn expire<B>(shared: Weak<Shared<B>>, call: ServerCall, deadline: Instant) {
    sleep_until(deadline).await;
    let Some(shared) = shared.upgrade() else { return };
    let dropped = {
        let mut state = shared.lock();
        if state.body.is_empty() || matches!(state.expiry, Expiry::Ended) {
            return;
        }
        state.expiry = Expiry::Due;
        state.body.as_mut().clear()
    };
    let failure = call.timeout(dropped);
    let mut trailers = HeaderMap::new();
    call.send(&mut trailers, &failure);
    let waker = {
        let mut state = shared.lock();
        state.expiry = Expiry::Trailers(Box::new(trailers));
        state.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}
