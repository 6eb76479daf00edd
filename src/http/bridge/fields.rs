//! A failure in gRPC's fields, written as a trailers-only answer.

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::ApiError;
use crate::outgoing::{Budget, Outgoing, field_len};

/// The fields of a trailers-only answer, within the budget.
pub(super) fn write(error: &ApiError, budget: Budget, fields: &mut HeaderMap) {
    let content_type = HeaderValue::from_static("application/grpc");
    let others = field_len(CONTENT_TYPE.as_str(), content_type.len());
    fields.insert(CONTENT_TYPE, content_type);
    let mut outgoing = Outgoing::of_error(error);
    budget.apply(&mut outgoing, others);
    outgoing.write(fields);
}
