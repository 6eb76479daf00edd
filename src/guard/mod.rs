//! Runs foreign code (services, bodies, streams, observers), which may panic when it is called, polled or dropped, and reads the
//! chain of its errors, which may have no end.

#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod rare;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod service;
#[cfg(any(feature = "axum", feature = "server"))]
pub(crate) mod timed;
#[cfg(any(feature = "axum", feature = "server"))]
pub(crate) mod timer;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::iter::successors;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(any(feature = "gateway", feature = "server"))]
use std::pin::Pin;

#[cfg(any(feature = "gateway", feature = "server"))]
use pin_project_lite::pin_project;

/// An error that foreign code returned.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A panic that was caught. Its text is for the log and is never sent.
#[derive(Clone, Debug)]
pub(crate) struct Panic(Cow<'static, str>);

impl Panic {
    #[cold]
    fn new(payload: Box<dyn Any + Send>) -> Self {
        let payload = match payload.downcast::<String>() {
            Ok(text) => return Self(Cow::Owned(*text)),
            Err(payload) => payload,
        };
        let text = payload.downcast_ref::<&'static str>().copied();
        // The payload is foreign too: its drop may panic.
        if let Err(other) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(other);
        }
        Self(Cow::Borrowed(text.unwrap_or("the payload is not a text")))
    }

    #[cfg_attr(
        not(any(feature = "gateway", feature = "server")),
        expect(dead_code, reason = "the client layer alone logs no panics")
    )]
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// Runs foreign code and catches its panic. After a panic, the caller must not use a value that the code may have changed in part.
#[inline]
pub(crate) fn catch<T>(run: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(run)).map_err(Panic::new)
}

/// Writes the methods that give access to the field `inner` of a layer's service.
macro_rules! inner_service_accessors {
    ($Service:ident) => {
        impl<S> $Service<S> {
            /// Returns a reference to the inner service.
            pub const fn get_ref(&self) -> &S {
                &self.inner
            }

            /// Returns a mutable reference to the inner service.
            pub const fn get_mut(&mut self) -> &mut S {
                &mut self.inner
            }

            /// Returns the inner service.
            pub fn into_inner(self) -> S {
                self.inner
            }
        }
    };
}
pub(crate) use inner_service_accessors;

/// The number of errors of a chain that are read. A chain may have no end, because an error may be its own source.
const MAX_ERRORS: usize = 64;

/// Iterates over an error and its sources, the outermost first, at most [`MAX_ERRORS`].
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let source =
        |error: &&'a (dyn Error + 'static)| -> Option<&'a (dyn Error + 'static)> { (*error).source() };
    successors(Some(error), source).take(MAX_ERRORS)
}

/// Returns whether a chain is longer than [`chain`] reads. Foreign code must not get it, because that code has no limit.
#[cfg(feature = "tonic")]
pub(crate) fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    chain(error).last().is_some_and(|last| last.source().is_some())
}

/// Drops a foreign value and catches a panic of its drop.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn discard<T>(value: T) -> Result<(), Panic> {
    catch(|| drop(value))
}

#[cfg(any(feature = "gateway", feature = "server"))]
pin_project! {
    /// A foreign future, body or stream, whose panics are caught when it is polled and when it is dropped. After a panic it is
    /// dropped and never polled again.
    ///
    /// [`run`](Self::run) and [`clear`](Self::clear) return a panic. If the owner drops this value, for example because the
    /// caller disconnected, only the panic hook of the process reports a panic.
    #[derive(Debug)]
    pub(crate) struct Guarded<T> {
        #[pin]
        inner: Option<T>,
    }

    impl<T> PinnedDrop for Guarded<T> {
        fn drop(this: Pin<&mut Self>) {
            drop(this.clear());
        }
    }
}

#[cfg(any(feature = "gateway", feature = "server"))]
impl<T> From<Option<T>> for Guarded<T> {
    fn from(inner: Option<T>) -> Self {
        Self { inner }
    }
}

#[cfg(any(feature = "gateway", feature = "server"))]
impl<T> Guarded<T> {
    pub(crate) const fn new(inner: T) -> Self {
        Self { inner: Some(inner) }
    }

    /// Returns a guard without a value, as after a drop.
    pub(crate) const fn empty() -> Self {
        Self { inner: None }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.inner.is_none()
    }

    /// Polls the value. Returns `None` if it is dropped. If the poll panics, the value is dropped; a panic of this drop is caught
    /// too.
    #[inline]
    pub(crate) fn run<R>(
        mut self: Pin<&mut Self>,
        run: impl FnOnce(Pin<&mut T>) -> R,
    ) -> Result<Option<R>, Panic> {
        let Some(inner) = self.as_mut().project().inner.as_pin_mut() else { return Ok(None) };
        catch(|| run(inner)).map(Some).inspect_err(|_| drop(self.clear()))
    }

    /// Calls a method of the value that does not change it. Returns `None` if the value is dropped, or if the method panics.
    #[inline]
    pub(crate) fn ask<R>(&self, ask: impl FnOnce(&T) -> R) -> Option<R> {
        let inner = self.inner.as_ref()?;
        catch(|| ask(inner)).ok()
    }

    /// Returns the value, which is then no longer guarded.
    #[cfg(feature = "gateway")]
    pub(crate) fn take(self: Pin<&mut Self>) -> Option<T>
    where
        T: Unpin,
    {
        self.project().inner.get_mut().take()
    }

    /// Drops the value and returns a panic of its drop. The value is never used again.
    #[inline]
    pub(crate) fn clear(self: Pin<&mut Self>) -> Result<(), Panic> {
        let mut inner = self.project().inner;
        if inner.is_none() {
            return Ok(());
        }
        if !std::mem::needs_drop::<T>() {
            inner.set(None);
            return Ok(());
        }
        catch(|| inner.set(None))
    }
}

/// A foreign value, such as an error. A panic of its drop does not get out, and is only reported by the panic hook.
#[cfg(any(feature = "gateway", feature = "server"))]
#[derive(Clone, Debug)]
pub(crate) struct GuardedDrop<T>(Option<T>);

#[cfg(any(feature = "gateway", feature = "server"))]
impl<T> GuardedDrop<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) const fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

#[cfg(any(feature = "gateway", feature = "server"))]
impl<T> Drop for GuardedDrop<T> {
    fn drop(&mut self) {
        let _ = discard(self.0.take());
    }
}

#[cfg(test)]
#[cfg(any(feature = "gateway", feature = "server"))]
mod tests {
    use std::pin::pin;

    use super::*;

    /// A value whose drop panics. It is also the payload of a panic.
    #[derive(Debug)]
    struct Bomb(&'static str);

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(self.0);
        }
    }

    #[test]
    fn every_panic_is_caught_and_named() {
        type Throw = fn();
        let throws: [(Throw, &str); 4] = [
            (|| std::panic::panic_any("text"), "text"),
            (|| std::panic::panic_any(String::from("owned")), "owned"),
            (|| std::panic::panic_any(7), "the payload is not a text"),
            (|| std::panic::panic_any(Bomb("payload")), "the payload is not a text"),
        ];
        for (throw, text) in throws {
            assert_eq!(catch(throw).unwrap_err().text(), text);
        }
        assert_eq!(catch(|| 7).unwrap(), 7);
    }

    #[test]
    fn a_value_is_dropped_once_whatever_panics() {
        let mut guarded = pin!(Guarded::new(Bomb("drop")));
        assert_eq!(guarded.as_mut().run(|bomb| bomb.0).unwrap(), Some("drop"));
        assert_eq!(guarded.ask(|bomb| bomb.0), Some("drop"));
        assert_eq!(guarded.ask(|_| panic!("ask")), None::<()>);
        assert_eq!(guarded.as_mut().clear().unwrap_err().text(), "drop");
        assert!(guarded.is_empty());
        assert_eq!(guarded.as_mut().clear().is_ok(), guarded.as_mut().run(|_| ()).unwrap().is_none());

        // The first panic is returned.
        let mut guarded = pin!(Guarded::new(Bomb("drop")));
        let panic = guarded.as_mut().run::<()>(|_| std::panic::panic_any("run"));
        assert_eq!(panic.unwrap_err().text(), "run");
        assert!(guarded.is_empty());
        // The owner drops it, and no panic gets out.
        drop(Guarded::new(Bomb("drop")));
    }
}
