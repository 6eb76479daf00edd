use std::error::Error;

use http::{HeaderMap, HeaderName};
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::guard::sources;
use crate::inbound::encodings::Encodings;
use crate::inbound::sanitize;
use crate::tonic::{deadline_exceeded, made_of_connection};
use crate::wire::timeout;

use super::BoxError;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What a request asks of its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requested {
    pub(super) deadline: Deadline,
    pub(super) encodings: Encodings,
}

impl Requested {
    #[inline]
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut requested = Self { deadline: Deadline(None), encodings: Encodings::NONE };
        // There are few fields: looking at each name is quicker than looking two up.
        for (name, value) in headers {
            if *name == GRPC_TIMEOUT {
                requested.deadline = Deadline::after(value.as_bytes());
            } else if *name == GRPC_ACCEPT_ENCODING {
                requested.encodings = Encodings::accepted(value.as_bytes());
            }
        }
        requested
    }
}

/// When the caller stops waiting (`grpc-timeout`), by tokio's clock, as tonic's own timer.
///
/// The client's timer and the server's run out at the same time. A server, or a proxy, can then only reset the stream
/// with CANCEL, and tonic's server answers CANCELLED; whether that arrives before the client's timer fires is chance.
/// gRPC's clients therefore look at the clock when a call was cancelled, and report DEADLINE_EXCEEDED at or after the
/// deadline: grpc-go in `http2Client.handleRSTStream` and C-core in `grpc_http2_error_to_grpc_status` for a reset,
/// grpc-java in `ClientCallImpl.closedInternal` for every CANCELLED. Here it is every CANCELLED to which no code was
/// given. UNKNOWN counts alike where this side made it, because no status arrived: tonic without its feature `server`
/// does not know a reset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    /// A time that the clock cannot express is no deadline.
    #[cold]
    fn after(grpc_timeout: &[u8]) -> Self {
        Self(timeout::parse(grpc_timeout).and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    fn has_passed(self) -> bool {
        self.0.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Corrects the sanitised fields of a failure.
    pub(super) fn correct(self, fields: &mut HeaderMap) {
        if self.has_passed() && sanitize::is_uncoded_cancellation(fields) {
            sanitize::exceed_deadline(fields);
        }
    }

    /// The status of an error that no peer answered with.
    #[cold]
    pub(super) fn status_of(self, error: BoxError) -> Status {
        let is_unrecognised = is_unrecognised(&*error);
        let status = made_of_connection(error);
        let is_cancellation = match status.code() {
            Code::Cancelled => true,
            Code::Unknown => is_unrecognised,
            _ => false,
        };
        let is_uncoded = status.details().is_empty() && !sanitize::has_code(status.metadata().as_ref());
        if is_cancellation && is_uncoded && self.has_passed() { deadline_exceeded(status) } else { status }
    }
}

/// Whether the error is no [`Status`], or one that tonic made of an error that it does not know: that has a source.
fn is_unrecognised(error: &(dyn Error + 'static)) -> bool {
    let status = sources::chain(error).find_map(|error| error.downcast_ref::<Status>());
    status.is_none_or(|status| status.source().is_some())
}
