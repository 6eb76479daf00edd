//! Errors out of hyper's answers, as the type that gRPC clients get.
//!
//! `cargo run -- serve` in one terminal, then `cargo run --example hyper_client --features gateway` in another.

use bytes::Bytes;
use codelibra::http::receive;
use codelibra::{CATALOG, LockedOut};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

const URL: &str = "http://127.0.0.1:8080/v1/errors/403005:raise?locked_until=2026-01-31T09:30:00Z";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| URL.to_owned());
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(url.parse()?).await?;
    if response.status().is_success() {
        let body = response.into_body().collect().await?.to_bytes();
        println!("{}", String::from_utf8_lossy(&body));
        return Ok(());
    }
    let error = receive(response, &CATALOG).await;
    if let Some(LockedOut { locked_until: Some(time), .. }) = error.decode() {
        println!("locked until {time}");
    }
    println!("{error}; {:?}", error.retry_advice());
    Ok(())
}
