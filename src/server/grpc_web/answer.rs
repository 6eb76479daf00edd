//! How the response of a service is encoded, and whether its caller can read it.

use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};

use crate::catalog::GrpcCode;
use crate::outbound::failure::Failure;
use crate::server::failure::from_violation;
use crate::wire::grpc_web::Protocol;
use crate::wire::media_type::{MediaType, WebEncoding};

/// Returns the encoding of the body of a response, or `None` if the response is not gRPC-Web.
pub(in crate::server) fn answer_encoding(headers: &HeaderMap) -> Option<WebEncoding> {
    match MediaType::from_fields(headers) {
        Some(MediaType::GrpcWeb(encoding)) => Some(encoding),
        _ => None,
    }
}

/// Returns whether a response is in a protocol that the caller of the request can read.
///
/// A service without a layer for gRPC-Web sends gRPC to all callers. Such a response is sent as it is, with HTTP trailers.
/// A response of gRPC-Web whose HTTP status is an error is not gRPC-Web: a layer only replaced its `content-type`.
#[inline]
pub(in crate::server) fn fits(
    request: Protocol,
    is_grpc: bool,
    web: Option<WebEncoding>,
    status: StatusCode,
) -> bool {
    match request {
        Protocol::Grpc => is_grpc,
        Protocol::GrpcWeb(_) => is_grpc || (web.is_some() && status.is_success()),
        Protocol::Other => true,
    }
}

/// Removes `content-length`, because the layer may change the body. Returns a failure if the layer cannot read the body, because
/// it is compressed.
pub(in crate::server) fn prepare(headers: &mut HeaderMap) -> Option<Failure<'static>> {
    headers.remove(CONTENT_LENGTH);
    let encoding = headers.get(CONTENT_ENCODING)?;
    if encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
        return None;
    }
    let what = format!(
        "the service sent gRPC-Web with content-encoding {encoding:?}, which the server layer does not read: \
         put the layer that compresses outside of it"
    );
    Some(from_violation(GrpcCode::Internal, what))
}
