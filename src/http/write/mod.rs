//! The writer: one struct for each form, serialized directly into the body.

mod bodies;
mod details;

use serde::Serialize;
use serde_json::Serializer;

use self::details::BodyFormatter;
pub(super) use self::details::ENCODING;
use super::{DetailTypes, Form};
use crate::error::ApiError;
use crate::outbound::sent_error::SentError;
use crate::wire::details::Detail;
use crate::wire::write::WrittenInfos;

/// Writes the body of an error, in UTF-8, without a boundary: [`Responder`](super::Responder) applies one.
///
/// Each form contains the code, the domain, the reason, the message, the metadata and the details. No form contains the
/// private cause. Details of the given `types` are ProtoJSON, other details are base64.
///
/// [`Form::Aip193`] and [`Form::RpcStatus`] contain google.rpc.ErrorInfo and not `codelibra.error.v1.ErrorInfo`, because a
/// parser of protobuf JSON that does not know the type of a detail rejects the whole body. [`Form::Connect`] contains both,
/// unless the error [requests google's alone](ApiError::with_error_infos).
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::http::{DetailTypes, Form, write_body};
///
/// let body = write_body(Form::RpcStatus, &ErrorCode::USER_BANNED.into(), DetailTypes::standard());
/// assert!(body.starts_with(br#"{"code":7,"message":"#));
/// ```
pub fn write_body(form: Form, error: &ApiError, types: &DetailTypes) -> Vec<u8> {
    let error = SentError::from_error(error);
    write_sent(form, &error, types, error.infos)
}

/// Writes the body of an error that was decided on, in the Connect form with these ErrorInfos.
pub(super) fn write_sent(
    form: Form,
    error: &SentError<'_>,
    types: &DetailTypes,
    infos: WrittenInfos,
) -> Vec<u8> {
    match form {
        Form::Native => to_vec(&bodies::Native::new(error, types)),
        Form::Problem => to_vec(&bodies::Problem::new(error, types)),
        Form::Aip193 => to_vec(&bodies::Aip193::new(error, types)),
        Form::RpcStatus => to_vec(&bodies::RpcStatus::new(error, types)),
        Form::Connect => to_vec(&bodies::Connect::new(error, types, infos)),
    }
}

impl DetailTypes {
    /// Returns a detail as bodies contain it: ProtoJSON with `@type`, or base64 in the member `value` if the type is not
    /// known or ProtoJSON would lose a part of it.
    pub fn to_json<'a>(&'a self, detail: Detail<'a>) -> impl Serialize + 'a {
        details::AnyDetail { detail, types: self }
    }
}

fn to_vec(body: &impl Serialize) -> Vec<u8> {
    // Enough for most bodies.
    let mut out = Vec::with_capacity(1024);
    // Writing to memory fails only if a value cannot be JSON; all of these can.
    let written = body.serialize(&mut Serializer::with_formatter(&mut out, BodyFormatter));
    debug_assert!(written.is_ok(), "{written:?}");
    out
}
