//! Reads errors from reqwest's responses. Their type is the same as for gRPC clients.
//!
//! Run `cargo run -- serve` in one terminal, then `cargo run --example reqwest_client --features gateway` in another.

use codelibra::codes::LockedOut;
use codelibra::http::Reader;
use codelibra::{ErrorCode, ReceivedError};

const URL: &str = "http://127.0.0.1:8080/v1/errors/403005:raise?locked_until=2026-01-31T09:30:00Z";

async fn get(url: &str) -> Result<Result<String, ReceivedError>, reqwest::Error> {
    let response = reqwest::get(url).await?;
    if response.status().is_success() {
        return response.text().await.map(Ok);
    }
    Ok(Err(Reader::new::<ErrorCode>().read_response(response.into()).await))
}

/// Describes the response of a GET.
pub(crate) async fn explain(url: &str) -> Result<String, reqwest::Error> {
    let error = match get(url).await? {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    if let Some(LockedOut { locked_until: Some(time), .. }) = error.decode() {
        return Ok(format!("locked until {time}"));
    }
    Ok(match error.code() {
        Some(ErrorCode::USER_BANNED) => "banned".to_owned(),
        _ => format!("{error}; {:?}", error.retry_advice()),
    })
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example")]
async fn main() -> Result<(), reqwest::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| URL.to_owned());
    println!("{}", explain(&url).await?);
    Ok(())
}
