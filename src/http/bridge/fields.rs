//! Writes a failure into gRPC's fields: a trailers-only response, or trailers.

use ::http::header::{CONTENT_TYPE, HeaderMap};

use super::BridgeCall;
use crate::http::Responder;
use crate::outbound::budget::field_len;
use crate::outbound::failure::Failure;
use crate::outbound::sent_error::SentError;

/// Returns the fields of a trailers-only response, within the budget.
pub(super) fn trailers_only(call: &BridgeCall, failure: &Failure<'_>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert(CONTENT_TYPE, call.protocol.content_type());
    write(call, failure, &mut fields);
    fields
}

/// Returns the trailers of a response, within the budget.
pub(super) fn trailers(call: &BridgeCall, failure: &Failure<'_>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    write(call, failure, &mut fields);
    fields
}

fn write(call: &BridgeCall, failure: &Failure<'_>, fields: &mut HeaderMap) {
    call.responder.write_grpc(call.finish_and_log(failure), fields);
}

impl Responder {
    /// Writes an error that was decided on into gRPC's fields, within the budget.
    pub(crate) fn write_grpc(&self, error: SentError<'_>, fields: &mut HeaderMap) {
        let others = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        let mut error = error.for_fields(self.policy.error_infos);
        self.policy.budget.apply(&mut error, others);
        error.write(fields);
    }
}
