use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};

use crate::catalog::GrpcCode;
use crate::outbound::failure::Failure;
use crate::server::failure::from_violation;
use crate::wire::grpc_web::{Protocol, WebEncoding};
use crate::wire::media_type::MediaType;

/// How the body of an answer is encoded. `None` where the answer is not gRPC-Web.
pub(in crate::server) fn answer_encoding(headers: &HeaderMap) -> Option<WebEncoding> {
    match MediaType::from_fields(headers) {
        Some(MediaType::GrpcWeb(encoding)) => Some(encoding),
        _ => None,
    }
}

/// Whether an answer of gRPC or of gRPC-Web fits a request.
///
/// A service without a layer for gRPC-Web answers its callers in gRPC: such an answer passes, with HTTP trailers.
/// gRPC-Web with another HTTP status than of success is another answer, whose `content-type` a layer replaced.
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

/// Removes what the headers state about the length of a body that the layer may change. A body that the layer cannot
/// read, because it is compressed, is a failure.
pub(in crate::server) fn prepare(headers: &mut HeaderMap) -> Option<Failure<'static>> {
    headers.remove(CONTENT_LENGTH);
    let encoding = headers.get(CONTENT_ENCODING)?;
    if encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
        return None;
    }
    let what = format!(
        "the service answered in gRPC-Web with content-encoding {encoding:?}, which the server layer does not read: \
         put the layer that compresses outside of it"
    );
    Some(from_violation(GrpcCode::Internal, what))
}
