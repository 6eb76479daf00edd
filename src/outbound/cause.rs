//! Carries private causes through tonic.
//!
//! tonic turns the status that ends a stream into trailers and drops its source, before a layer can log it. So a status that is
//! made from an error with a cause contains a field that names a place in a table of this process. The place is freed when the
//! last copy of the field is dropped. The layer removes the field; without a layer in the process, no field is added. A place
//! cannot be guessed, so a field that a peer sends leads to nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::CAUSE;

const CAUSE_HEADER: HeaderName = HeaderName::from_static(CAUSE);

type Cause = Arc<dyn Error + Send + Sync>;

static PARKING: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);
static PLACES: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static PARKED: LazyLock<Mutex<HashMap<u64, Cause>>> = LazyLock::new(Mutex::default);

/// Enables [`park`]: this process has a layer that removes the field.
pub(crate) fn park_from_now_on() {
    PARKING.store(true, Ordering::Relaxed);
}

/// Stores a cause, and returns the field that leads to it; `None` if no layer in this process would remove the field.
pub(crate) fn park(cause: &Cause) -> Option<(HeaderName, HeaderValue)> {
    if !PARKING.load(Ordering::Relaxed) {
        return None;
    }
    let place = PLACES.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
    lock().insert(place, Arc::clone(cause));
    let ticket = Bytes::from_owner(Ticket { place, text: place.to_string() });
    Some((CAUSE_HEADER, HeaderValue::from_maybe_shared(ticket).ok()?))
}

/// Removes the field from headers or trailers, and returns the cause that it leads to.
pub(crate) fn take(fields: &mut HeaderMap) -> Option<Cause> {
    follow(&fields.remove(CAUSE_HEADER)?)
}

/// Returns the cause that the field leads to, in metadata that is not sent.
pub(crate) fn from_fields(fields: &HeaderMap) -> Option<Cause> {
    follow(fields.get(CAUSE_HEADER)?)
}

fn follow(ticket: &HeaderValue) -> Option<Cause> {
    lock().get(&place_of(ticket)?).cloned()
}

fn place_of(ticket: &HeaderValue) -> Option<u64> {
    ticket.to_str().ok()?.parse().ok()
}

/// How many causes of one poll are kept, the last ones. Trailers are dropped at the end of a poll.
const MAX_DROPPED: usize = 16;

thread_local! {
    /// Where the causes of fields that this thread drops are kept.
    static DROPPED: RefCell<Option<Dropped>> = const { RefCell::new(None) };
}

/// Causes whose fields were dropped.
///
/// A gRPC-Web layer writes trailers into the body as text, and drops the fields before the server layer can read them.
#[derive(Debug, Default)]
pub(crate) struct Dropped(Vec<(u64, Cause)>);

/// Runs `poll`, and returns the causes whose fields it drops on this thread.
pub(crate) fn keep_dropped<T>(poll: impl FnOnce() -> T) -> (T, Dropped) {
    /// Restores the previous value, after a panic too.
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

    /// Stores the cause that a field names again, so that the field leads to it.
    pub(crate) fn park_again(&self, fields: &mut HeaderMap) {
        let Some(place) = fields.get(CAUSE_HEADER).and_then(place_of) else { return };
        let cause = self.0.iter().find(|(dropped, _)| *dropped == place);
        if let Some((name, value)) = cause.and_then(|(_, cause)| park(cause)) {
            fields.insert(name, value);
        }
    }
}

fn lock() -> std::sync::MutexGuard<'static, HashMap<u64, Cause>> {
    PARKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of the field. Dropped with its last copy.
struct Ticket {
    place: u64,
    text: String,
}

impl AsRef<[u8]> for Ticket {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Dropped after the lock, because the drop of a cause is foreign code.
        let mut cause = lock().remove(&self.place);
        // On an error the thread ends, and no cause is kept.
        let oldest = DROPPED.try_with(|dropped| {
            let mut dropped = dropped.borrow_mut();
            let Dropped(causes) = dropped.as_mut()?;
            causes.extend(cause.take().map(|cause| (self.place, cause)));
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
        let cause: Cause = Arc::new(std::io::Error::other("private"));
        park_from_now_on();
        let field = park(&cause).unwrap();
        let mut fields = HeaderMap::from_iter([field.clone()]);
        assert_eq!(Arc::strong_count(&cause), 2);
        assert_eq!(take(&mut fields).unwrap().to_string(), "private");
        assert!(fields.is_empty());
        drop(field);
        assert_eq!(Arc::strong_count(&cause), 1);

        let ((), dropped) = keep_dropped(|| drop(park(&cause)));
        assert_eq!((dropped.0.len(), Arc::strong_count(&cause)), (1, 2));
        let place = HeaderValue::from(dropped.0[0].0);
        let mut fields = HeaderMap::from_iter([(CAUSE_HEADER, place)]);
        assert!(take(&mut fields.clone()).is_none(), "the place is free");
        dropped.park_again(&mut fields);
        assert_eq!(take(&mut fields).unwrap().to_string(), "private");
        drop(dropped);
        assert_eq!(Arc::strong_count(&cause), 1);
        let ((), dropped) = keep_dropped(|| (0..100).for_each(|_| drop(park(&cause))));
        assert_eq!((dropped.0.len(), Arc::strong_count(&cause)), (MAX_DROPPED, MAX_DROPPED + 1));
        drop(dropped);
        let panicked = std::panic::catch_unwind(|| keep_dropped(|| panic!("in poll")));
        assert!(panicked.is_err() && DROPPED.take().is_none());

        let place = HeaderValue::from_static("18446744073709551615");
        assert!(take(&mut HeaderMap::from_iter([(CAUSE_HEADER, place)])).is_none());
    }
}
