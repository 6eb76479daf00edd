use http::header::HeaderValue;

use crate::wire::media_type::is_grpc;

/// How a gRPC-Web body is written (PROTOCOL-WEB.md, "Content-Type").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebEncoding {
    /// `application/grpc-web`: frames.
    Binary,
    /// `application/grpc-web-text`: frames in base64, which may be padded after any four digits.
    Text,
}

impl WebEncoding {
    /// The encoding that a `content-type` or `accept` names: `application/grpc-web` or `application/grpc-web-text`, with
    /// a message format or parameters. `None` where it is not gRPC-Web.
    pub(crate) fn from_media_type(value: &[u8]) -> Option<Self> {
        const WEB: &[u8] = b"application/grpc-web";
        const TEXT: &[u8] = b"-text";
        let rest = strip(value, WEB)?;
        let (encoding, rest) = match strip(rest, TEXT) {
            Some(rest) => (Self::Text, rest),
            None => (Self::Binary, rest),
        };
        let is_named = match (encoding, rest) {
            (_, [] | [b'+' | b';' | b',' | b' ' | b'\t', ..]) => true,
            // PROTOCOL-WEB.md: "application/grpc-web-text-base64".
            (Self::Text, rest) => strip(rest, b"-base64").is_some(),
            (Self::Binary, _) => false,
        };
        is_named.then_some(encoding)
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
        let encoding = |value: &HeaderValue| WebEncoding::from_media_type(value.as_bytes());
        let content_type = request.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        Self::from_content_type(content_type).answered_in(request.get(ACCEPT).and_then(encoding))
    }

    /// Of a `content-type`.
    #[inline]
    pub(crate) fn from_content_type(value: &[u8]) -> Self {
        if is_grpc(value) {
            return Self::Grpc;
        }
        WebEncoding::from_media_type(value).map_or(Self::Other, Self::GrpcWeb)
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

/// What follows a prefix, whose case does not matter.
fn strip<'a>(value: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = value.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::WebEncoding::{self, Binary, Text};

    #[test]
    fn the_media_type_names_an_encoding() {
        for (value, encoding) in [
            ("application/grpc-web", Some(Binary)),
            ("application/grpc-web+proto", Some(Binary)),
            ("Application/gRPC-Web+json; charset=utf-8", Some(Binary)),
            ("application/grpc-web, */*", Some(Binary)),
            ("application/grpc-web-text", Some(Text)),
            ("application/grpc-web-text+proto", Some(Text)),
            ("application/grpc-web-TEXT;a=b", Some(Text)),
            ("application/grpc-web-text-base64", Some(Text)),
            ("application/grpc-web-texture", None),
            ("application/grpc-website", None),
            ("application/grpc", None),
            ("application/grpc+proto", None),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(WebEncoding::from_media_type(value.as_bytes()), encoding, "{value}");
        }
    }
}
