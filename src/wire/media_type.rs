//! The media types of gRPC and gRPC-Web.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
#[cfg(any(feature = "gateway", feature = "server"))]
use http::header::HeaderValue;

/// A media type of gRPC or gRPC-Web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/grpc` (PROTOCOL-HTTP2.md, "Content-Type").
    Grpc,
    /// `application/grpc-web` or `application/grpc-web-text` (PROTOCOL-WEB.md, "Content-Type").
    GrpcWeb(WebEncoding),
}

/// The encoding of a gRPC-Web body (PROTOCOL-WEB.md, "Content-Type").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebEncoding {
    /// `application/grpc-web`: frames.
    Binary,
    /// `application/grpc-web-text`: frames in base64. Any group of four digits may end with padding.
    Text,
}

impl MediaType {
    /// Reads a media type. A message format after `+` and parameters are permitted. Returns `None` for another media type.
    #[inline]
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        Self::split(value).map(|(media_type, _)| media_type)
    }

    /// Reads the field `content-type`.
    pub(crate) fn from_fields(fields: &HeaderMap) -> Option<Self> {
        Self::read(fields.get(CONTENT_TYPE)?.as_bytes())
    }

    /// Returns whether a value is one of these media types, followed by nothing or by a message format after `+`. Parameters
    /// have no meaning in gRPC, and may contain any text.
    #[cfg(feature = "server")]
    pub(crate) fn has_no_parameters(value: &[u8]) -> bool {
        // RFC 6838 §4.2: the characters of a subtype.
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(byte);
        match Self::split(value) {
            Some((_, [])) => true,
            Some((_, [b'+', format @ ..])) => !format.is_empty() && format.iter().all(is_name),
            _ => false,
        }
    }

    /// Splits a value into the media type and the text after its name.
    #[inline]
    fn split(value: &[u8]) -> Option<(Self, &[u8])> {
        let rest = strip(value, b"application/grpc")?;
        let (media_type, rest) = match strip(rest, b"-web") {
            None => (Self::Grpc, rest),
            Some(rest) => match strip(rest, b"-text") {
                None => (Self::GrpcWeb(WebEncoding::Binary), rest),
                // PROTOCOL-WEB.md: "application/grpc-web-text-base64".
                Some(rest) => (Self::GrpcWeb(WebEncoding::Text), strip(rest, b"-base64").unwrap_or(rest)),
            },
        };
        matches!(rest, [] | [b'+' | b';' | b' ' | b'\t', ..]).then_some((media_type, rest))
    }
}

#[cfg(any(feature = "gateway", feature = "server"))]
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

/// Returns the bytes after a prefix. The case of the prefix is ignored.
#[inline]
fn strip<'a>(value: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = value.split_at_checked(prefix.len())?;
    (start == prefix || start.eq_ignore_ascii_case(prefix)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::MediaType::{self, Grpc, GrpcWeb};
    #[cfg(any(feature = "gateway", feature = "server"))]
    use super::WebEncoding;
    use super::WebEncoding::{Binary, Text};

    #[test]
    fn a_media_type_is_read_and_its_parameters_are_found() {
        for (value, media_type, has_no_parameters) in [
            ("application/grpc", Some(Grpc), true),
            ("application/grpc+proto", Some(Grpc), true),
            ("application/grpc+x.own-1", Some(Grpc), true),
            ("application/grpc+", Some(Grpc), false),
            ("application/grpc+a b", Some(Grpc), false),
            ("application/grpc+proto;x=private", Some(Grpc), false),
            ("application/grpc;charset=utf-8", Some(Grpc), false),
            ("application/grpc ", Some(Grpc), false),
            ("Application/gRPC ;a=b", Some(Grpc), false),
            ("application/grpc-web", Some(GrpcWeb(Binary)), true),
            ("application/grpc-web+proto", Some(GrpcWeb(Binary)), true),
            ("Application/gRPC-Web+json; charset=utf-8", Some(GrpcWeb(Binary)), false),
            ("application/grpc-web-text", Some(GrpcWeb(Text)), true),
            ("application/grpc-web-text+proto", Some(GrpcWeb(Text)), true),
            ("application/grpc-web-TEXT;a=b", Some(GrpcWeb(Text)), false),
            ("application/grpc-web-text-base64", Some(GrpcWeb(Text)), true),
            ("application/grpc-web-text-base64x", None, false),
            ("application/grpc-web-texture", None, false),
            ("application/grpc-website", None, false),
            // A `content-type` is not a list.
            ("application/grpc-web, */*", None, false),
            ("application/grpc, text/html", None, false),
            ("application/grpcfoo", None, false),
            ("application/grpc-foo", None, false),
            ("application/grp", None, false),
            ("text/html", None, false),
            ("", None, false),
        ] {
            assert_eq!(MediaType::read(value.as_bytes()), media_type, "{value}");
            #[cfg(feature = "server")]
            assert_eq!(MediaType::has_no_parameters(value.as_bytes()), has_no_parameters, "{value}");
            #[cfg(not(feature = "server"))]
            let _ = has_no_parameters;
        }
    }

    #[cfg(any(feature = "gateway", feature = "server"))]
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
