use std::time::Duration;

use tokio::time::Instant;

use crate::outbound::failure::Origin;
pub(super) use crate::wire::timeout::parse;

/// tonic's own timer for `grpc-timeout` lies outside of every layer, and answers CANCELLED. Ours has to ring
/// before it.
const MARGIN: Duration = Duration::from_millis(5);

/// When the call has to be over, the caller's deadline or the server's, whichever is earlier, and whose it is.
#[inline]
pub(super) fn earlier(caller: Option<Duration>, server: Option<Duration>) -> (Option<Instant>, Origin) {
    let caller = caller.map(|timeout| timeout.saturating_sub(MARGIN.min(timeout / 10)));
    let (timeout, origin) = match (caller, server) {
        (Some(caller), Some(server)) if server < caller => (server, Origin::Either),
        (Some(caller), _) => (caller, Origin::Caller),
        (None, Some(server)) => (server, Origin::Either),
        (None, None) => return (None, Origin::Either),
    };
    // A deadline beyond what a clock can say is none.
    (Instant::now().checked_add(timeout), origin)
}
