//! A call of the server layer, which the future, the body and the task at the deadline share.
//!
//! [`ServerCall`] has more methods in three other files: `future` makes the head of the response, `body` its trailers, and
//! `failure` the fields of a failure. These methods use the types of their files, and those files import this one. If the
//! methods were here, the imports would form a circle.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Method};
use tokio::time::Instant;

use crate::guard::rare::Rare;
use crate::outbound::failure::Origin;
use crate::outbound::policy::Policy;
use crate::outbound::request_id::RequestId;
use crate::outbound::request_line::RequestLine;
use crate::wire::grpc_web::Protocol;

/// The settings of a [`ServerLayer`](super::ServerLayer).
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) policy: Policy,
    pub(super) timeout: Option<Duration>,
    /// Whether a task drops the body of a response at the deadline.
    pub(super) drops_unread: bool,
}

/// A call, while its response is made. It is kept small, because it moves with the future, the response and the body.
#[derive(Clone, Debug)]
pub(super) struct ServerCall {
    pub(super) config: Arc<Config>,
    /// The caller's `x-request-id`, not parsed: only a failure needs it. It is boxed, because many calls have none.
    pub(super) request_id: Rare<Box<HeaderValue>>,
    /// The protocol of the request. The response must have the same one.
    pub(super) protocol: Protocol,
    pub(super) path: Option<PathAndQuery>,
    /// The method of a request that is not gRPC. It is boxed, because a gRPC call has none.
    pub(super) http_method: Rare<Box<Method>>,
    /// Whether the caller chose a deadline.
    pub(super) has_deadline: bool,
    /// Who set the deadline of the call.
    pub(super) deadline_of: Origin,
    /// How the body must end. [`ServerBody`](super::ServerBody) keeps it here, where it takes no additional space.
    pub(super) end: End,
}

/// Whether the trailers must contain the status of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// They must.
    Due,
    /// The headers already contain the status, or the response is not gRPC.
    NotDue,
    /// It is an HTTP response to an HTTP request, whose caller reads no trailers. If the body fails, it must not look complete.
    Http,
}

impl ServerCall {
    /// Returns the caller's request id, if it is valid.
    #[cold]
    pub(super) fn request_id(&self) -> Option<RequestId> {
        RequestId::parse(self.request_id.as_ref()?.as_bytes())
    }

    /// Returns the method and the path of the request, for the log.
    #[cold]
    pub(super) fn request_line(&self) -> RequestLine {
        let http_method = self.http_method.as_deref().unwrap_or(&Method::POST);
        let is_grpc = self.protocol != Protocol::Other;
        RequestLine::from_parts(http_method.clone(), self.path.clone(), is_grpc, self.has_deadline)
    }
}

/// How much earlier the layer's timer fires than the caller's deadline. tonic's own timer for `grpc-timeout` is outside every
/// layer and sends CANCELLED, so the layer's timer must fire before it.
const MARGIN: Duration = Duration::from_millis(5);

/// Returns the deadline of the call, which is the earlier one of the caller's and the server's, and who set it.
#[inline]
pub(super) fn earlier_deadline(
    caller: Option<Duration>,
    server: Option<Duration>,
) -> (Option<Instant>, Origin) {
    let caller = caller.map(|timeout| timeout.saturating_sub(MARGIN.min(timeout / 10)));
    let (timeout, origin) = match (caller, server) {
        (Some(caller), Some(server)) if server < caller => (server, Origin::Either),
        (Some(caller), _) => (caller, Origin::Caller),
        (None, Some(server)) => (server, Origin::Either),
        (None, None) => return (None, Origin::Either),
    };
    // A deadline that the clock cannot express is no deadline.
    (Instant::now().checked_add(timeout), origin)
}
