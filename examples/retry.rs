//! A `tower::retry::Policy` over a typed call: it sends a failed call again if the retry advice of the error allows it.
//!
//! The policy is above the generated client, because the request can be cloned there. The client layer is below it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use codelibra::{ApiError, ErrorCode, RetryAdvice, StatusCodeExt, rpc};
use tonic::Status;
use tower::retry::{Policy, Retry};
use tower::{Service, ServiceExt, service_fn};

/// Sends a request again, at most `retries` times, after the delay in the error.
#[derive(Clone, Debug)]
pub struct ByAdvice {
    /// The number of remaining retries.
    pub retries: u32,
}

impl<Req: Clone, Res> Policy<Req, Res, Status> for ByAdvice {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn retry(&mut self, _: &mut Req, result: &mut Result<Res, Status>) -> Option<Self::Future> {
        let status = result.as_ref().err()?;
        match status.to_received::<ErrorCode>().retry_advice() {
            RetryAdvice::After(delay) if self.retries > 0 => {
                self.retries -= 1;
                Some(Box::pin(tokio::time::sleep(delay)))
            }
            _ => None,
        }
    }

    fn clone_request(&mut self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

/// Takes the place of a call of a generated client, `client.check(request)`. It fails twice.
async fn check(request: &'static str, calls: Arc<AtomicU32>) -> Result<String, Status> {
    if calls.fetch_add(1, Ordering::Relaxed) < 2 {
        let retry_delay = Some(prost_types::Duration { seconds: 2, nanos: 0 });
        let error = ApiError::new(ErrorCode::LOCKED_OUT).with_detail(&rpc::RetryInfo { retry_delay });
        return Err(error.into());
    }
    Ok(format!("{request} is well"))
}

/// Calls through the policy. Returns the response and the number of calls.
///
/// # Errors
///
/// Returns the last failure if the policy does not retry.
pub async fn run(retries: u32) -> Result<(String, u32), Status> {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let call = service_fn(move |request| check(request, Arc::clone(&counted)));
    let mut client = Retry::new(ByAdvice { retries }, call);
    let answer = client.ready().await?.call("the service").await?;
    Ok((answer, calls.load(Ordering::Relaxed)))
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Status> {
    let (answer, calls) = run(5).await?;
    println!("{answer}, after {calls} calls");
    Ok(())
}
