//! Reads errors from hyper's responses. Their type is the same as for gRPC clients.
//!
//! Run `cargo run -- serve` in one terminal, then `cargo run --example hyper_client --features gateway` in another.

use bytes::Bytes;
use codelibra::ErrorCode;
use codelibra::codes::LockedOut;
use codelibra::http::Reader;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const URL: &str = "http://127.0.0.1:8080/v1/errors/403005:raise?locked_until=2026-01-31T09:30:00Z";

/// Describes the response of a GET.
pub(crate) async fn get(url: &str) -> Result<String, Box<dyn std::error::Error>> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(url.parse()?).await?;
    if response.status().is_success() {
        let body = response.into_body().collect().await?.to_bytes();
        return Ok(String::from_utf8_lossy(&body).into_owned());
    }
    let error = Reader::new::<ErrorCode>().read_response(response).await;
    Ok(match error.decode() {
        Some(LockedOut { locked_until: Some(time), .. }) => format!("locked until {time}"),
        _ => format!("{error}; {:?}", error.retry_advice()),
    })
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| URL.to_owned());
    println!("{}", get(&url).await?);
    Ok(())
}
