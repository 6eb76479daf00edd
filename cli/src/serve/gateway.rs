//! The HTTP gateway: every answer crosses gRPC.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use codelibra::axum::ErrorLayer;
use codelibra::client::{ClientLayer, ClientService};
use codelibra::http::{Boundary, Form, Responder, StreamBody, StreamForm};
use codelibra::{
    ApiError, ArgumentMissingOrUnparseable, Catalog, NotFound, ReceivedError, StatusCodeExt, class_code,
};
use serde::Deserialize;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tower_layer::Layer;

use super::grpc::MAX_ITEMS;
use super::pages;
use super::pb::error_catalog_service_client::ErrorCatalogServiceClient;
use super::pb::{GetErrorRequest, ListErrorsRequest, RaiseErrorRequest, RaiseErrorStreamRequest};
use crate::failure::Failure;
use tokio_stream::StreamExt;

/// What every handler needs.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) client: ErrorCatalogServiceClient<ClientService<Channel>>,
    pub(crate) catalog: &'static Catalog,
    responder: Arc<Responder>,
}

pub(crate) fn router(catalog: &'static Catalog, grpc: SocketAddr, form: Form) -> Result<Router, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{grpc}"))
        .map_err(|e| Failure::bad_input(format_args!("{grpc} is no address to connect to: {e}")))?;
    let channel = ClientLayer::of(catalog).layer(endpoint.connect_lazy());
    let client = ErrorCatalogServiceClient::new(channel);
    // The gRPC server has decided what may leave.
    let responder = Responder::of(catalog)
        .form(form)
        .boundary(Boundary::internal())
        .challenge(HeaderValue::from_static("Bearer realm=\"codelibra\""));
    Ok(Router::new()
        .route("/", get(|| async { Redirect::temporary("/errors") }))
        .route("/v1/errors", get(list))
        .route("/v1/errors/{code}", get(one).post(one))
        .route("/errors", get(pages::list))
        .route("/errors/{code}", get(pages::one))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        // What axum itself answers is coded too: a path that is not UTF-8, a body too large, a panic.
        .layer(ErrorLayer::new(responder.clone()))
        .with_state(Gateway { client, catalog, responder: Arc::new(responder) }))
}

impl Gateway {
    /// The error of a failed call, as it leaves over HTTP.
    pub(crate) fn received(&self, status: &Status) -> ReceivedError {
        status.to_received_of(self.catalog)
    }

    pub(crate) fn fail(&self, headers: &HeaderMap, error: &ApiError) -> Response {
        self.responder.respond(headers, error).map(Body::from)
    }

    pub(crate) fn fail_status(&self, headers: &HeaderMap, status: &Status) -> Response {
        self.fail(headers, &self.received(status).forward())
    }
}

async fn list(
    State(mut gateway): State<Gateway>,
    headers: HeaderMap,
    Query(request): Query<ListErrorsRequest>,
) -> Response {
    match gateway.client.list_errors(request).await {
        Ok(list) => axum::Json(list.into_inner()).into_response(),
        Err(status) => gateway.fail_status(&headers, &status),
    }
}

/// `/v1/errors/{code}` and `/v1/errors/{code}:raise`, which are one path segment to a router.
async fn one(
    State(mut gateway): State<Gateway>,
    method: Method,
    headers: HeaderMap,
    Path(segment): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Response {
    let (code, verb) = match segment.split_once(':') {
        Some((code, verb)) => (code, Some(verb)),
        None => (segment.as_str(), None),
    };
    let code = match parse(code) {
        Ok(code) => code,
        Err(error) => return gateway.fail(&headers, &error),
    };
    match (verb, method == Method::POST) {
        (Some("raise"), post) => {
            let mut request = RaiseErrorRequest { code, ..Default::default() };
            for (key, value) in query {
                match key.as_str() {
                    "message" => request.message = value,
                    _ => drop(request.metadata.insert(key, value)),
                }
            }
            if post && !body.is_empty() {
                match serde_json::from_slice::<Raise>(&body) {
                    Ok(raise) => {
                        request.message = raise.message.unwrap_or(request.message);
                        request.metadata.extend(raise.metadata);
                    }
                    Err(e) => return gateway.fail(&headers, &bad_body(&e)),
                }
            }
            match gateway.client.raise_error(request).await {
                Ok(_) => StatusCode::NO_CONTENT.into_response(),
                Err(status) => gateway.fail_status(&headers, &status),
            }
        }
        (Some("stream"), false) => stream(gateway, &headers, code, query).await,
        (None, false) => match gateway.client.get_error(GetErrorRequest { code }).await {
            Ok(found) => axum::Json(found.into_inner().entry).into_response(),
            Err(status) => gateway.fail_status(&headers, &status),
        },
        (None, true) => gateway.fail(&headers, &method_not_allowed(gateway.catalog)),
        (Some(_), _) => gateway.fail(&headers, &not_found(&format!("/v1/errors/{segment}"))),
    }
}

/// `/v1/errors/{code}:stream?items=3`: so many items, then the error, in NDJSON or as server-sent events.
async fn stream(
    mut gateway: Gateway,
    headers: &HeaderMap,
    code: u32,
    query: Vec<(String, String)>,
) -> Response {
    let mut request = RaiseErrorStreamRequest { code, ..Default::default() };
    for (key, value) in query {
        match key.as_str() {
            "message" => request.message = value,
            "items" => match value.parse() {
                Ok(items) => request.after_items = items,
                Err(_) => return gateway.fail(headers, &bad_items(&value)),
            },
            _ => drop(request.metadata.insert(key, value)),
        }
    }
    match gateway.client.raise_error_stream(request).await {
        Ok(items) => {
            let items = items.into_inner().map(move |item| match item {
                Ok(item) => Ok(serde_json::json!({ "item": item.item })),
                Err(status) => Err(status.to_received_of(gateway.catalog).forward()),
            });
            let responder = Responder::clone(&gateway.responder);
            StreamBody::new(StreamForm::of_caller(headers), items, responder).into_response().map(Body::new)
        }
        Err(status) => gateway.fail_status(headers, &status),
    }
}

fn bad_items(items: &str) -> ApiError {
    let shown: String = items.chars().take(80).collect();
    ArgumentMissingOrUnparseable { argument: Some("items".into()) }
        .with_message(format!("items is {shown:?}; expected 0 to {MAX_ITEMS}"))
}

/// The body of a raise: what the path does not say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raise {
    message: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

pub(crate) fn parse(code: &str) -> Result<u32, ApiError> {
    code.parse().map_err(|_| {
        let shown: String = code.chars().take(80).collect();
        ArgumentMissingOrUnparseable { argument: Some("code".into()) }
            .with_message(format!("code is {shown:?}; expected 400000 to 599999"))
    })
}

fn bad_body(error: &serde_json::Error) -> ApiError {
    ArgumentMissingOrUnparseable { argument: Some("body".into()) }
        .with_message(format!("the body is no {{\"message\": …, \"metadata\": {{…}}}}: {error}"))
}

fn not_found(path: &str) -> ApiError {
    NotFound { resource: Some(path.to_owned()) }.with_message("there is nothing at this path")
}

fn method_not_allowed(catalog: &'static Catalog) -> ApiError {
    let code = class_code(StatusCode::METHOD_NOT_ALLOWED.as_u16());
    ApiError::from_catalog(catalog, code).unwrap_or_else(|_| codelibra::ErrorCode::UNEXPECTED_ERROR.into())
}

async fn no_route(State(gateway): State<Gateway>, headers: HeaderMap, uri: Uri) -> Response {
    gateway.fail(&headers, &not_found(uri.path()))
}

async fn no_method(State(gateway): State<Gateway>, headers: HeaderMap) -> Response {
    gateway.fail(&headers, &method_not_allowed(gateway.catalog))
}
