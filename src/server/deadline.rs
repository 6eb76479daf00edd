use std::time::Duration;

use tokio::time::Instant;

use crate::outbound::failure::Origin;
pub(super) use crate::wire::timeout::parse;

/// How much earlier the layer's timer fires than the caller's deadline. tonic's own timer for `grpc-timeout` is outside every
/// layer and sends CANCELLED, so the layer's timer must fire before it.
const MARGIN: Duration = Duration::from_millis(5);

/// Returns the deadline of the call, which is the earlier one of the caller's and the server's, and who set it.
#[inline]
pub(super) fn earlier(caller: Option<Duration>, server: Option<Duration>) -> (Option<Instant>, Origin) {
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
