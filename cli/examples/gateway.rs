//! The gateways that `benches/gateways` compares. Each runs in a separate process with one worker:
//!
//!     cargo run --release -p codelibra-cli --example gateway -- ours|by-hand GRPC-ADDRESS
//!
//! Both answer `GET /v1/errors/{code}:raise` with google.rpc.Status as JSON. `ours` is the gateway of the README with
//! the client layer. `by-hand` uses the same client with tonic-types and serde_json instead of this library. The
//! program prints its address.
//!
//! It calls unary methods only, over one channel, and has no limits. A gateway in production needs a second channel for
//! streams, and limits: docs/guides/gateway.md.

use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use codelibra::ErrorCode;
use codelibra::axum::{ErrorLayer, GatewayError};
use codelibra::client::{ClientLayer, ClientService};
use codelibra::http::{Form, Responder};
use pb::RaiseErrorRequest;
use pb::error_catalog_service_client::ErrorCatalogServiceClient;
use serde_json::json;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;
use tower_layer::Layer;

#[allow(unreachable_pub, missing_docs, clippy::all, clippy::as_conversions, reason = "generated")]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/codelibra.catalog.v1.rs"));
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "how the script learns the address")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(kind), Some(grpc)) = (arguments.next(), arguments.next()) else {
        return Err("expected: ours|by-hand GRPC-ADDRESS".into());
    };
    let channel = Endpoint::from_shared(format!("http://{grpc}"))?.connect_lazy();
    let path = "/v1/errors/{code}";
    let router = match kind.as_str() {
        "ours" => Router::new()
            .route(path, get(ours))
            .layer(ErrorLayer::new(Responder::new::<ErrorCode>().form(Form::RpcStatus)))
            .with_state(ErrorCatalogServiceClient::new(ClientLayer::new::<ErrorCode>().layer(channel))),
        "by-hand" => {
            Router::new().route(path, get(by_hand)).with_state(ErrorCatalogServiceClient::new(channel))
        }
        other => return Err(format!("{other} is no gateway; expected ours or by-hand").into()),
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

/// The request for the path segment `{code}:raise`.
fn request(segment: &str) -> RaiseErrorRequest {
    let code = segment.strip_suffix(":raise").and_then(|code| code.parse().ok()).unwrap_or_default();
    RaiseErrorRequest { code, ..Default::default() }
}

async fn ours(
    State(mut client): State<ErrorCatalogServiceClient<ClientService<Channel>>>,
    Path(segment): Path<String>,
) -> Result<StatusCode, GatewayError> {
    client.raise_error(request(&segment)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn by_hand(
    State(mut client): State<ErrorCatalogServiceClient<Channel>>,
    Path(segment): Path<String>,
) -> Response {
    match client.raise_error(request(&segment)).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(status) => answer(&status),
    }
}

fn answer(status: &Status) -> Response {
    let found = status.get_error_details();
    let mut http_status = StatusCode::INTERNAL_SERVER_ERROR;
    let mut details = Vec::new();
    if let Some(info) = found.error_info() {
        let class = info.metadata.get("code").and_then(|code| code.get(..3)?.parse().ok());
        http_status = class.and_then(|class| StatusCode::from_u16(class).ok()).unwrap_or(http_status);
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": info.reason,
            "domain": info.domain,
            "metadata": info.metadata,
        }));
    }
    if let Some(info) = found.request_info() {
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RequestInfo",
            "requestId": info.request_id,
        }));
    }
    let body = json!({
        "code": i32::from(status.code()),
        "message": status.message(),
        "details": details,
    });
    (http_status, axum::Json(body)).into_response()
}
