//! Conversions between the suite's messages and the types of `http` and tonic.

use http::{HeaderMap, HeaderName, HeaderValue};
use prost::{Message, Name};
use prost_types::Any;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::proto::{Error, Header};

/// Returns the fields that the suite asks for. Values of `-bin` fields are already base64.
///
/// # Errors
///
/// Returns INVALID_ARGUMENT with the name of a field that HTTP does not allow.
pub(crate) fn to_fields<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Result<HeaderMap, Status> {
    let mut fields = HeaderMap::new();
    for Header { name, value } in headers {
        let wrong =
            |error: &dyn std::error::Error| Status::invalid_argument(format!("field {name:?}: {error}"));
        let name = HeaderName::try_from(name.as_str()).map_err(|error| wrong(&error))?;
        for value in value {
            let value = HeaderValue::try_from(value.as_str()).map_err(|error| wrong(&error))?;
            fields.append(name.clone(), value);
        }
    }
    Ok(fields)
}

pub(crate) fn to_headers(metadata: &MetadataMap) -> Vec<Header> {
    let fields: &HeaderMap = metadata.as_ref();
    let value =
        |name| fields.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into());
    fields.keys().map(|name| Header { name: name.to_string(), value: value(name).collect() }).collect()
}

pub(crate) fn to_any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() }
}

/// Returns the status of an error that the suite asks for.
pub(crate) fn to_status(error: Error, fields: HeaderMap) -> Status {
    let message = error.message.unwrap_or_default();
    let details = if error.details.is_empty() {
        Vec::new()
    } else {
        let Error { code, details, .. } = error;
        tonic_types::pb::Status { code, message: message.clone(), details }.encode_to_vec()
    };
    let code = Code::from_i32(error.code);
    Status::with_details_and_metadata(code, message, details.into(), MetadataMap::from_headers(fields))
}

/// Returns the error that the suite reads from a status.
pub(crate) fn to_error(status: &Status) -> Error {
    let details = tonic_types::pb::Status::decode(status.details()).map(|status| status.details);
    Error {
        code: status.code().into(),
        message: Some(status.message().to_owned()),
        details: details.unwrap_or_default(),
    }
}
