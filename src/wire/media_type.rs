//! The media types of gRPC and gRPC-Web.

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
    use super::*;

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
            assert!(is_grpc_web(grpc_web.as_bytes()), "{grpc_web}");
        }
        for other in ["application/grpc", "application/grpc+proto", "application/grpc-web-text", "text/html"]
        {
            assert!(!is_grpc_web(other.as_bytes()), "{other}");
        }
    }
}
