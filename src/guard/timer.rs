//! The timer of a call with a deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use tokio::time::{Instant, Sleep, sleep_until};

use super::rare::Rare;

/// The timer of a deadline. It is boxed, because most calls have no deadline, and a timer is large and moves with the response.
#[derive(Debug)]
pub(crate) struct Timer(Rare<Pin<Box<Sleep>>>);

impl Timer {
    /// The timer of a call without a deadline.
    pub(crate) const NONE: Self = Self(Rare::NONE);

    #[inline]
    pub(crate) fn new(deadline: Option<Instant>) -> Self {
        Self(Rare::new(deadline.map(|deadline| Box::pin(sleep_until(deadline)))))
    }

    #[cfg(feature = "server")]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.as_ref().map(|timer| timer.deadline())
    }

    /// Returns whether the deadline passed. If it did not, the task is woken at the deadline.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut *self.0 {
            None => false,
            Some(timer) => timer.as_mut().poll(cx).is_ready(),
        }
    }
}
