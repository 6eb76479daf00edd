//! Runs the examples of the client.

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/retry.rs"]
mod retry;

use std::time::Duration;

use codelibra::{ErrorCode, StatusCodeExt};
use tokio::time::Instant;

/// tokio's paused clock advances to the next timer.
#[tokio::test(start_paused = true)]
async fn a_policy_waits_for_the_delay_in_the_error_and_stops_after_the_last_attempt() {
    let start = Instant::now();
    assert_eq!(retry::run(5).await.unwrap(), ("the service is well".to_owned(), 3));
    assert_eq!(start.elapsed(), Duration::from_secs(4));

    let status = retry::run(1).await.unwrap_err();
    assert_eq!(status.error_code(), Some(ErrorCode::LOCKED_OUT));
}
