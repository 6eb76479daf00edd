//! An axum service in which every failure has a code: errors of handlers, axum's own rejections, panics and
//! timeouts.
//!
//! `cargo run --example axum --features axum`, then
//!
//! ```sh
//! curl -i http://127.0.0.1:3000/users/7
//! curl -i http://127.0.0.1:3000/users/seven
//! curl -i -H 'accept: application/problem+json' http://127.0.0.1:3000/nowhere
//! ```

use std::time::Duration;

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use codelibra::axum::ErrorLayer;
use codelibra::http::Responder;
use codelibra::{ApiError, ErrorCode};
use http::HeaderValue;

/// A domain error: `?` converts it to a response.
#[derive(Debug, thiserror::Error, codelibra::ApiError)]
enum UserError {
    #[error("user {0} is banned")]
    #[code(USER_BANNED)]
    Banned(u64),
    #[error("cannot read the users")]
    #[code(UNEXPECTED_ERROR)]
    Disk(#[from] std::io::Error),
}

fn find(id: u64) -> Result<String, UserError> {
    match id {
        7 => Err(UserError::Banned(id)),
        8 => Err(std::io::Error::other("the disk is full").into()),
        _ => Ok(format!("user {id}")),
    }
}

async fn user(Path(id): Path<u64>) -> Result<Json<String>, ApiError> {
    Ok(Json(find(id)?))
}

pub(crate) fn app() -> Router {
    let responder =
        Responder::new::<ErrorCode>().challenge(HeaderValue::from_static("Bearer realm=\"users\""));
    Router::new()
        .route("/users/{id}", get(user))
        .route("/me", get(|| async { ErrorCode::AUTHENTICATION_REQUIRED }))
        .layer(ErrorLayer::new(responder).timeout(Duration::from_secs(10)))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app()).await
}
