//! One error as a server sends it, over gRPC and over HTTP in every form.

use codelibra::http::{DetailTypes, Form, write_body};
use codelibra::{ApiError, Catalog};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::example;

/// What a page shows of an error.
pub(crate) struct Sample {
    pub(crate) message: String,
    /// `grpc-status-details-bin`.
    pub(crate) details_header: String,
    /// The details of that field as JSON, as the library's own writer writes them.
    pub(crate) details: String,
    pub(crate) bodies: Vec<SampleBody>,
}

pub(crate) struct SampleBody {
    pub(crate) form: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) text: String,
}

impl Sample {
    pub(crate) fn new(error: &ApiError) -> Self {
        Self {
            message: error.message().to_owned(),
            details_header: error.to_details_header(),
            details: pretty(&decoded(error)),
            bodies: Form::ALL.iter().map(|form| body(*form, error)).collect(),
        }
    }
}

/// The details as ProtoJSON. The Connect form has the same details as the field, each with its ProtoJSON in `debug`.
fn decoded(error: &ApiError) -> Vec<Value> {
    let body: Value = from_json(&write_body(Form::Connect, error, DetailTypes::standard()));
    let details = body.get("details").and_then(Value::as_array).cloned().unwrap_or_default();
    let details = details.into_iter().map(|mut detail| {
        let mut take = |name| detail.get_mut(name).map(Value::take).unwrap_or_default();
        let mut any = Map::from_iter([(String::from("@type"), take("type"))]);
        match take("debug") {
            Value::Object(message) => any.extend(message),
            _ => any.extend([(String::from("value"), take("value"))]),
        }
        Value::Object(any)
    });
    details.collect()
}

/// An error with an example value for each parameter. The code is listed, or a valid number.
pub(crate) fn example_error(catalog: &'static Catalog, code: codelibra::CodeNumber) -> ApiError {
    let mut error = ApiError::from_number(catalog, code);
    for param in catalog.by_code(code.as_u32()).map(|entry| entry.params).unwrap_or_default() {
        error = error.with_metadata(param.name, example::value(param.kind));
    }
    error
}

/// A body, indented. On the wire it is one line.
fn body(form: Form, error: &ApiError) -> SampleBody {
    let value = from_json(&write_body(form, error, DetailTypes::standard()));
    SampleBody { form: form.name(), media_type: form.media_type(), text: pretty(&value) }
}

/// Reads a body that the library wrote.
fn from_json(body: &[u8]) -> Value {
    let value = serde_json::from_slice(body);
    debug_assert!(value.is_ok(), "{value:?}");
    value.unwrap_or_default()
}

fn pretty(value: &impl Serialize) -> String {
    let pretty = serde_json::to_string_pretty(value);
    debug_assert!(pretty.is_ok(), "{pretty:?}");
    pretty.unwrap_or_default()
}
