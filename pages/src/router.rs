//! The pages as a router of axum.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use codelibra::{ApiError, CatalogCode, CodeNumber, ERROR_CODE_HEADER};
use serde::Serialize;

use crate::failure::ErrorPage;
use crate::files::json;
use crate::links::Links;
use crate::list::Filter;
use crate::lookup::{Found, look_up};
use crate::pages::Pages;
use crate::sample::example_error;

/// Returns a router with the pages of a catalogue, for [`Router::merge`]: the list at `path`, such as `/errors`, and each code
/// below it. Names and reasons redirect to their code. `/errors/403003.json` is an entry, and `/errors/catalog.json` all of them.
///
/// The pages link to each other with relative addresses, so the router also works in a router that is nested, and behind a
/// proxy that removes a prefix. An address below `path` without a page is a 404 that names the nearest codes, and has the field
/// `codelibra-error-code`.
///
/// ```
/// use axum::{Router, routing::get};
/// use codelibra::ErrorCode;
///
/// let app: Router = Router::new()
///     .route("/users", get(|| async { "users" }))
///     .merge(codelibra_pages::router::<ErrorCode, _>("/errors"));
/// ```
///
/// # Panics
///
/// Panics if `path` does not start with `/`, as [`Router::route`] does.
pub fn router<C: CatalogCode, S: Clone + Send + Sync + 'static>(path: &str) -> Router<S> {
    let path = path.trim_end_matches('/');
    let name = path.rsplit_once('/').map_or("", |(_, name)| name);
    let mounted = Mounted { pages: Pages::new(C::catalog()), name: name.to_owned() };
    let router = Router::new()
        .route(&format!("{path}/"), if path.is_empty() { get(list) } else { get(list_with_slash) })
        .route(&format!("{path}/{{segment}}"), get(one))
        .route(&format!("{path}/{{segment}}/"), get(with_slash));
    let router = if path.is_empty() { router } else { router.route(path, get(list)) };
    router.with_state(Arc::new(mounted))
}

struct Mounted {
    pages: Pages,
    /// The last part of the path of the list; empty for `/`.
    name: String,
}

impl Mounted {
    /// The links of the list.
    fn links_of_list(&self) -> Links {
        Links::from_base(if self.name.is_empty() { "." } else { self.name.as_str() })
    }

    /// The links of the pages of codes, which are one level below the list.
    fn links_of_code(&self) -> Links {
        Links::from_base(if self.name.is_empty() { String::from(".") } else { format!("../{}", self.name) })
    }
}

type Shared = State<Arc<Mounted>>;

async fn list(State(mounted): Shared, Query(filter): Query<Filter>) -> Html<String> {
    Html(mounted.pages.list(&mounted.links_of_list(), &filter))
}

async fn list_with_slash(State(mounted): Shared) -> Response {
    redirect(&format!("../{}", mounted.name))
}

/// `/errors/403003/` and `/errors/UserBanned/`.
async fn with_slash(State(mounted): Shared, Path(segment): Path<String>) -> Response {
    match look_up(mounted.pages.catalog, &segment) {
        Some(found) => redirect(&format!("../{}", found.number())),
        None => {
            mounted.not_found(&Links::from_base(format!("../{}", mounted.links_of_code().list())), &segment)
        }
    }
}

/// `/errors/403003`, `/errors/403003.json`, `/errors/catalog.json`, and names and reasons.
async fn one(State(mounted): Shared, Path(segment): Path<String>) -> Response {
    let catalog = mounted.pages.catalog;
    let links = mounted.links_of_code();
    if segment == "catalog.json" {
        return entries(&catalog.entries());
    }
    if let Some(found) = segment.strip_suffix(".json").and_then(|name| look_up(catalog, name)) {
        return match found {
            Found::Listed(entry) => entries(entry),
            Found::Unlisted(_) => mounted.not_found(&links, &segment),
        };
    }
    match look_up(catalog, &segment) {
        Some(found) if found.number().to_string() != segment => redirect(&found.number().to_string()),
        Some(Found::Listed(entry)) => {
            Html(mounted.pages.code(&links, &example_error(catalog, entry.number()), None)).into_response()
        }
        // The page shows what follows from the class.
        Some(Found::Unlisted(code)) => {
            mounted.missing(mounted.pages.code(&links, &example_error(catalog, code), None))
        }
        None => mounted.not_found(&links, segment.trim()),
    }
}

impl Mounted {
    fn not_found(&self, links: &Links, wanted: &str) -> Response {
        let error = ApiError::from_number(self.pages.catalog, CodeNumber::from_class(404));
        let message = "The catalogue has no such code, name or reason.";
        let (code, status) = (error.number(), 404);
        self.missing(self.pages.failure(links, &ErrorPage { code, status, message, wanted: Some(wanted) }))
    }

    fn missing(&self, html: String) -> Response {
        let code = HeaderValue::from(CodeNumber::from_class(404).as_u32());
        let fields: [(HeaderName, HeaderValue); 2] =
            [(ERROR_CODE_HEADER, code), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (StatusCode::NOT_FOUND, fields, Html(html)).into_response()
    }
}

fn entries(value: &impl Serialize) -> Response {
    ([(CONTENT_TYPE, "application/json")], json(value)).into_response()
}

/// Redirects to a relative address (RFC 9110 §10.2.2).
fn redirect(target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(target) => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, target)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
