//! The writer: one struct a form, serialized straight into the body.

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

/// Writes the body of an error, in UTF-8.
///
/// Code, domain, reason, message, metadata and details are all in it, whatever the form; the cause never is.
/// Details whose type `types` knows are ProtoJSON, others are base64.
///
/// [`Form::Aip193`] and [`Form::RpcStatus`] contain google.rpc.ErrorInfo and not `codelibra.error.v1.ErrorInfo`: a parser
/// of protobuf JSON that does not know a detail's type refuses the whole body. [`Form::Connect`] contains both, unless the
/// error [asks for google's alone](ApiError::with_error_infos).
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
    /// The detail as bodies have it: ProtoJSON with its `@type`, or base64 under `value` where its type is not
    /// known or JSON would lose something of it.
    pub fn to_json<'a>(&'a self, detail: Detail<'a>) -> impl Serialize + 'a {
        details::AnyDetail { detail, types: self }
    }
}

fn to_vec(body: &impl Serialize) -> Vec<u8> {
    // Most bodies fit.
    let mut out = Vec::with_capacity(1024);
    // Writing to memory fails only if a value cannot be JSON; all of these can.
    let written = body.serialize(&mut Serializer::with_formatter(&mut out, BodyFormatter));
    debug_assert!(written.is_ok(), "{written:?}");
    out
}
