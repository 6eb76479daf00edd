//! Writes a failure into gRPC's fields: a trailers-only response, or trailers.

use ::http::header::{CONTENT_TYPE, HeaderMap};

use super::BridgeCall;
use crate::outbound::failure::Failure;
use crate::outbound::log::Transport;

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
    call.responder.finish_in_fields(Transport::Http, &call.caller, failure, fields);
}
