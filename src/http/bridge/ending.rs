//! How a gRPC call ended, as its fields say it. They are mended first, as the client layer mends them.

use std::error::Error;

use ::http::header::{CONTENT_TYPE, HeaderMap};
use ::http::{HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;

use super::BoxError;
use crate::http::Failing;
use crate::wire::sanitize::{self, Behind, code_of};
use crate::wire::{GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER, base64, message, seen};
use crate::{Catalog, GrpcCode, ReceivedError};

pub(super) enum Ending {
    /// The headers do not say; what they said so far.
    Open(sanitize::Ending),
    Ok,
    Failed(ReceivedError),
}

/// Whether a request or an answer is gRPC by its `content-type`.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| seen::is_grpc(value.as_bytes()))
}

/// Whether headers speak gRPC, whatever their `content-type`.
pub(super) fn speak_grpc(headers: &HeaderMap) -> bool {
    is_grpc(headers) || headers.contains_key(GRPC_STATUS) || headers.contains_key(STATUS_DETAILS_HEADER)
}

/// Of headers that speak gRPC.
pub(super) fn of_headers(
    fields: &mut HeaderMap,
    behind: Behind,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Ending {
    let ending = sanitize::headers(fields, behind, http_status, catalog);
    of_sanitised(ending, fields, catalog)
}

/// What is known of a call whose answer has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    pub(super) so_far: sanitize::Ending,
    pub(super) http_status: StatusCode,
    pub(super) catalog: &'static Catalog,
}

impl Begun {
    /// Of trailers; empty ones where there are none.
    pub(super) fn end(self, fields: &mut HeaderMap) -> Ending {
        let ending = sanitize::trailers(fields, self.so_far, self.http_status, self.catalog);
        of_sanitised(ending, fields, self.catalog)
    }
}

fn of_sanitised(ending: sanitize::Ending, fields: &HeaderMap, catalog: &'static Catalog) -> Ending {
    match ending {
        open @ (sanitize::Ending::Open | sanitize::Ending::SaidOk) => Ending::Open(open),
        sanitize::Ending::Ok => Ending::Ok,
        sanitize::Ending::Failed => Ending::Failed(received(fields, catalog)),
    }
}

/// Of fields that are sanitised and tell of a failure.
fn received(fields: &HeaderMap, catalog: &'static Catalog) -> ReceivedError {
    let value = |name: HeaderName| fields.get(name).map(HeaderValue::as_bytes);
    let grpc_code = value(GRPC_STATUS).and_then(code_of).unwrap_or(GrpcCode::Unknown);
    let message = value(GRPC_MESSAGE).map(message::decode).unwrap_or_default();
    let details = value(STATUS_DETAILS_HEADER).map(|value| base64::decode(value).bytes);
    let details = details.map(Bytes::from).unwrap_or_default();
    ReceivedError::of_grpc(grpc_code, message, details, fields, catalog)
}

/// An error of the service itself, which is no answer of a peer: no connection, a reset stream.
pub(super) struct Broken {
    pub(super) error: ReceivedError,
    /// The error, for the log.
    kept: BoxError,
}

impl Broken {
    #[cfg(feature = "tonic")]
    pub(super) fn new(error: BoxError, catalog: &'static Catalog) -> Self {
        use crate::StatusCodeExt;
        let status = crate::status::made_here(error);
        Self { error: status.to_received_of(catalog), kept: status.into() }
    }

    /// Without tonic, nobody knows what the error is of.
    #[cfg(not(feature = "tonic"))]
    pub(super) fn new(error: BoxError, catalog: &'static Catalog) -> Self {
        let grpc_code = crate::known_error::grpc_code(&*error).unwrap_or(GrpcCode::Unavailable);
        let what = "the service behind did not answer";
        Self { error: ReceivedError::made_here(grpc_code, what, catalog), kept: error }
    }

    pub(super) fn failing(&self) -> Failing<'_> {
        let kept: &(dyn Error + 'static) = &*self.kept;
        let cause = if cfg!(feature = "tonic") { kept.source() } else { Some(kept) };
        match cause {
            Some(cause) => Failing::Broken(&self.error, cause),
            // A status that the service made says all that there is.
            None => Failing::Forwarded(&self.error),
        }
    }
}
