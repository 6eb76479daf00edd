//! What a connection is doing.

use tokio::sync::watch;

use super::watched_io::WatchIo;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Activity {
    /// How many requests are open.
    pub(super) requests: usize,
    /// Whether the peer does not take the bytes that are ready for it.
    pub(super) is_blocked: bool,
}

impl Activity {
    /// Returns whether the server waits for the peer: no request is open, and the peer has taken every response.
    pub(super) fn waits_for_a_request(&self) -> bool {
        self.requests == 0 && !self.is_blocked
    }
}

/// Reports whether a connection is blocked.
#[derive(Debug)]
pub(super) struct BlockReporter {
    activity: watch::Sender<Activity>,
    is_blocked: bool,
}

impl BlockReporter {
    pub(super) const fn new(activity: watch::Sender<Activity>) -> Self {
        Self { activity, is_blocked: false }
    }
}

impl WatchIo for BlockReporter {
    fn after_write(&mut self, is_pending: bool) {
        if std::mem::replace(&mut self.is_blocked, is_pending) != is_pending {
            self.activity.send_modify(|activity| activity.is_blocked = is_pending);
        }
    }
}
