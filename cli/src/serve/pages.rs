//! The catalogue as pages. What they show of an error is what the service answered.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{Html, IntoResponse};
use codelibra::http::{DetailTypes, Form, write_body};
use codelibra::{ApiError, ErrorCode, GrpcCode, ParamKind};
use serde::Deserialize;

use super::gateway::{Answered, Gateway, parse};
use super::pb::{ErrorEntry, GetErrorRequest, ListErrorsRequest, RaiseErrorRequest};

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
    /// What a search looks in.
    fn search_text(&self) -> String {
        let Self { code, name, reason, grpc_status, summary, .. } = self;
        format!("{code} {name} {reason} {grpc_status} {summary}").to_lowercase()
    }
}

pub(crate) async fn list(State(mut gateway): State<Gateway>, Query(Search { q }): Query<Search>) -> Answered {
    let list = gateway.client.list_errors(ListErrorsRequest::default()).await;
    let mut rows = list.map_err(|status| gateway.error(&status))?.into_inner().errors;
    let total = rows.len();
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    rows.retain(|row| {
        let text = row.search_text();
        words.iter().all(|word| text.contains(word.as_str()))
    });
    page(&ListPage { domain: gateway.catalog.domain(), query: q, rows, total })
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
    bodies: Vec<Body>,
    message: String,
    details: String,
    origin: String,
    example_query: String,
}

struct Body {
    form: &'static str,
    media_type: &'static str,
    text: String,
}

pub(crate) async fn one(
    State(mut gateway): State<Gateway>,
    headers: HeaderMap,
    Path(segment): Path<String>,
) -> Answered {
    let code = parse(&segment)?;
    let entry = match gateway.client.get_error(GetErrorRequest { code }).await {
        Ok(found) => found.into_inner().entry,
        // Not listed: the page says what its class says.
        Err(status) if status.code() == tonic::Code::NotFound => None,
        Err(status) => return Err(gateway.error(&status)),
    };
    let params = entry.iter().flat_map(|entry| &entry.params);
    let examples: Vec<(String, &str)> = params.map(|p| (p.name.clone(), example(&p.r#type))).collect();
    let metadata = examples.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect();
    let raise = RaiseErrorRequest { code, message: String::new(), metadata };
    let Err(status) = gateway.client.raise_error(raise).await else {
        return Err(ErrorCode::UNEXPECTED_ERROR.into());
    };
    let received = gateway.received(&status);
    if received.number() != Some(code) {
        return Err(gateway.error(&status));
    }
    let error = received.forward();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:8080");
    let query: Vec<String> = examples.iter().map(|(name, value)| format!("{name}={value}")).collect();
    page(&CodePage {
        code,
        name: entry.as_ref().map_or_else(|| String::from("(not listed)"), |e| e.name.clone()),
        summary: error.message().to_owned(),
        http_status: error.http_status().to_string(),
        grpc: grpc(received.grpc_code()),
        entry,
        bodies: Form::ALL.iter().map(|form| body(*form, &error)).collect(),
        message: status.message().to_owned(),
        details: error.to_details_header(),
        origin: format!("http://{host}"),
        example_query: if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) },
    })
}

fn grpc(code: GrpcCode) -> String {
    format!("{} ({code})", code.number())
}

/// A value to show a parameter with.
fn example(kind: &str) -> &'static str {
    match ParamKind::from_name(kind) {
        Some(ParamKind::Int64) => "500",
        Some(ParamKind::Bool) => "true",
        Some(ParamKind::Timestamp) => "2026-01-31T09:30:00Z",
        Some(ParamKind::Duration) => "1.5s",
        _ => "example",
    }
}

/// Indented for people; on the wire it is one line.
fn body(form: Form, error: &ApiError) -> Body {
    let bytes = write_body(form, error, DetailTypes::standard());
    let pretty =
        serde_json::from_slice::<serde_json::Value>(&bytes).and_then(|v| serde_json::to_string_pretty(&v));
    let text = pretty.unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned());
    Body { form: form.name(), media_type: form.media_type(), text }
}

fn page(page: &impl Template) -> Answered {
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(ApiError::from(ErrorCode::UNEXPECTED_ERROR).with_cause(error)),
    }
}
