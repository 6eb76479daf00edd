//! How a gRPC call ended, as its fields say it. They are mended first, as the client layer mends them.

use std::error::Error;

use ::http::header::HeaderMap;
use ::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;

use super::BoxError;
use crate::catalog::{Catalog, GrpcCode};
#[cfg(feature = "tonic")]
use crate::guard::sources;
use crate::inbound::ReceivedError;
use crate::inbound::encodings::Encodings;
use crate::inbound::mend::code_of;
use crate::inbound::sanitize::{self, Behind, Start};
use crate::outbound::failure::Failure;
use crate::outbound::known_error;
use crate::wire::media_type::MediaType;
use crate::wire::{GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER, base64, message};

pub(super) enum CallEnd {
    /// The trailers decide.
    Open(Start),
    Ok,
    Failed(ReceivedError),
}

/// Whether headers speak gRPC, whatever their `content-type`.
pub(super) fn speak_grpc(headers: &HeaderMap) -> bool {
    MediaType::from_fields(headers) == Some(MediaType::Grpc)
        || headers.contains_key(GRPC_STATUS)
        || headers.contains_key(STATUS_DETAILS_HEADER)
}

/// Of headers that speak gRPC.
pub(super) fn of_headers(
    fields: &mut HeaderMap,
    behind: Behind,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> CallEnd {
    // The messages are not read here.
    let start = sanitize::headers(fields, behind, http_status, Encodings::ALL, catalog);
    if start.ending.is_open() { CallEnd::Open(start) } else { ended(start.ending, fields, catalog) }
}

/// What is known of a call whose answer has begun.
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

    /// Of trailers; empty ones where there are none.
    pub(super) fn end(&self, fields: &mut HeaderMap) -> CallEnd {
        let Start { ending, early } = &self.start;
        let ending = sanitize::trailers(fields, (*ending, early), self.http_status, self.catalog);
        ended(ending, fields, self.catalog)
    }
}

/// Of sanitised fields with which a call ended.
fn ended(ending: sanitize::Ending, fields: &HeaderMap, catalog: &'static Catalog) -> CallEnd {
    if ending == sanitize::Ending::Failed { CallEnd::Failed(received(fields, catalog)) } else { CallEnd::Ok }
}

/// Of fields that are sanitised and tell of a failure.
pub(crate) fn received(fields: &HeaderMap, catalog: &'static Catalog) -> ReceivedError {
    let value = |name: HeaderName| fields.get(name).map(HeaderValue::as_bytes);
    let grpc_code = value(GRPC_STATUS).and_then(code_of).unwrap_or(GrpcCode::Unknown);
    let message = value(GRPC_MESSAGE).map(message::decode).unwrap_or_default();
    let details = value(STATUS_DETAILS_HEADER).map(|value| base64::decode(value).bytes);
    let details = details.map(Bytes::from).unwrap_or_default();
    ReceivedError::from_grpc(grpc_code, message, details, fields, catalog)
}

/// An error of the service itself, which is no answer of a peer: no connection, a reset stream.
pub(super) struct Broken {
    pub(super) error: ReceivedError,
    /// The error, for the log. `None` where a bridge inside has logged it.
    kept: Option<BoxError>,
    /// Whether the error has no message of a service: it was made here, from the type of another error.
    is_made_here: bool,
}

impl Broken {
    #[cfg(feature = "tonic")]
    pub(super) fn new(error: BoxError, catalog: &'static Catalog) -> Self {
        use crate::tonic::StatusCodeExt;
        if let Some(received) = ReceivedError::find_in_chain(&*error) {
            return Self { error: received.clone(), kept: None, is_made_here: false };
        }
        let is_status = sources::chain(&*error).any(|error| error.is::<tonic::Status>());
        let is_made_here = !is_status || known_error::grpc_code(&*error).is_some();
        let status = crate::tonic::made_here(error);
        Self { error: status.to_received_with(catalog), kept: Some(status.into()), is_made_here }
    }

    /// Without tonic, the type of the error is unknown.
    #[cfg(not(feature = "tonic"))]
    pub(super) fn new(error: BoxError, catalog: &'static Catalog) -> Self {
        if let Some(received) = ReceivedError::find_in_chain(&*error) {
            return Self { error: received.clone(), kept: None, is_made_here: false };
        }
        let grpc_code = known_error::grpc_code(&*error).unwrap_or(GrpcCode::Unavailable);
        let what = "the service behind did not answer";
        Self {
            error: ReceivedError::synthesized(grpc_code, what, catalog),
            kept: Some(error),
            is_made_here: true,
        }
    }

    pub(super) fn failure(&self) -> Failure<'_> {
        let kept = self.kept.as_deref().map(|kept| -> &(dyn Error + 'static) { kept });
        let cause = if cfg!(feature = "tonic") { kept.and_then(Error::source) } else { kept };
        match cause {
            Some(cause) if self.is_made_here => Failure::connection(&self.error, cause),
            Some(cause) => Failure::forwarded(&self.error).with_cause(cause),
            // A status that the service made says all that there is.
            None => Failure::forwarded(&self.error),
        }
    }
}
