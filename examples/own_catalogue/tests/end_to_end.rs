//! The service over gRPC, and the gateway over HTTP in front of it.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use codelibra::StatusCodeExt;
use parcel::client::{Client, client, explain, track};
use parcel::errors::{CATALOG, ErrorCode, InvalidNumber};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tonic::transport::Endpoint;
use tower::ServiceExt;

async fn started() -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(parcel::service::serve(listener));
    client(Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy())
}

async fn get(client: &Client, path: &str, accept: &str) -> (u16, Value) {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    let response = parcel::gateway::router(client.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
    (
        status,
        serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::from(String::from_utf8(body.to_vec()).unwrap())),
    )
}

#[tokio::test]
async fn the_client_reads_codes_and_parameters() {
    let client = started().await;
    assert_eq!(track(client.clone(), "DE000000001").await.unwrap(), "Hamburg");

    let status = track(client.clone(), "short").await.unwrap_err();
    assert_eq!(status.error_code(), Some(ErrorCode::INVALID_NUMBER));
    assert_eq!(status.decode::<InvalidNumber>().unwrap().number.as_deref(), Some("short"));

    let status = track(client.clone(), "DE000000002").await.unwrap_err();
    assert_eq!(explain(&status), "delivered on 2026-01-31T09:30:00Z");

    let status = track(client.clone(), "DE000000009").await.unwrap_err();
    assert_eq!(explain(&status), "unknown parcel");

    // The cause stays in the log of the service.
    let status = track(client, "DE000000003").await.unwrap_err();
    assert_eq!(explain(&status), "we have a problem (503001 DepotClosed)");
    assert!(!format!("{status:?}").contains("10.0.0.7"), "{status:?}");
}

#[tokio::test]
async fn the_gateway_sends_the_same_codes_over_http() {
    let client = started().await;
    assert_eq!(get(&client, "/parcels/DE000000001", "*/*").await, (200, json!("Hamburg")));
    for (path, number, name) in [
        ("/parcels/short", 400001, "InvalidNumber"),
        ("/parcels/DE000000002", 409001, "AlreadyDelivered"),
        ("/parcels/DE000000009", 404001, "ParcelNotFound"),
        ("/parcels/DE000000003", 503001, "DepotClosed"),
        ("/prices/40000", 400002, "TooHeavy"),
        // axum's own rejection: the number is not an integer.
        ("/prices/heavy", 400001, "InvalidNumber"),
    ] {
        let (status, body) = get(&client, path, "application/json").await;
        assert_eq!((&body["code"], &body["name"]), (&json!(number), &json!(name)), "{path}: {body}");
        assert_eq!(i64::from(status), number / 1000, "{path}");
        assert_eq!(body["domain"], "parcel.example.com");
        assert!(body["requestId"].is_string(), "{body}");
    }
    let (_, body) = get(&client, "/prices/40000", "application/problem+json").await;
    assert_eq!(body["type"], "https://parcel.example.com/errors/400002");
    assert_eq!(body["metadata"], json!({"grams": "40000", "max_grams": "30000"}));
}

/// The old code still exists, and the catalogue names its replacement.
#[test]
fn a_deprecated_code_names_its_replacement() {
    #[allow(deprecated, reason = "its deprecation is what is tested")]
    let old = ErrorCode::WEIGHT_LIMIT.entry().unwrap();
    assert_eq!(CATALOG.by_code(400_002).unwrap().name, "TooHeavy");
    assert_eq!((old.deprecated, old.replaced_by), ("1.2", "TOO_HEAVY"));
    assert_eq!(CATALOG.entries().len(), 12);
}
