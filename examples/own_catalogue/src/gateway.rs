//! An HTTP gateway in front of the service.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use codelibra::axum::{ErrorLayer, GatewayError};
use codelibra::http::Responder;

use crate::client::{Client, track};
use crate::errors::{ErrorCode, TooHeavy};

async fn place(State(client): State<Client>, Path(number): Path<String>) -> Result<String, GatewayError> {
    // The failure of the service keeps its code.
    Ok(track(client, &number).await?)
}

async fn price(Path(grams): Path<i64>) -> Result<String, GatewayError> {
    let max_grams = 30_000;
    if grams > max_grams {
        // An error of the gateway itself.
        Err(TooHeavy { grams: Some(grams), max_grams: Some(max_grams) })?;
    }
    Ok(format!("{} cents", 400 + grams / 10))
}

/// Returns the routes. Each failure has a code, axum's own included, and the form that the caller accepts.
pub fn router(client: Client) -> Router {
    Router::new()
        .route("/parcels/{number}", get(place))
        .route("/prices/{grams}", get(price))
        .with_state(client)
        .layer(ErrorLayer::new(Responder::new::<ErrorCode>()))
}
