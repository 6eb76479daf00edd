//! The protocol of a request and its response: gRPC, or gRPC-Web in one of its encodings.

use http::header::HeaderValue;

use crate::wire::media_type::{MediaType, WebEncoding};

impl WebEncoding {
    /// Returns the encoding of the first media type of gRPC-Web in the value of `accept`. Returns `None` if there is none.
    pub(crate) fn from_accept(value: &[u8]) -> Option<Self> {
        value.split(|byte| *byte == b',').find_map(|range| match MediaType::read(range.trim_ascii()) {
            Some(MediaType::GrpcWeb(encoding)) => Some(encoding),
            _ => None,
        })
    }

    /// Returns the `content-type` of a response: the value that `tonic-web` sends.
    pub(crate) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        })
    }
}

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

#[cfg(test)]
mod tests {
    use crate::wire::media_type::WebEncoding::{self, Binary, Text};

    #[test]
    fn accept_names_an_encoding() {
        for (value, encoding) in [
            ("application/grpc-web", Some(Binary)),
            ("application/grpc-web-text+proto;q=0.5", Some(Text)),
            ("application/grpc-web, */*", Some(Binary)),
            ("*/*,application/grpc-web-text", Some(Text)),
            ("application/grpc-web-text,application/grpc-web", Some(Text)),
            ("application/grpc, application/grpc-website", None),
            (",", None),
            ("", None),
        ] {
            assert_eq!(WebEncoding::from_accept(value.as_bytes()), encoding, "{value}");
        }
    }
}
