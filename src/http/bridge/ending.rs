//! The end of a gRPC call, read from its fields. They are repaired first, in the same way as in the client layer.

use std::error::Error;

use ::http::header::HeaderMap;
use ::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;

use crate::catalog::{Catalog, GrpcCode};
#[cfg(feature = "tonic")]
use crate::guard;
use crate::guard::{BoxError, GuardedDrop, discard};
use crate::inbound::ReceivedError;
use crate::inbound::encodings::Encodings;
use crate::inbound::mend::parse_grpc_code;
use crate::inbound::sanitize::{self, AfterHeaders, Start};
use crate::outbound::failure::Failure;
use crate::outbound::known_error;
use crate::wire::header::{GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER};
use crate::wire::media_type::MediaType;
use crate::wire::{base64, message};

/// The end of a call.
pub(super) enum CallEnd {
    /// The call has not ended: its trailers follow.
    Open(Start),
    Ok,
    Failed(ReceivedError),
}

/// Returns whether headers or trailers are gRPC's, by their `content-type` or by a field of gRPC.
pub(super) fn are_grpc(headers: &HeaderMap) -> bool {
    MediaType::from_fields(headers) == Some(MediaType::Grpc)
        || headers.contains_key(GRPC_STATUS)
        || headers.contains_key(STATUS_DETAILS_HEADER)
}

/// Reads the end of a call from headers of gRPC.
pub(super) fn read_headers(
    fields: &mut HeaderMap,
    after: AfterHeaders,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> CallEnd {
    // The bridge reads no messages, so it accepts each compression.
    let start = sanitize::headers(fields, after, http_status, Encodings::ALL, catalog);
    if start.ending.is_open() { CallEnd::Open(start) } else { ended(start.ending, fields, catalog) }
}

/// Reads the failure in the headers of a response without a body. `None` if they do not contain one.
#[cfg(feature = "axum")]
pub(crate) fn read_grpc_failure(
    fields: &mut HeaderMap,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Option<ReceivedError> {
    match read_headers(fields, AfterHeaders::Nothing, http_status, catalog) {
        CallEnd::Failed(error) => Some(error),
        CallEnd::Open(_) | CallEnd::Ok => None,
    }
}

/// A call whose response has begun and not ended.
#[derive(Debug)]
pub(super) struct OpenCall {
    start: Start,
    http_status: StatusCode,
    catalog: &'static Catalog,
}

impl OpenCall {
    pub(super) const fn new(start: Start, http_status: StatusCode, catalog: &'static Catalog) -> Self {
        Self { start, http_status, catalog }
    }

    /// Reads the end of the call from its trailers, which are empty if there are none.
    pub(super) fn end(&self, fields: &mut HeaderMap) -> CallEnd {
        let Start { ending, early } = &self.start;
        let ending = sanitize::trailers(fields, (*ending, early), self.http_status, self.catalog);
        ended(ending, fields, self.catalog)
    }
}

/// Reads the end of a call from the sanitised fields of its end.
fn ended(ending: sanitize::Ending, fields: &HeaderMap, catalog: &'static Catalog) -> CallEnd {
    if ending == sanitize::Ending::Failed { CallEnd::Failed(received(fields, catalog)) } else { CallEnd::Ok }
}

/// Reads the error from the sanitised fields of a failure.
fn received(fields: &HeaderMap, catalog: &'static Catalog) -> ReceivedError {
    let value = |name: HeaderName| fields.get(name).map(HeaderValue::as_bytes);
    let grpc_code = value(GRPC_STATUS).and_then(parse_grpc_code).unwrap_or(GrpcCode::Unknown);
    let message = value(GRPC_MESSAGE).map(message::decode).unwrap_or_default();
    let details = value(STATUS_DETAILS_HEADER).map(|value| base64::decode(value).bytes);
    let details = details.map(Bytes::from).unwrap_or_default();
    ReceivedError::from_grpc(grpc_code, message, details, fields, catalog)
}

/// An error that the service returned in place of a response, or of the rest of one: no connection, a reset stream.
pub(super) struct Broken {
    pub(super) error: ReceivedError,
    /// The error, for the log. `None` if a bridge inside has logged it.
    kept: Option<GuardedDrop<BoxError>>,
    /// Whether the error was made here, from the type of another error. It has no message of a service then.
    is_made_here: bool,
}

impl Broken {
    #[cfg(feature = "tonic")]
    pub(super) fn new(error: BoxError, catalog: &'static Catalog) -> Self {
        use crate::tonic::StatusCodeExt;
        if let Some(received) = ReceivedError::find_in_chain(&*error) {
            let received = received.clone();
            // Foreign code: its drop may panic.
            let _ = discard(error);
            return Self { error: received, kept: None, is_made_here: false };
        }
        let is_status = guard::chain(&*error).any(|error| error.is::<tonic::Status>());
        let is_made_here = !is_status || known_error::grpc_code(&*error).is_some();
        let status = crate::tonic::service_status(error);
        Self {
            error: status.to_received_with(catalog),
            kept: Some(GuardedDrop::new(status.into())),
            is_made_here,
        }
    }

    /// Without tonic, the type of the error is unknown.
    #[cfg(not(feature = "tonic"))]
    pub(super) fn new(error: BoxError, catalog: &'static Catalog) -> Self {
        if let Some(received) = ReceivedError::find_in_chain(&*error) {
            let received = received.clone();
            // Foreign code: its drop may panic.
            let _ = discard(error);
            return Self { error: received, kept: None, is_made_here: false };
        }
        let grpc_code = known_error::grpc_code(&*error).unwrap_or(GrpcCode::Unavailable);
        let what = "the service inside the bridge sent no response";
        Self {
            error: ReceivedError::synthesized(grpc_code, what, catalog),
            kept: Some(GuardedDrop::new(error)),
            is_made_here: true,
        }
    }

    pub(super) fn failure(&self) -> Failure<'_> {
        let kept = self.kept.as_ref().and_then(GuardedDrop::get);
        let kept = kept.map(|kept| -> &(dyn Error + 'static) { &**kept });
        let cause = if cfg!(feature = "tonic") { kept.and_then(Error::source) } else { kept };
        match cause {
            Some(cause) if self.is_made_here => Failure::connection(&self.error, cause),
            Some(cause) => Failure::forwarded(&self.error).with_cause(cause),
            // A status that the service made contains everything.
            None => Failure::forwarded(&self.error),
        }
    }
}
