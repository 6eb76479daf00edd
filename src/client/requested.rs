//! What the request sets for its response: the deadline, and the compressions that the caller accepts.

use std::error::Error;

use http::HeaderMap;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::guard::{self, BoxError};
use crate::inbound::encodings::Encodings;
use crate::inbound::sanitize;
use crate::tonic::{connection_status, deadline_exceeded};
use crate::wire::header::{GRPC_ACCEPT_ENCODING, GRPC_TIMEOUT};
use crate::wire::timeout;

/// The deadline and the compressions that a request sets for its response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requested {
    pub(super) deadline: Deadline,
    pub(super) encodings: Encodings,
}

impl Requested {
    #[inline]
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut requested = Self { deadline: Deadline(None), encodings: Encodings::NONE };
        // A request has few fields, so one pass over all names is faster than two lookups.
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

/// The deadline of a call (`grpc-timeout`), by tokio's clock, as tonic's own timer uses it.
///
/// The client's timer and the server's fire at the same time. A server or a proxy can then only reset the stream with CANCEL, and
/// tonic's server sends CANCELLED. This may arrive before the client's timer fires, or after it. Therefore gRPC's clients read
/// the clock when a call was cancelled, and report DEADLINE_EXCEEDED at or after the deadline: grpc-go in
/// `http2Client.handleRSTStream` and C-core in `grpc_http2_error_to_grpc_status` for a reset, grpc-java in
/// `ClientCallImpl.closedInternal` for every CANCELLED. This layer does so for every CANCELLED without a code. It does the same
/// for an UNKNOWN that was made on this side because no status arrived: without its feature `server`, tonic does not recognise a
/// reset.
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

    /// Returns the status of an error that the service returned in place of a response, or of the rest of one.
    #[cold]
    pub(super) fn to_status(self, error: BoxError) -> Status {
        let is_unrecognised = is_unrecognised(&*error);
        let status = connection_status(error);
        let is_cancellation = match status.code() {
            Code::Cancelled => true,
            Code::Unknown => is_unrecognised,
            _ => false,
        };
        let is_uncoded = status.details().is_empty() && !sanitize::has_code(status.metadata().as_ref());
        if is_cancellation && is_uncoded && self.has_passed() { deadline_exceeded(status) } else { status }
    }
}

/// Returns whether tonic does not recognise the error. Such an error contains no [`Status`], or a status that tonic made from an
/// unknown error; that status has a source.
fn is_unrecognised(error: &(dyn Error + 'static)) -> bool {
    let status = guard::chain(error).find_map(|error| error.downcast_ref::<Status>());
    status.is_none_or(|status| status.source().is_some())
}
