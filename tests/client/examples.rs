//! Runs the examples of the client.

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/retry.rs"]
mod retry;

use codelibra::client::RetryPolicy;
use codelibra::{ErrorCode, StatusCodeExt};
use tokio::time::Instant;

/// tokio's paused clock advances to the next timer.
#[tokio::test(start_paused = true)]
async fn a_policy_waits_for_the_delay_in_the_error_and_stops_after_the_last_attempt() {
    let start = Instant::now();
    let policy = RetryPolicy::new().idempotent();
    assert_eq!(retry::run(policy.clone()).await.unwrap(), ("the service is well".to_owned(), 3));
    // Each delay has a jitter, of at most 100 ms and then 200 ms.
    assert!((4000..=4300).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());

    let status = retry::run(policy.max_retries(1)).await.unwrap_err();
    assert_eq!(status.error_code(), Some(ErrorCode::LOCKED_OUT));
}
