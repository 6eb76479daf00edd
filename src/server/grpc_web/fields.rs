//! The block in a trailer frame: the fields of HTTP trailers as lines of text.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::server::success::describes_failure;
use crate::wire::header::text;

/// Returns whether a block contains one `grpc-status` of 0, no field of a failure, and only lines that every reader reads in the
/// same way. Such a block is sent as it is.
pub(super) fn is_plain_ok(block: &[u8]) -> bool {
    let mut statuses = 0;
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        let Some((name, value)) = line.strip_suffix(b"\r\n").and_then(split) else { return false };
        if name.is_empty()
            || !name.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        {
            return false;
        }
        if describes_failure(name) {
            return false;
        }
        // Some readers end a line at a control character, such as CR.
        if value.iter().any(|byte| *byte < b' ' && *byte != b'\t') {
            return false;
        }
        if name == text::GRPC_STATUS.as_bytes() {
            if value.trim_ascii() != b"0" {
                return false;
            }
            statuses += 1;
        }
    }
    statuses == 1
}

/// Reads the fields of a block. A line that is not a field is ignored. Returns `None` if there are more names than a header map
/// can hold.
pub(super) fn read(block: &Bytes) -> Option<HeaderMap> {
    let mut fields = HeaderMap::new();
    for line in block.split(|byte| *byte == b'\n') {
        let Some((name, value)) = split(line) else { continue };
        let name = HeaderName::from_bytes(name.trim_ascii());
        let value = HeaderValue::from_maybe_shared(block.slice_ref(value.trim_ascii()));
        if let (Ok(name), Ok(value)) = (name, value) {
            fields.try_append(name, value).ok()?;
        }
    }
    Some(fields)
}

/// Writes the block of these fields.
pub(super) fn write(fields: &HeaderMap) -> BytesMut {
    let len = fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let mut block = BytesMut::with_capacity(len);
    for (name, value) in fields {
        block.extend_from_slice(name.as_str().as_bytes());
        block.extend_from_slice(b": ");
        block.extend_from_slice(value.as_bytes());
        block.extend_from_slice(b"\r\n");
    }
    block
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at_checked(colon)?;
    Some((name, value.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_ok_is_one_status_of_0() {
        for block in ["grpc-status:0\r\n", "grpc-status: 0\r\nx-a: b\tc\r\n", "x-a:\r\ngrpc-status:0\r\n"] {
            assert!(is_plain_ok(block.as_bytes()), "{block:?}");
        }
        for block in [
            "",
            "\r\n",
            "grpc-status:0",
            "grpc-status:0\n",
            "grpc-status:13\r\n",
            "grpc-status:00\r\n",
            "Grpc-Status:0\r\n",
            " grpc-status:0\r\n",
            ":\r\ngrpc-status:0\r\n",
            "grpc-status:0\r\ngrpc-status:0\r\n",
            "grpc-status:0\r\ngrpc-status:13\r\n",
            "grpc-status:0\r\n\r\n",
            "grpc-status:0\r\nno field\r\n",
            "x-a:b\rgrpc-status:13\r\ngrpc-status:0\r\n",
            "x-a:b\ngrpc-status:0\r\n",
            "x-a:\0\r\ngrpc-status:0\r\n",
            "grpc-status:0\r\ngrpc-message:private\r\n",
            "codelibra-cause:1\r\ngrpc-status:0\r\n",
        ] {
            assert!(!is_plain_ok(block.as_bytes()), "{block:?}");
        }
    }

    #[test]
    fn reads_what_is_a_field() {
        let read = |block: &str| super::read(&Bytes::copy_from_slice(block.as_bytes())).unwrap();
        let fields =
            read("grpc-status: 13\r\nGRPC-Message:a b \n\r\nno field\r\n:x\r\nx y: z\r\nx-a:\r\nx-a:1:2");
        let text: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        assert_eq!(text, [r#"grpc-status="13""#, r#"grpc-message="a b""#, r#"x-a="""#, r#"x-a="1:2""#]);
        assert_eq!(write(&fields), "grpc-status: 13\r\ngrpc-message: a b\r\nx-a: \r\nx-a: 1:2\r\n");
        let many: String = (0..40_000).map(|i| format!("a{i}:\r\n")).collect();
        assert_eq!(super::read(&many.into()), None);
    }
}
