//! gRPC and axum on one port: every failure has a code, in gRPC for gRPC callers and in HTTP for all others.
//!
//! The order of the layers, from the inside:
//!
//! 1. The gRPC routes. `reset_fallback` removes tonic's fallback, which answers every unknown path in gRPC, even to a
//!    browser.
//! 2. [`ServerLayer`] around the gRPC routes only: codes, boundary, budget, deadlines and trailers.
//! 3. The HTTP routes, merged. They need no other layer.
//! 4. [`ErrorLayer`] around everything, added last. It passes the responses of the gRPC routes. It writes the responses
//!    to requests that axum itself rejects: in gRPC if the request is gRPC, otherwise in HTTP. An unknown path is 404 over
//!    HTTP and UNIMPLEMENTED over gRPC.
//!
//! `cargo run --example one_port --features axum,server`, then
//!
//! ```sh
//! curl -i http://127.0.0.1:3000/users/7
//! curl -i http://127.0.0.1:3000/nowhere
//! cargo run -- call http://127.0.0.1:3000 /grpc.health.v1.Health/Check --data-base64 CgdVbmtub3du
//! cargo run -- call http://127.0.0.1:3000 /nobody.v1.Nothing/At
//! ```

use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use codelibra::axum::ErrorLayer;
use codelibra::http::Responder;
use codelibra::server::ServerLayer;
use codelibra::{ApiError, ErrorCode};
use tonic::service::Routes;

async fn user(Path(id): Path<u64>) -> Result<String, ApiError> {
    if id == 7 { Err(ErrorCode::USER_BANNED.into()) } else { Ok(format!("user {id}")) }
}

pub(crate) fn app() -> Router {
    // Any generated service; tonic-health needs no generated code of our own.
    let (_, health) = tonic_health::server::health_reporter();
    let grpc = Routes::new(health)
        .into_axum_router()
        .reset_fallback()
        .layer(ServerLayer::new::<ErrorCode>().timeout(Duration::from_secs(10)));
    let http = Router::new().route("/users/{id}", get(user));
    grpc.merge(http).layer(ErrorLayer::new(Responder::new::<ErrorCode>()).timeout(Duration::from_secs(10)))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app()).await
}
