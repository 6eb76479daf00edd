//! Sends a failed call again if the error allows it: a `RetryPolicy` above a generated client.
//!
//! The policy is above the generated client, because the request can be cloned there. The client layer is below it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use codelibra::client::RetryPolicy;
use codelibra::{ApiError, ErrorCode, rpc};
use tonic::{Request, Response, Status};
use tower::retry::Retry;
use tower::{Service, ServiceExt, service_fn};

/// Takes the place of a call of a generated client, `client.check(request)`. It fails twice, and asks for a pause of 2 s.
async fn check(request: Request<&'static str>, calls: Arc<AtomicU32>) -> Result<Response<String>, Status> {
    if calls.fetch_add(1, Ordering::Relaxed) < 2 {
        let retry_delay = Some(prost_types::Duration { seconds: 2, nanos: 0 });
        let error = ApiError::new(ErrorCode::LOCKED_OUT).with_detail(&rpc::RetryInfo { retry_delay });
        return Err(error.into());
    }
    Ok(Response::new(format!("{} is well", request.into_inner())))
}

/// Calls with a policy. Returns the response and the number of calls.
///
/// # Errors
///
/// Returns the last failure if the policy does not retry.
pub async fn run(policy: RetryPolicy<ErrorCode>) -> Result<(String, u32), Status> {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let call = service_fn(move |request| check(request, Arc::clone(&counted)));
    let mut client = Retry::new(policy, call);
    let answer = client.ready().await?.call(Request::new("the service")).await?;
    Ok((answer.into_inner(), calls.load(Ordering::Relaxed)))
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Status> {
    // `check` has no side effect.
    let policy = RetryPolicy::new().idempotent();
    let (answer, calls) = run(policy).await?;
    println!("{answer}, after {calls} calls");
    Ok(())
}
