//! The HTTP gateway: every response comes from the gRPC service.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Path, Query, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use codelibra::axum::ErrorLayer;
use codelibra::http::{Form, Responder, StreamBody, StreamForm};
use codelibra::{ApiError, Boundary, Catalog, ErrorInfos};
use tokio_stream::StreamExt;
use tonic::transport::Endpoint;

use super::asked::Asked;
use super::catalog_client::{CatalogClient, request_for};
use super::limits::Limits;
use super::pages::{self, PageState, ServedPages};
use super::pb::{GetErrorRequest, ListErrorsRequest, RaiseErrorRequest, RaiseErrorStreamRequest};
use super::refusal::{self, HandlerResult};
use super::slow_body::SlowBodies;
use super::streams::{Streams, stream_endpoint};
use crate::failure::Failure;
use crate::find::{named, nearest_entries};
use crate::nearest::nearest_of;
use crate::params::excerpt;

/// The state of the handlers.
#[derive(Clone)]
pub(crate) struct Gateway {
    client: CatalogClient,
    pages: Arc<ServedPages>,
    /// A client with a connection of its own, for streams: see [`streams`](super::streams).
    stream_client: CatalogClient,
    streams: Streams,
    catalog: &'static Catalog,
    responder: Arc<Responder>,
}

impl FromRef<Gateway> for PageState {
    fn from_ref(gateway: &Gateway) -> Self {
        Self { client: gateway.client.clone(), pages: Arc::clone(&gateway.pages) }
    }
}

/// The gateway to the service at `grpc`, which must be accepting connections.
pub(crate) async fn router(
    catalog: &'static Catalog,
    grpc: SocketAddr,
    form: Form,
    infos: ErrorInfos,
    limits: Limits,
) -> Result<Router, Failure> {
    let cannot = |e| Failure::bad_input(format_args!("cannot connect to {grpc}: {e}"));
    let endpoint = Endpoint::from_shared(format!("http://{grpc}")).map_err(cannot)?;
    let stream_endpoint = stream_endpoint(endpoint.clone(), &limits);
    // The client connects now, so that callers that use all file descriptors later cannot prevent it.
    let client = CatalogClient::connect(catalog, &endpoint).await.map_err(cannot)?;
    let stream_client = CatalogClient::connect(catalog, &stream_endpoint).await.map_err(cannot)?;
    let slow_bodies = SlowBodies { catalog, patience: limits.read_timeout };
    // The gRPC server has applied its boundary already.
    let responder = Responder::from_catalog(catalog)
        .form(form)
        .error_infos(infos)
        .boundary(Boundary::internal())
        .challenge(challenge(catalog));
    let pages = Arc::new(ServedPages::new(catalog));
    let gateway = Gateway {
        client,
        pages: Arc::clone(&pages),
        stream_client,
        streams: Streams::new(catalog, limits),
        catalog,
        responder: Arc::new(responder.clone()),
    };
    Ok(Router::new()
        .route("/", get(|| async { Redirect::temporary("/errors") }))
        .route("/v1/errors", get(list))
        .route("/v1/errors/{code}", any(one))
        .route("/errors", get(pages::list))
        .route("/errors/", get(pages::list_with_slash))
        .route("/errors/{code}", get(pages::one))
        .route("/errors/{code}/", get(pages::one))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(slow_bodies, SlowBodies::refuse))
        // Adds codes to axum's own responses: a path that is not UTF-8, a body that is too large, a panic.
        .layer(ErrorLayer::new(responder))
        // Outermost: a browser receives a page for every failure.
        .layer(from_fn_with_state(pages, pages::for_browsers))
        .with_state(gateway))
}

impl Gateway {
    /// RFC 9110 §15.5.6: the response lists the methods in `Allow`.
    fn no_method(&self, allowed: &'static str) -> Response {
        ([(ALLOW, allowed)], self.method_not_allowed()).into_response()
    }

    fn method_not_allowed(&self) -> ApiError {
        refusal::for_class(self.catalog, StatusCode::METHOD_NOT_ALLOWED)
    }

    fn parse(&self, code: &str) -> Result<u32, ApiError> {
        // `parse` also accepts a sign.
        let number = code.parse().ok().filter(|_| code.bytes().all(|byte| byte.is_ascii_digit()));
        number.ok_or_else(|| {
            let nearest = nearest_of(nearest_entries(self.catalog, code).into_iter().map(named));
            let message = format!("code is {:?}; expected 400000 to 599999{nearest}", excerpt(code));
            refusal::unparseable(self.catalog, "code", message)
        })
    }

    fn no_route(&self, path: &str) -> ApiError {
        refusal::not_found(self.catalog, path, "there is nothing at this path; the catalogue is at /errors")
    }
}

/// The parameters of a query, in their order.
type QueryPairs = Query<Vec<(String, String)>>;

impl Gateway {
    async fn list(&self, query: Vec<(String, String)>, caller: &HeaderMap) -> HandlerResult {
        let mut asked = Asked::new(self.catalog, query)?;
        let http_status = asked.take_class()?;
        asked.finish("class")?;
        let list = self
            .client
            .calls
            .clone()
            .list_errors(request_for(caller, ListErrorsRequest { http_status }))
            .await?;
        Ok(axum::Json(list.into_inner()).into_response())
    }

    async fn entry(&self, code: &str, query: Vec<(String, String)>, caller: &HeaderMap) -> HandlerResult {
        let code = self.parse(code)?;
        Asked::new(self.catalog, query)?.finish("none; `:raise` accepts them")?;
        let found =
            self.client.calls.clone().get_error(request_for(caller, GetErrorRequest { code })).await?;
        Ok(axum::Json(found.into_inner().entry).into_response())
    }

    async fn raise(
        &self,
        code: &str,
        query: Vec<(String, String)>,
        body: &[u8],
        caller: &HeaderMap,
    ) -> HandlerResult {
        let code = self.parse(code)?;
        let mut asked = Asked::new(self.catalog, query)?;
        asked.check_metadata(code)?;
        asked.add_body(body)?;
        let message = asked.take_message();
        let request = RaiseErrorRequest { code, message, metadata: asked.into_metadata() };
        self.client.calls.clone().raise_error(request_for(caller, request)).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Sends this many items and then the error, in NDJSON or as server-sent events.
    async fn stream(&self, code: &str, query: Vec<(String, String)>, request: &Parts) -> HandlerResult {
        let code = self.parse(code)?;
        let mut asked = Asked::new(self.catalog, query)?;
        let (message, after_items) = (asked.take_message(), asked.take_items()?);
        asked.check_metadata(code)?;
        let raise = RaiseErrorStreamRequest { code, message, metadata: asked.into_metadata(), after_items };
        let permit = self.streams.admit(request)?;
        let items =
            self.stream_client.calls.clone().raise_error_stream(request_for(&request.headers, raise)).await?;
        let client = self.stream_client.clone();
        let items = items.into_inner().map(move |item| match item {
            Ok(item) => Ok(serde_json::json!({ "item": item.item })),
            Err(status) => Err(client.error(&status)),
        });
        let items = self.streams.read_ahead(permit, items);
        let responder = Responder::clone(&self.responder);
        let body =
            StreamBody::new(StreamForm::from_accept(&request.headers), items, responder).caller(request);
        Ok(body.into_response().map(Body::new))
    }
}

async fn list(State(gateway): State<Gateway>, Query(query): QueryPairs, caller: HeaderMap) -> HandlerResult {
    gateway.list(query, &caller).await
}

const READ: &str = "GET,HEAD";
const READ_OR_POST: &str = "GET,HEAD,POST";

/// `/v1/errors/{code}`, `/v1/errors/{code}:raise` and `/v1/errors/{code}:stream`, which are one path segment to a
/// router.
async fn one(
    State(gateway): State<Gateway>,
    request: Parts,
    Path(segment): Path<String>,
    Query(query): QueryPairs,
    body: Bytes,
) -> HandlerResult {
    let (code, verb) = match segment.split_once(':') {
        Some((code, verb)) => (code, Some(verb)),
        None => (segment.as_str(), None),
    };
    let caller = &request.headers;
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    match verb {
        Some("raise") if reads => gateway.raise(code, query, b"", caller).await,
        Some("raise") if request.method == Method::POST => gateway.raise(code, query, &body, caller).await,
        Some("raise") => Ok(gateway.no_method(READ_OR_POST)),
        Some("stream") if reads => gateway.stream(code, query, &request).await,
        None if reads => gateway.entry(code, query, caller).await,
        Some("stream") | None => Ok(gateway.no_method(READ)),
        Some(_) => Err(gateway.no_route(&format!("/v1/errors/{segment}")).into()),
    }
}

/// `WWW-Authenticate` of every 401. A domain contains no quote, by the rules of catalogues.
fn challenge(catalog: &Catalog) -> HeaderValue {
    let realm = HeaderValue::try_from(format!("Bearer realm=\"{}\"", catalog.domain()));
    realm.unwrap_or(HeaderValue::from_static("Bearer"))
}

async fn no_route(State(gateway): State<Gateway>, uri: Uri) -> ApiError {
    gateway.no_route(uri.path())
}

/// axum adds `Allow`.
async fn no_method(State(gateway): State<Gateway>) -> ApiError {
    gateway.method_not_allowed()
}
