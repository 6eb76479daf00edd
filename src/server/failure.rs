//! Makes the failure of a call from an error, a panic or fields, writes the result of the decision into gRPC's fields, and logs it.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};
use tonic::Status;

use super::protocol::{Beside, Kept};
use super::unreadable_request::is_unreadable_request;
use crate::catalog::{Catalog, GrpcCode};
use crate::guard::{Panic, discard};
use crate::inbound::ReceivedError;
use crate::inbound::header_scan::FailureFields;
use crate::outbound::budget::field_len;
use crate::outbound::cause;
use crate::outbound::failure::{Failure, Origin};
use crate::outbound::log::{self, Event, Transport};
use crate::outbound::request_id::RequestId;
use crate::outbound::sent_error::SentError;
use crate::outbound::status_fields::StatusFields;
use crate::server::call::ServerCall;
use crate::tonic::status_of;
use crate::wire::header::{RECEIVED_HEADER, STATUS_DETAILS_HEADER, text};
use crate::wire::{base64, message};

/// Returns the failure of a service that returned an error in place of a response.
pub(super) fn from_service_error(error: Box<dyn Error + Send + Sync>) -> Failure<'static> {
    if let Some(received) = ReceivedError::find_in_chain(&*error) {
        let failure = Failure::received(received.clone());
        // Foreign code: its drop may panic.
        let _ = discard(error);
        return failure;
    }
    if let Some(failure) = Failure::from_known_error(&*error) {
        return failure.with_shared_cause(Some(Arc::from(error)));
    }
    match status_of(error) {
        Ok(status) => {
            let is_received = status.metadata().get(text::RECEIVED_HEADER).is_some();
            let message = Cow::Owned(status.message().to_owned());
            let details = Cow::Owned(status.details().to_vec());
            let fields = StatusFields::new(status.code().into(), message, details);
            let cause = cause::from_fields(status.metadata().as_ref());
            Failure::from_status(fields, is_received).with_shared_cause(cause).or_source_of(status)
        }
        Err(error) => Failure::from_grpc_code(GrpcCode::Internal).with_shared_cause(Some(Arc::from(error))),
    }
}

/// Returns the failure of a service whose response violates the protocol.
pub(super) fn from_violation(grpc_code: GrpcCode, what: String) -> Failure<'static> {
    let cause = Arc::from(Box::<dyn Error + Send + Sync>::from(what));
    Failure::from_grpc_code(grpc_code).with_shared_cause(Some(cause))
}

/// Returns the failure of these fields, and whether code and details have the form that this layer writes. `status` is the one
/// from which tonic made the fields, if it is known: its text need not be decoded.
fn from_fields<'a>(
    fields: &HeaderMap,
    read: &FailureFields<'_>,
    status: Option<&'a Status>,
    catalog: &'static Catalog,
) -> (Failure<'a>, bool) {
    let number = std::str::from_utf8(read.status.last).ok().and_then(|text| text.parse().ok());
    let grpc_code = number.and_then(GrpcCode::from_number);
    // A strict reader does not accept two fields with OK.
    let grpc_code = grpc_code.filter(|code| *code != GrpcCode::Ok).unwrap_or(GrpcCode::Unknown);
    let (message, details) = (read.message.last, read.details.last);
    // A layer between the service and this layer may have changed the message. The fields are sent, not the status.
    let known = status.map(Status::message).filter(|text| message::is_encoding_of(message, text));
    let message = known.map_or_else(|| message::decode(message).into_owned().into(), Cow::Borrowed);
    let agreeing;
    let details = match read.details.count {
        0 | 1 => details,
        // A proxy may repeat the field: the first value that agrees with the code is used.
        _ => {
            agreeing = agreeing_details(fields, grpc_code, catalog);
            &agreeing
        }
    };
    let known = status.map(Status::details).filter(|bytes| base64::is_encoding_of(details, bytes));
    let standard = known.map(Cow::Borrowed).or_else(|| base64::decode_standard(details).map(Cow::Owned));
    let is_written = standard.is_some() && is_written(read, grpc_code);
    let details = standard.unwrap_or_else(|| base64::decode(details).bytes.into());
    let origin = if is_unreadable_request(&message, &details) { Origin::Either } else { Origin::Service };
    let fields = StatusFields::new(grpc_code, message, details);
    (Failure::from_status(fields, read.is_received).with_origin(origin), is_written)
}

/// Returns the first value of the details with this gRPC code, encoded again; the first one that is base64 if none has it.
#[cold]
fn agreeing_details(fields: &HeaderMap, grpc_code: GrpcCode, catalog: &'static Catalog) -> Vec<u8> {
    let values: Vec<&[u8]> =
        fields.get_all(STATUS_DETAILS_HEADER).iter().map(HeaderValue::as_bytes).collect();
    let agrees = |status: &[u8]| {
        let error = ReceivedError::from_details(status.to_vec(), catalog);
        !status.is_empty() && error.grpc_code() == grpc_code
    };
    base64::encode(&base64::decode_joined(&values.join(&b','), agrees).bytes).into_bytes()
}

/// Returns whether the fields contain this code once, in the form that this layer writes, and details once.
fn is_written(read: &FailureFields<'_>, grpc_code: GrpcCode) -> bool {
    let digits = [b'0' + grpc_code.number() / 10, b'0' + grpc_code.number() % 10];
    let is_code = read.status.single() == Some(digits.strip_prefix(b"0").unwrap_or(&digits));
    is_code && read.details.single().is_some_and(|details| !details.is_empty())
}

impl ServerCall {
    /// Returns the failure of a call whose deadline passed. `dropped` is the result of dropping the service's future or body.
    pub(super) fn timeout(&self, dropped: Result<(), Panic>) -> Failure<'static> {
        dropped.map_or_else(Failure::from_panic, |()| Failure::from_timeout(self.deadline_of))
    }

    /// Replaces the failure in `fields` by the error that is sent, and logs it. `status` is the one that tonic made the
    /// fields of, if it is known.
    #[cold]
    pub(super) fn finish(&self, fields: &mut HeaderMap, status: Option<&Status>) {
        let policy = &self.config.policy;
        let mut beside = Beside::new(self.protocol);
        let read = FailureFields::read(fields, |name, value| beside.count(name, value));
        let (has_cause, is_received) = (read.has_cause, read.is_received);
        let (mut failure, is_written) = from_fields(fields, &read, status, policy.catalog);
        if has_cause {
            failure = failure.with_shared_cause(cause::take(fields).filter(|_| !is_received));
        }
        if let Some(source) = status.and_then(Error::source) {
            failure = failure.or_cause(source);
        }
        if is_received {
            fields.remove(RECEIVED_HEADER);
        }
        let has_room = policy.budget.has_room_beside(beside.len(Kept::All), policy.error_infos);
        let keeps_metadata = !policy.boundary.is_public() && has_room;
        let mut kept = match is_received {
            true => Kept::ContentType,
            false if keeps_metadata => Kept::All,
            false => Kept::Protocol,
        };
        // If there is not enough room, the handler's fields are removed before parts of the error are.
        let error = loop {
            let (error, fits) = self.decide(&failure, beside.len(kept));
            kept = match kept {
                _ if fits => break error,
                Kept::All => Kept::Protocol,
                Kept::Protocol => Kept::ContentType,
                Kept::ContentType => break error,
            };
        };
        beside.retain(fields, kept);
        if !is_written || !error.add_to(fields) {
            error.write(fields);
        }
        let removed: Vec<&'static str> = beside.removed().collect();
        self.log(&failure, &error, &removed);
    }

    /// Writes a failure into fields that do not contain one, and logs it.
    #[cold]
    pub(super) fn send(&self, fields: &mut HeaderMap, failure: &Failure<'_>) {
        let len = fields.iter().map(|(name, value)| field_len(name.as_str(), value.len())).sum();
        let (error, _) = self.decide(failure, len);
        error.write(fields);
        self.log(failure, &error, &[]);
    }

    /// Returns the error that is sent, and whether it fits into the budget. `others` is the header list size of the other fields.
    fn decide<'a>(&'a self, failure: &'a Failure<'_>, others: usize) -> (SentError<'a>, bool) {
        let policy = &self.config.policy;
        policy.decide_for_fields(failure, others, |error| {
            let of_error = || RequestId::parse(error.request_id()?.as_bytes());
            self.request_id().or_else(of_error).unwrap_or_else(RequestId::generate)
        })
    }

    fn log(&self, failure: &Failure<'_>, error: &SentError<'_>, removed_fields: &[&'static str]) {
        let request = self.request_line();
        let event = Event {
            transport: Transport::Server,
            policy: &self.config.policy,
            request: Some(&request),
            request_id: error.request_id().unwrap_or_default(),
            failure,
            error,
            is_sent: true,
            removed_fields,
        };
        event.write();
    }

    /// Logs a panic of a drop, after the response of its call.
    #[cold]
    pub(super) fn panic_in_drop(&self, panic: &Panic) {
        let id = self.request_id().unwrap_or_else(RequestId::generate);
        log::panic_in_drop(
            Transport::Server,
            self.config.policy.log_limit,
            Some(&self.request_line()),
            id.as_str(),
            panic,
        );
    }
}
