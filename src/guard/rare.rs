//! An optional value that is seldom present.

use std::ops::{Deref, DerefMut};

/// An `Option` whose drop is one inlined comparison while it is empty. The compiler does not inline the drop of a large value, so
/// each empty `Option` in the state of a call would cost a function call.
#[derive(Clone, Debug)]
pub(crate) struct Rare<T>(Option<T>);

impl<T> Rare<T> {
    #[cfg(any(feature = "axum", feature = "server"))]
    pub(crate) const NONE: Self = Self(None);

    #[inline]
    pub(crate) const fn new(value: Option<T>) -> Self {
        Self(value)
    }
}

impl<T> Deref for Rare<T> {
    type Target = Option<T>;

    #[inline]
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

impl<T> DerefMut for Rare<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.0
    }
}

impl<T> Drop for Rare<T> {
    #[inline]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn drop_value<T>(value: T) {
            drop(value);
        }
        if let Some(value) = self.0.take() {
            drop_value(value);
        }
    }
}
