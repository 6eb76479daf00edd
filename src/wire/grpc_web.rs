//! The protocol of a request and its response: gRPC, or gRPC-Web in one of its encodings.

use http::header::HeaderValue;

use crate::wire::media_type::{MediaType, WebEncoding};

/// The protocol of a request, which its `content-type` names. The response must use the same protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    /// gRPC-Web, with the encoding that the caller reads.
    GrpcWeb(WebEncoding),
    /// Any other content: HTTP routes on the same server.
    Other,
}

impl Protocol {
    /// Reads `content-type` and `accept` of a request.
    #[cfg(feature = "gateway")]
    pub(crate) fn from_request(request: &http::HeaderMap) -> Self {
        use http::header::{ACCEPT, CONTENT_TYPE};
        let encoding = |value: &HeaderValue| WebEncoding::from_accept(value.as_bytes());
        let content_type = request.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        Self::from_content_type(content_type).answered_in(request.get(ACCEPT).and_then(encoding))
    }

    /// Reads the value of a `content-type`.
    #[inline]
    pub(crate) fn from_content_type(value: &[u8]) -> Self {
        match MediaType::read(value) {
            Some(MediaType::Grpc) => Self::Grpc,
            Some(MediaType::GrpcWeb(encoding)) => Self::GrpcWeb(encoding),
            None => Self::Other,
        }
    }

    /// Returns the protocol of the response. PROTOCOL-WEB.md, "Text-encoded streams": `accept` names its encoding.
    #[inline]
    pub(crate) fn answered_in(self, accept: Option<WebEncoding>) -> Self {
        match (self, accept) {
            (Self::GrpcWeb(_), Some(encoding)) => Self::GrpcWeb(encoding),
            _ => self,
        }
    }

    /// Returns the `content-type` of a response that a layer of this crate creates.
    pub(crate) const fn content_type(self) -> HeaderValue {
        match self {
            Self::GrpcWeb(encoding) => encoding.content_type(),
            Self::Grpc | Self::Other => HeaderValue::from_static("application/grpc"),
        }
    }
}
