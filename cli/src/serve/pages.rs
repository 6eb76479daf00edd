//! The catalogue as pages. The errors that they show are responses of the gRPC service.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use codelibra::http::{Form, Reader, prefers};
use codelibra::{ApiError, Catalog, ERROR_CODE_HEADER};
use codelibra_pages::{ErrorPage, Filter, Links, Pages, example};

use super::catalog_client::{CatalogClient, request_for};
use super::pb::{GetErrorRequest, ListErrorsRequest, RaiseErrorRequest};
use super::refusal::{self, HandlerResult};
use crate::find::{look_up, not_found};
use crate::params::excerpt;

const HTML: &str = "text/html";

/// The longest body in bytes that is read to show it as a page. Error bodies of this gateway are much smaller.
const MAX_ERROR_BODY: usize = 1 << 20;

/// The pages of the served catalogue, with their addresses.
#[derive(Debug)]
pub(crate) struct ServedPages {
    catalog: &'static Catalog,
    pages: Pages,
    links: Links,
}

/// The state of the handlers of pages.
#[derive(Clone)]
pub(super) struct PageState {
    pub(super) client: CatalogClient,
    pub(super) pages: Arc<ServedPages>,
}

impl ServedPages {
    pub(super) fn new(catalog: &'static Catalog) -> Self {
        let links = Links::from_base("/errors").with_api("/v1/errors");
        Self { catalog, pages: Pages::new(catalog), links }
    }

    fn failure(&self, error: &ApiError, status: StatusCode, wanted: Option<&str>) -> String {
        let (code, status, message) = (error.number(), status.as_u16(), error.message());
        self.pages.failure(&self.links, &ErrorPage { code, status, message, wanted })
    }
}

pub(super) async fn list(
    State(PageState { mut client, pages }): State<PageState>,
    Query(filter): Query<Filter>,
    caller: HeaderMap,
) -> HandlerResult {
    // The list is a response of the service, as every other one.
    client.calls.list_errors(request_for(&caller, ListErrorsRequest::default())).await?;
    Ok(page(None, pages.pages.list(&pages.links, &filter)))
}

/// Redirects `/errors/` to `/errors`.
pub(super) async fn list_with_slash(uri: Uri) -> Redirect {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::temporary(&format!("/errors{query}"))
}

/// `/errors/403003`. A name, a reason and any other spelling of a code are redirected to it.
pub(super) async fn one(
    State(state): State<PageState>,
    uri: Uri,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> HandlerResult {
    let catalog = state.client.catalog;
    let Some(found) = look_up(catalog, &segment) else {
        let resource = format!("errors/{}", excerpt(&segment));
        let error = refusal::not_found(catalog, resource, not_found(catalog, segment.trim()));
        if prefers_json(&headers) {
            return Err(error.into());
        }
        let html = state.pages.failure(&error, error.http_status(), Some(segment.trim()));
        return Ok(page(Some(&error), html));
    };
    let path = format!("/errors/{}", found.number());
    if uri.path() == path {
        code_page(state, &headers, found.number()).await
    } else {
        Ok(Redirect::temporary(&path).into_response())
    }
}

async fn code_page(state: PageState, headers: &HeaderMap, code: u32) -> HandlerResult {
    let PageState { mut client, pages } = state;
    let (entry, failure) = match client.calls.get_error(request_for(headers, GetErrorRequest { code })).await
    {
        Ok(_) => (client.catalog.by_code(code), None),
        // For a code that is not listed, the page shows the meaning of its class.
        Err(status) if status.code() == tonic::Code::NotFound && !prefers_json(headers) => {
            (None, Some(client.error(&status)))
        }
        Err(status) => return Err(status.into()),
    };
    let params = entry.map(|entry| entry.params).unwrap_or_default().iter();
    let metadata =
        params.map(|param| (param.name.to_owned(), example::value(param.kind).to_owned())).collect();
    let raise = RaiseErrorRequest { code, message: String::new(), metadata };
    let Err(status) = client.calls.raise_error(raise).await else {
        return Err(refusal::unexpected(client.catalog).into());
    };
    let received = client.received(&status);
    if received.number() != Some(code) {
        return Err(status.into());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let origin = format!("http://{host}");
    Ok(page(failure.as_ref(), pages.pages.code(&pages.links, &received.assume_trusted(), Some(&origin))))
}

/// Turns a coded error into a page for a caller that prefers HTML: a browser. Errors of the API paths are not changed.
pub(super) async fn for_browsers(
    State(pages): State<Arc<ServedPages>>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/v1/");
    let wants_page = !is_api && prefers_html(request.headers());
    let is_head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    let is_page = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(HTML.as_bytes()));
    if !wants_page || is_page || !response.headers().contains_key(ERROR_CODE_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_ERROR_BODY).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let error = Reader::from_catalog(pages.catalog).read_body(&bytes).assume_trusted();
    let html = pages.failure(&error, parts.status, None);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, if is_head { Body::empty() } else { Body::from(html) })
}

/// The media types of error bodies.
const JSON: [Form; 2] = [Form::Native, Form::Problem];

/// Returns whether the caller prefers HTML to an error body, as browsers do.
fn prefers_html(headers: &HeaderMap) -> bool {
    JSON.iter().all(|form| prefers(headers, HTML, form.media_type()))
}

/// Returns whether the caller prefers an error body to HTML.
fn prefers_json(headers: &HeaderMap) -> bool {
    JSON.iter().any(|form| prefers(headers, form.media_type(), HTML))
}

/// A page, with the status and the code of `failure` if there is one.
fn page(failure: Option<&ApiError>, html: String) -> Response {
    let mut response = Html(html).into_response();
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    if let Some(error) = failure {
        *response.status_mut() = error.http_status();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(ERROR_CODE_HEADER, HeaderValue::from(error.number()));
    }
    response
}
