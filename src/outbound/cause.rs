//! Carries private causes through tonic.
//!
//! tonic turns the status that ends a stream into trailers, and drops the source of the status before a layer can log it. So a
//! status that is made from an error with a cause contains a field with a key of a table of this process. The entry of the table
//! is removed when the last copy of the field is dropped. The layer removes the field; without a layer in the process, no field
//! is added. A peer cannot guess a key, so a field that a peer sends identifies no cause.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::header::CAUSE_HEADER;

type SharedCause = Arc<dyn Error + Send + Sync>;

static IS_ENABLED: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static KEY_HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static CAUSES: LazyLock<Mutex<HashMap<u64, SharedCause>>> = LazyLock::new(Mutex::default);

/// Enables [`store`]: this process has a layer that removes the field.
pub(crate) fn enable_storing() {
    IS_ENABLED.store(true, Ordering::Relaxed);
}

/// Stores a cause, and returns the field that identifies it; `None` if no layer in this process would remove the field.
pub(crate) fn store(cause: &SharedCause) -> Option<(HeaderName, HeaderValue)> {
    if !IS_ENABLED.load(Ordering::Relaxed) {
        return None;
    }
    let key = KEY_HASHER.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
    lock().insert(key, Arc::clone(cause));
    let ticket = Bytes::from_owner(Ticket { key, text: key.to_string() });
    Some((CAUSE_HEADER, HeaderValue::from_maybe_shared(ticket).ok()?))
}

/// Removes the field from headers or trailers, and returns the cause that it identifies.
pub(crate) fn take(fields: &mut HeaderMap) -> Option<SharedCause> {
    find(&fields.remove(CAUSE_HEADER)?)
}

/// Returns the cause that the field identifies, in metadata that is not sent.
pub(crate) fn from_fields(fields: &HeaderMap) -> Option<SharedCause> {
    find(fields.get(CAUSE_HEADER)?)
}

fn find(ticket: &HeaderValue) -> Option<SharedCause> {
    lock().get(&parse_key(ticket)?).cloned()
}

fn parse_key(ticket: &HeaderValue) -> Option<u64> {
    ticket.to_str().ok()?.parse().ok()
}

/// How many causes of one poll are kept. The last ones are kept, because trailers are dropped at the end of a poll.
const MAX_DROPPED: usize = 16;

thread_local! {
    /// Keeps the causes of the fields that this thread drops.
    static DROPPED: RefCell<Option<Dropped>> = const { RefCell::new(None) };
}

/// Causes whose fields were dropped.
///
/// A gRPC-Web layer writes trailers into the body as text, and drops the fields before the server layer can read them.
#[derive(Debug, Default)]
pub(crate) struct Dropped(Vec<(u64, SharedCause)>);

/// Runs `poll`, and returns the causes whose fields it drops on this thread.
pub(crate) fn keep_dropped<T>(poll: impl FnOnce() -> T) -> (T, Dropped) {
    /// Restores the previous value when it is dropped, also after a panic.
    struct Scope(Option<Dropped>);
    impl Drop for Scope {
        fn drop(&mut self) {
            let kept = DROPPED.replace(self.0.take());
            drop(kept);
        }
    }
    let scope = Scope(DROPPED.replace(Some(Dropped::default())));
    let polled = poll();
    let dropped = DROPPED.take().unwrap_or_default();
    drop(scope);
    (polled, dropped)
}

impl Dropped {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Stores the cause that a field names again, so that the field identifies it.
    pub(crate) fn store_again(&self, fields: &mut HeaderMap) {
        let Some(key) = fields.get(CAUSE_HEADER).and_then(parse_key) else { return };
        let cause = self.0.iter().find(|(dropped, _)| *dropped == key);
        if let Some((name, value)) = cause.and_then(|(_, cause)| store(cause)) {
            fields.insert(name, value);
        }
    }
}

fn lock() -> std::sync::MutexGuard<'static, HashMap<u64, SharedCause>> {
    CAUSES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of the field. They are dropped with the last copy of the field.
struct Ticket {
    key: u64,
    text: String,
}

impl AsRef<[u8]> for Ticket {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The cause is dropped without the lock, because its drop is foreign code.
        let mut cause = lock().remove(&self.key);
        // `try_with` fails while the thread ends. The cause is not kept then.
        let oldest = DROPPED.try_with(|dropped| {
            let mut dropped = dropped.borrow_mut();
            let Dropped(causes) = dropped.as_mut()?;
            causes.extend(cause.take().map(|cause| (self.key, cause)));
            (causes.len() > MAX_DROPPED).then(|| causes.remove(0))
        });
        drop((cause, oldest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_lives_as_long_as_its_field() {
        let cause: SharedCause = Arc::new(std::io::Error::other("private"));
        enable_storing();
        let field = store(&cause).unwrap();
        let mut fields = HeaderMap::from_iter([field.clone()]);
        assert_eq!(Arc::strong_count(&cause), 2);
        assert_eq!(take(&mut fields).unwrap().to_string(), "private");
        assert!(fields.is_empty());
        drop(field);
        assert_eq!(Arc::strong_count(&cause), 1);

        let ((), dropped) = keep_dropped(|| drop(store(&cause)));
        assert_eq!((dropped.0.len(), Arc::strong_count(&cause)), (1, 2));
        let key = HeaderValue::from(dropped.0[0].0);
        let mut fields = HeaderMap::from_iter([(CAUSE_HEADER, key)]);
        assert!(take(&mut fields.clone()).is_none(), "the entry is removed");
        dropped.store_again(&mut fields);
        assert_eq!(take(&mut fields).unwrap().to_string(), "private");
        drop(dropped);
        assert_eq!(Arc::strong_count(&cause), 1);
        let ((), dropped) = keep_dropped(|| (0..100).for_each(|_| drop(store(&cause))));
        assert_eq!((dropped.0.len(), Arc::strong_count(&cause)), (MAX_DROPPED, MAX_DROPPED + 1));
        drop(dropped);
        let panicked = std::panic::catch_unwind(|| keep_dropped(|| panic!("in poll")));
        assert!(panicked.is_err() && DROPPED.take().is_none());

        let key = HeaderValue::from_static("18446744073709551615");
        assert!(take(&mut HeaderMap::from_iter([(CAUSE_HEADER, key)])).is_none());
    }
}
