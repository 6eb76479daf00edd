//! The errors of the service itself, in the domain of the catalogue that it serves.

use axum::http::StatusCode;
use axum::response::Response;
use codelibra::axum::GatewayError;
use codelibra::codes::{ArgumentMissingOrUnparseable, LimitTooLarge, NotFound};
use codelibra::{ApiError, Catalog, CodeNumber, ErrorCode};

use super::limits::{CLASSES, MAX_ITEMS};
use crate::params;

/// What a handler of the gateway returns. `ErrorLayer` makes the response to an error, and reads an error of the service with
/// the served catalogue.
pub(super) type HandlerResult = Result<Response, GatewayError>;

/// An error of this service. An entry of CodeLibra's catalogue is kept if the served catalogue has the same one, by
/// number and reason; otherwise the code is `CCC000` of the served catalogue. So a caller never receives a code of a
/// domain that the service does not serve, or a parameter that the entry does not declare. Without a message, the summary
/// is that of the served catalogue.
fn own(catalog: &'static Catalog, error: &ApiError, message: Option<String>) -> ApiError {
    let entry = catalog.by_code(error.number()).filter(|entry| entry.reason == error.reason());
    let code = entry.map_or(CodeNumber::from_class(error.http_status().as_u16()), |entry| entry.number());
    let mut own = ApiError::from_number(catalog, code);
    if let Some(message) = message {
        own = own.with_message(message);
    }
    for (key, value) in error.metadata() {
        if params::check_raised(entry, key, value).is_ok() {
            own = own.with_metadata(key, value);
        }
    }
    own
}

/// Returns the error that refuses an argument. It contains the name and the problem.
pub(super) fn unparseable(
    catalog: &'static Catalog,
    argument: impl Into<String>,
    message: impl Into<String>,
) -> ApiError {
    let argument = Some(argument.into());
    own(catalog, &ArgumentMissingOrUnparseable { argument }.into(), Some(message.into()))
}

/// Returns the error that refuses a number of items. `argument` is the name in the request.
pub(super) fn too_many_items(catalog: &'static Catalog, argument: &str, items: u32) -> ApiError {
    let error = LimitTooLarge { limit: Some(items.into()), max_limit: Some(MAX_ITEMS.into()) };
    let message = format!("{argument} is {items}; expected at most {MAX_ITEMS}");
    own(catalog, &error.into(), Some(message))
}

/// Returns the error that refuses the class of a list. `argument` is the name in the request.
pub(super) fn no_class(catalog: &'static Catalog, argument: &str, class: u32) -> ApiError {
    unparseable(catalog, argument, format!("{argument} is {class}; expected {CLASSES}"))
}

pub(super) fn not_found(
    catalog: &'static Catalog,
    resource: impl Into<String>,
    message: impl Into<String>,
) -> ApiError {
    own(catalog, &NotFound { resource: Some(resource.into()) }.into(), Some(message.into()))
}

/// Returns the error for a fault of this service.
pub(super) fn unexpected(catalog: &'static Catalog) -> ApiError {
    own(catalog, &ErrorCode::UNEXPECTED_ERROR.into(), None)
}

/// Returns the error of a class without a specific reason: `CCC000`.
pub(super) fn for_class(catalog: &'static Catalog, status: StatusCode) -> ApiError {
    ApiError::from_number(catalog, CodeNumber::from_class(status.as_u16()))
}
