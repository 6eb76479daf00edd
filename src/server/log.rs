//! What of a failure is for the log.

use std::error::Error;

use tonic::Status;

use super::failure::Failure;
use super::layer::Call;
use super::request_id::RequestId;
use crate::guard::Panic;
use crate::outbound::log;
use crate::outbound::log::{Door, Event, Leaves, Said};
use crate::outbound::outgoing::Outgoing;

/// Logs a failure once.
pub(super) fn failure(call: &Call, failure: &Failure<'_>, outgoing: &Outgoing<'_>, status: Option<&Status>) {
    let cause = failure.cause.as_deref().map(|cause| -> &(dyn Error + 'static) { cause });
    let event = Event {
        limit: call.config.log_limit,
        request: Some(&call.request),
        origin: call.origin(failure),
        request_id: outgoing.request_id,
        received: failure.received,
        said: match outgoing.whole {
            Some(_) => Said::Nothing,
            None => Said::Status(&failure.message, &failure.details),
        },
        leaves: Leaves {
            catalog: call.config.catalog,
            code: outgoing.code,
            grpc_code: outgoing.grpc_code,
            domain: outgoing.domain,
            reason: outgoing.reason,
            message: &outgoing.message,
            metadata: outgoing.metadata.len(),
            details: &outgoing.details,
        },
        cause: cause.or_else(|| status.and_then(Error::source)),
        removed_fields: &failure.removed_fields,
        panic: failure.panic.as_ref().map(Panic::text),
    };
    event.write(Door::Server);
}

/// Logs a panic of a drop, whose call already has its answer.
#[cold]
pub(super) fn panic_in_drop(call: &Call, panic: &Panic) {
    let request_id = call.request_id.unwrap_or_else(RequestId::made);
    let (limit, request) = (call.config.log_limit, Some(&call.request));
    log::panic_in_drop(Door::Server, limit, request, request_id.as_str(), panic);
}
