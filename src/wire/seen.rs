//! What one pass over the fields of a gRPC answer finds.

use http::HeaderMap;

use super::{CAUSE, RECEIVED};

/// A set of bits, which stays in a register. There are few fields: looking at each name is quicker than looking names
/// up.
#[derive(Clone, Copy)]
pub(crate) struct Seen(u8);

impl Seen {
    pub(crate) const STATUS: u8 = 1;
    /// A `grpc-status` other than `0`, or more than one.
    pub(crate) const ODD_STATUS: u8 = 2;
    pub(crate) const DETAILS: u8 = 4;
    /// A field of our own which no peer may send.
    pub(crate) const OURS: u8 = 8;
    /// A `content-type` of gRPC.
    pub(crate) const GRPC: u8 = 16;
    /// A `grpc-message` that is not empty.
    pub(crate) const MESSAGE: u8 = 32;
    /// A `codelibra-error-code`.
    pub(crate) const CODE: u8 = 64;
    /// A `grpc-encoding` other than `identity`.
    pub(crate) const ENCODING: u8 = 128;

    #[inline]
    pub(crate) fn in_fields(fields: &HeaderMap) -> Self {
        let mut seen = 0;
        for (name, value) in fields {
            seen |= match name.as_str() {
                "grpc-status" if seen & Self::STATUS == 0 && value.as_bytes() == b"0" => Self::STATUS,
                "grpc-status" => Self::STATUS | Self::ODD_STATUS,
                "content-type" if is_grpc(value.as_bytes()) => Self::GRPC,
                "grpc-status-details-bin" => Self::DETAILS,
                RECEIVED | CAUSE => Self::OURS,
                "grpc-message" if !value.is_empty() => Self::MESSAGE,
                "codelibra-error-code" => Self::CODE,
                "grpc-encoding" if value.as_bytes() != b"identity" => Self::ENCODING,
                _ => 0,
            };
        }
        Self(seen)
    }

    pub(crate) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// An OK without anything that tonic could fail on.
    #[cfg(any(feature = "client", feature = "gateway"))]
    pub(crate) const fn is_plain_ok(self) -> bool {
        self.0 & (Self::STATUS | Self::ODD_STATUS | Self::DETAILS | Self::MESSAGE) == Self::STATUS
    }
}

/// Whether a `content-type` is gRPC's: `application/grpc`, with a message format behind `+` or with parameters
/// (PROTOCOL-HTTP2.md, "Content-Type"). gRPC-Web's is another one.
#[inline]
pub(crate) fn is_grpc(content_type: &[u8]) -> bool {
    is_media_type(content_type, b"application/grpc")
}

/// Whether a `content-type` is that of gRPC-Web's binary form (PROTOCOL-WEB.md, "Content-Type").
#[cfg(any(feature = "client", feature = "gateway"))]
pub(crate) fn is_grpc_web(content_type: &[u8]) -> bool {
    is_media_type(content_type, b"application/grpc-web")
}

/// Whether a `content-type` is `name`, with a message format behind `+` or with parameters.
#[inline]
fn is_media_type(content_type: &[u8], name: &[u8]) -> bool {
    match content_type.split_at_checked(name.len()) {
        Some((start, [] | [b'+' | b';' | b' ' | b'\t', ..])) => {
            start == name || start.eq_ignore_ascii_case(name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_grpc;

    #[test]
    fn the_media_type_is_grpc_or_not() {
        for grpc in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;charset=utf-8",
            "Application/gRPC ;a=b",
        ] {
            assert!(is_grpc(grpc.as_bytes()), "{grpc}");
        }
        for other in [
            "",
            "application/grp",
            "application/grpcx",
            "application/grpc-web",
            "application/grpc-web+proto",
            "text/html",
        ] {
            assert!(!is_grpc(other.as_bytes()), "{other}");
        }
    }

    #[cfg(any(feature = "client", feature = "gateway"))]
    #[test]
    fn the_media_type_is_grpc_web_or_not() {
        for grpc_web in ["application/grpc-web", "application/grpc-web+proto", "Application/gRPC-Web;a=b"] {
            assert!(super::is_grpc_web(grpc_web.as_bytes()), "{grpc_web}");
        }
        for other in ["application/grpc", "application/grpc+proto", "application/grpc-web-text", "text/html"]
        {
            assert!(!super::is_grpc_web(other.as_bytes()), "{other}");
        }
    }
}
