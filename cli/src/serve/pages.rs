//! The catalogue as pages. The errors that they show are responses of the gRPC service.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use codelibra::http::{DetailTypes, Form, Reader, prefers, write_body};
use codelibra::{ApiError, Catalog, ERROR_CODE_HEADER, Entry, GrpcCode, ParamKind};
use serde::Deserialize;

use super::catalog_client::{CatalogClient, request_for};
use super::pb::{ErrorEntry, GetErrorRequest, ListErrorsRequest, RaiseErrorRequest};
use super::refusal::{self, HandlerResult};
use super::{example, next_step};
use crate::find::{look_up, nearest_entries, not_found};
use crate::output;
use crate::params::excerpt;

const HTML: &str = "text/html";

/// The longest body in bytes that is read to show it as a page. Error bodies of this gateway are much smaller.
const MAX_ERROR_BODY: usize = 1 << 20;

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    domain: &'static str,
    query: String,
    rows: Vec<ErrorEntry>,
    total: usize,
}

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    q: String,
}

impl ErrorEntry {
    /// The text that a search matches.
    fn search_text(&self) -> String {
        let Self { code, name, reason, grpc_status, summary, deprecated, .. } = self;
        let deprecated = if deprecated.is_empty() { "" } else { " deprecated" };
        format!("{code} {name} {reason} {grpc_status} {summary}{deprecated}").to_lowercase()
    }
}

pub(crate) async fn list(
    State(mut client): State<CatalogClient>,
    Query(Search { q }): Query<Search>,
    caller: HeaderMap,
) -> HandlerResult {
    let list = client.calls.list_errors(request_for(&caller, ListErrorsRequest::default())).await;
    let mut rows = list?.into_inner().errors;
    let total = rows.len();
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    rows.retain(|row| {
        let text = row.search_text();
        words.iter().all(|word| text.contains(word.as_str()))
    });
    let catalog = client.catalog;
    page(catalog, None, &ListPage { domain: catalog.domain(), query: q, rows, total })
}

/// Redirects `/errors/` to `/errors`.
pub(crate) async fn list_with_slash(uri: Uri) -> Redirect {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::temporary(&format!("/errors{query}"))
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    code: u32,
    name: String,
    summary: String,
    http_status: String,
    grpc: String,
    entry: Option<ErrorEntry>,
    domain: &'static str,
    /// For a code that is not listed.
    nearest: Vec<&'static Entry>,
    bodies: Vec<ExampleBody>,
    message: String,
    details: String,
    origin: String,
    example_query: String,
}

struct ExampleBody {
    form: &'static str,
    media_type: &'static str,
    text: String,
}

/// The page of a failure, for browsers.
#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    code: u32,
    http_status: String,
    message: String,
    domain: &'static str,
    nearest: Vec<&'static Entry>,
}

/// `/errors/403003`. A name, a reason and any other spelling of a code are redirected to it.
pub(crate) async fn one(
    State(client): State<CatalogClient>,
    uri: Uri,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> HandlerResult {
    let catalog = client.catalog;
    let Some(found) = look_up(catalog, &segment) else {
        let resource = format!("errors/{}", excerpt(&segment));
        let error = refusal::not_found(catalog, resource, not_found(catalog, segment.trim()));
        if prefers_json(&headers) {
            return Err(error.into());
        }
        return page(
            catalog,
            Some(&error),
            &FailurePage {
                code: error.number(),
                http_status: output::status(error.http_status().as_u16()),
                message: error.message().to_owned(),
                domain: catalog.domain(),
                nearest: nearest_entries(catalog, segment.trim()),
            },
        );
    };
    let path = format!("/errors/{}", found.number());
    if uri.path() == path {
        code_page(client, &headers, found.number()).await
    } else {
        Ok(Redirect::temporary(&path).into_response())
    }
}

async fn code_page(mut client: CatalogClient, headers: &HeaderMap, code: u32) -> HandlerResult {
    let catalog = client.catalog;
    let (entry, failure) = match client.calls.get_error(request_for(headers, GetErrorRequest { code })).await
    {
        Ok(found) => (found.into_inner().entry, None),
        // For a code that is not listed, the page shows the meaning of its class.
        Err(status) if status.code() == tonic::Code::NotFound && !prefers_json(headers) => {
            (None, Some(client.error(&status)))
        }
        Err(status) => return Err(status.into()),
    };
    let params = entry.iter().flat_map(|entry| &entry.params);
    let params = params.map(|p| (&*p.name, ParamKind::from_name(&p.r#type).unwrap_or(ParamKind::String)));
    let metadata = params.clone().map(|(name, kind)| (name.to_owned(), example::value(kind).to_owned()));
    let (metadata, query) = (metadata.collect(), example::query(params));
    let raise = RaiseErrorRequest { code, message: String::new(), metadata };
    let Err(status) = client.calls.raise_error(raise).await else {
        return Err(refusal::unexpected(catalog).into());
    };
    let received = client.received(&status);
    if received.number() != Some(code) {
        return Err(status.into());
    }
    let error = received.assume_trusted();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    page(
        catalog,
        failure.as_ref(),
        &CodePage {
            code,
            name: entry.as_ref().map_or_else(|| String::from("(not listed)"), |e| e.name.clone()),
            summary: error.message().to_owned(),
            http_status: output::status(error.http_status().as_u16()),
            grpc: grpc(received.grpc_code()),
            domain: catalog.domain(),
            nearest: match entry {
                Some(_) => Vec::new(),
                None => nearest_entries(catalog, &code.to_string()),
            },
            entry,
            bodies: Form::ALL.iter().map(|form| body(*form, &error)).collect(),
            message: status.message().to_owned(),
            details: error.to_details_header(),
            origin: format!("http://{host}"),
            example_query: if query.is_empty() { String::new() } else { format!("?{query}") },
        },
    )
}

/// Turns a coded error into a page for a caller that prefers HTML: a browser. Errors of the API paths are not changed.
pub(crate) async fn for_browsers(
    State(catalog): State<&'static Catalog>,
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
    let error = Reader::from_catalog(catalog).read_body(&bytes);
    let shown = FailurePage {
        code: error.number_or_class(),
        http_status: output::status(parts.status.as_u16()),
        message: error.message().to_owned(),
        domain: catalog.domain(),
        nearest: Vec::new(),
    };
    let Ok(html) = shown.render() else { return Response::from_parts(parts, Body::from(bytes)) };
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

fn grpc(code: GrpcCode) -> String {
    format!("{} ({code})", code.number())
}

/// An example body, indented. On the wire it is one line.
fn body(form: Form, error: &ApiError) -> ExampleBody {
    let bytes = write_body(form, error, DetailTypes::standard());
    let pretty =
        serde_json::from_slice::<serde_json::Value>(&bytes).and_then(|v| serde_json::to_string_pretty(&v));
    let text = pretty.unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned());
    ExampleBody { form: form.name(), media_type: form.media_type(), text }
}

/// A page, with the status and the code of `failure` if there is one.
fn page(catalog: &'static Catalog, failure: Option<&ApiError>, page: &impl Template) -> HandlerResult {
    let html = page.render().map_err(|error| refusal::unexpected(catalog).with_cause(error))?;
    let mut response = Html(html).into_response();
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    if let Some(error) = failure {
        *response.status_mut() = error.http_status();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(ERROR_CODE_HEADER, HeaderValue::from(error.number()));
    }
    Ok(response)
}
