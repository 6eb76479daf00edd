//! gRPC-Web, as a request asks for it.

use http::header::HeaderValue;

use crate::wire::media_type::MediaType;

pub(crate) use crate::wire::media_type::WebEncoding;

impl WebEncoding {
    /// The encoding that an `accept` names: the first media type of gRPC-Web in its list. `None` if there is none.
    pub(crate) fn from_accept(value: &[u8]) -> Option<Self> {
        value.split(|byte| *byte == b',').find_map(|range| match MediaType::read(range.trim_ascii()) {
            Some(MediaType::GrpcWeb(encoding)) => Some(encoding),
            _ => None,
        })
    }

    /// The `content-type` of an answer. It is the one that `tonic-web` sends.
    pub(crate) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        })
    }
}

/// What a request is, by its `content-type`. Its answer has to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    /// With the encoding that the caller reads.
    GrpcWeb(WebEncoding),
    /// Anything else: HTTP routes on the same server.
    Other,
}

impl Protocol {
    /// Of a request, by its `content-type` and `accept`.
    #[cfg(feature = "gateway")]
    pub(crate) fn from_request(request: &http::HeaderMap) -> Self {
        use http::header::{ACCEPT, CONTENT_TYPE};
        let encoding = |value: &HeaderValue| WebEncoding::from_accept(value.as_bytes());
        let content_type = request.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        Self::from_content_type(content_type).answered_in(request.get(ACCEPT).and_then(encoding))
    }

    /// Of a `content-type`.
    #[inline]
    pub(crate) fn from_content_type(value: &[u8]) -> Self {
        match MediaType::read(value) {
            Some(MediaType::Grpc) => Self::Grpc,
            Some(MediaType::GrpcWeb(encoding)) => Self::GrpcWeb(encoding),
            None => Self::Other,
        }
    }

    /// The protocol of the answer. PROTOCOL-WEB.md, "Text-encoded streams": `accept` names its encoding.
    #[inline]
    pub(crate) fn answered_in(self, accept: Option<WebEncoding>) -> Self {
        match (self, accept) {
            (Self::GrpcWeb(_), Some(encoding)) => Self::GrpcWeb(encoding),
            _ => self,
        }
    }

    /// The `content-type` of an answer that a layer of ours makes itself.
    pub(crate) const fn content_type(self) -> HeaderValue {
        match self {
            Self::GrpcWeb(encoding) => encoding.content_type(),
            Self::Grpc | Self::Other => HeaderValue::from_static("application/grpc"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WebEncoding::{self, Binary, Text};

    #[test]
    fn an_accept_names_an_encoding() {
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
