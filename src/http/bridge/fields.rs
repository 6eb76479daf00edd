//! A failure in gRPC's fields: a trailers-only answer, or trailers.

use ::http::header::{CONTENT_TYPE, HeaderMap};

use super::Call;
use crate::error::ApiError;
use crate::http::{Failing, Responder};
use crate::outbound::{budget::field_len, outgoing::Outgoing};

/// The fields of a trailers-only answer, within the budget.
pub(super) fn trailers_only(call: &Call, failing: Failing<'_>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert(CONTENT_TYPE, call.protocol.content_type());
    write(call, failing, &mut fields);
    fields
}

/// The trailers of an answer, within the budget.
pub(super) fn trailers(call: &Call, failing: Failing<'_>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    write(call, failing, &mut fields);
    fields
}

fn write(call: &Call, failing: Failing<'_>, fields: &mut HeaderMap) {
    call.responder.write_grpc(&call.settle(failing), fields);
}

impl Responder {
    /// Writes an error that may leave into gRPC's fields, within the budget.
    pub(crate) fn write_grpc(&self, error: &ApiError, fields: &mut HeaderMap) {
        let others = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        let mut outgoing = Outgoing::of_error(error).with_infos(self.error_infos);
        self.budget.apply(&mut outgoing, others);
        outgoing.write(fields);
    }
}
