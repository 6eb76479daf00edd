//! The limits of `serve`.

use std::time::Duration;

use crate::args::Serve;
use crate::call::duration;
use crate::failure::Failure;

/// How many requests may be open on one connection of HTTP/2 besides its streams. A caller that reaches the limit of streams
/// is therefore refused with a code, and not by HTTP/2.
pub(super) const OTHER_REQUESTS: u32 = 100;

/// How long a call of the gRPC server may take. A usual call ends at once. Clients of the streams of health and reflection open
/// a new stream.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// The age at which a connection to the gRPC server accepts no more calls. A stream that is not read ends with its connection,
/// because no layer can reset one stream of HTTP/2.
pub(super) const MAX_CONNECTION_AGE: Duration = Duration::from_secs(60 * 60);

/// How long the open calls of such a connection may take.
pub(super) const CONNECTION_GRACE: Duration = CALL_TIMEOUT;

/// The most items that a stream sends before it fails.
pub(super) const MAX_ITEMS: u32 = 1000;

/// The values of the class that a list is filtered by.
pub(super) const CLASSES: &str = "400 to 599, or 0 for all";

/// Whether a list can be filtered by this class: one of the [`CLASSES`].
pub(super) fn is_class_or_all(class: u32) -> bool {
    class == 0 || (400..=599).contains(&class)
}

/// The limits of connections, requests and streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How many `:stream` responses may be open at once.
    pub(super) max_streams: u32,
    /// How many of them on one connection.
    pub(super) max_streams_per_connection: u32,
    /// How long a caller may read nothing of its stream.
    pub(super) stream_idle: Duration,
    /// How long a peer may take for a request head, and how long a request body may pause.
    pub(super) read_timeout: Duration,
}

impl Limits {
    /// The limits that the arguments set.
    pub(super) fn from_args(args: &Serve) -> Result<Self, Failure> {
        Ok(Self {
            max_streams: args.max_streams,
            max_streams_per_connection: args.max_streams_per_connection,
            stream_idle: duration("--stream-idle", &args.stream_idle)?,
            read_timeout: duration("--read-timeout", &args.read_timeout)?,
        })
    }

    /// How long a response of any kind may stay unread. By then a `:stream` has already been ended.
    pub(super) fn unread_timeout(&self) -> Duration {
        self.stream_idle.saturating_mul(2)
    }
}
