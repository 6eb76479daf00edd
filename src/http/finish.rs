//! The last steps of a failure over HTTP: the decision, the id of the request, and the log.

use ::http::HeaderMap;

use super::{Caller, Responder};
use crate::guard::Panic;
use crate::outbound::budget::field_len;
use crate::outbound::failure::Failure;
use crate::outbound::log::{self, Event, Transport};
use crate::outbound::request_id::RequestId;
use crate::outbound::sent_error::SentError;

impl Responder {
    /// Returns the error that is sent, with the id of its request, and logs the failure.
    pub(crate) fn finish_and_log<'a>(
        &'a self,
        transport: Transport,
        caller: &Caller,
        failure: &'a Failure<'_>,
    ) -> SentError<'a> {
        let mut error = self.policy.decide(failure);
        error.add_request_id(|| caller.request_id_or_new());
        self.event(transport, caller, failure, &error).write();
        error
    }

    /// Writes the error that is sent into gRPC's fields, within the budget, and logs the failure.
    pub(crate) fn finish_in_fields(
        &self,
        transport: Transport,
        caller: &Caller,
        failure: &Failure<'_>,
        fields: &mut HeaderMap,
    ) {
        let others = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        let mut error = self.policy.decide(failure);
        error.add_request_id(|| caller.request_id_or_new());
        let mut error = error.for_fields(self.policy.error_infos);
        self.policy.budget.apply(&mut error, others);
        error.write(fields);
        // The event contains what the budget removed.
        self.event(transport, caller, failure, &error).write();
    }

    /// Logs a failure that comes too late for a response: nothing of it is sent.
    pub(crate) fn log_only(&self, caller: &Caller, failure: &Failure<'_>) {
        let mut error = self.policy.decide(failure);
        error.add_request_id(|| caller.request_id_or_new());
        Event { is_sent: false, ..self.event(Transport::Http, caller, failure, &error) }.write();
    }

    /// Returns the error that is sent, and logs the failure only if the caller does not receive everything.
    pub(super) fn finish<'a>(&'a self, caller: &Caller, failure: &'a Failure<'_>) -> SentError<'a> {
        let error = self.policy.decide(failure);
        if !tracing::enabled!(target: "codelibra::http", tracing::Level::ERROR) {
            return error;
        }
        let of_caller = caller.request_id();
        let event = self.event(Transport::Http, caller, failure, &error);
        let request_id = match (event.request_id, &of_caller) {
            ("", Some(id)) => id.as_str(),
            (id, _) => id,
        };
        Event { request_id, ..event }.write_if_withheld();
        error
    }

    /// Logs a panic of a drop, whose call already has its response.
    #[cold]
    pub(crate) fn panic_in_drop(&self, transport: Transport, caller: &Caller, panic: &Panic) {
        let id = caller.request_id_or_new();
        log::panic_in_drop(transport, self.policy.log_limit, caller.request(), id.as_str(), panic);
    }

    fn event<'a>(
        &'a self,
        transport: Transport,
        caller: &'a Caller,
        failure: &'a Failure<'_>,
        error: &'a SentError<'_>,
    ) -> Event<'a> {
        Event {
            transport,
            policy: &self.policy,
            request: caller.request(),
            request_id: error.request_id().unwrap_or_default(),
            failure,
            error,
            is_sent: true,
            removed_fields: &[],
        }
    }
}

impl Caller {
    /// The id of the caller; a new one if it has none.
    fn request_id_or_new(&self) -> RequestId {
        self.request_id().unwrap_or_else(RequestId::generate)
    }
}
