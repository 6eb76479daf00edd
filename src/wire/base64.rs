//! Base64 of `grpc-status-details-bin` and of gRPC-Web bodies. If a field has several values, the caller gives the rule by which
//! one of them is chosen.

use std::sync::LazyLock;

use base64::Engine;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
use base64::engine::GeneralPurpose as Fastest;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
use base64::engine::Simd as Fastest;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
#[cfg(any(feature = "gateway", feature = "server"))]
use bytes::Bytes;

/// Writes base64 without padding, as gRPC does. Reads base64 with and without padding, and ignores the unused bits of the last
/// digit.
static STANDARD: LazyLock<Fastest> = LazyLock::new(|| {
    let config = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    #[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
    return Fastest::standard(config);
    #[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
    Fastest::new(&base64::alphabet::STANDARD, config)
});

/// The bytes that were decoded from a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    /// Whether the whole text was base64.
    pub(crate) intact: bool,
}

/// Decodes base64 of the standard or the URL-safe alphabet, with or without padding. Removes white space at both ends. If the
/// text is not base64, the part before the first invalid byte is decoded.
pub(crate) fn decode(text: &[u8]) -> Decoded {
    // Most peers send this form.
    if let Ok(bytes) = STANDARD.decode(text) {
        return Decoded { bytes, intact: true };
    }
    let mut text: Vec<u8> = text
        .trim_ascii()
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    if let Ok(bytes) = STANDARD.decode(&text) {
        return Decoded { bytes, intact: true };
    }
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let valid = text.iter().position(|byte| !digit(byte)).unwrap_or(text.len());
    // A single last digit has six bits, which is less than one byte: it is removed.
    text.truncate(if valid % 4 == 1 { valid - 1 } else { valid });
    Decoded { bytes: STANDARD.decode(&text).unwrap_or_default(), intact: false }
}

/// Decodes a header value, which may consist of several values joined by commas. Returns the first value that is base64 and
/// that `is_accepted` accepts. Without such a value, returns the first one that is base64. If no value is base64, returns the
/// part of the first value that can be decoded.
pub(crate) fn decode_joined(text: &[u8], is_accepted: impl Fn(&[u8]) -> bool) -> Decoded {
    if !text.contains(&b',') {
        return decode(text);
    }
    let mut best: Option<Decoded> = None;
    for decoded in text.split(|byte| *byte == b',').map(decode) {
        if decoded.intact && is_accepted(&decoded.bytes) {
            return decoded;
        }
        if best.as_ref().is_none_or(|best| decoded.intact && !best.intact) {
            best = Some(decoded);
        }
    }
    best.unwrap_or_else(|| decode(text))
}

/// Encodes bytes as unpadded standard base64, as gRPC sends binary fields.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Encodes the value of a field as [`encode`] does, but without a check that the result is UTF-8.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn encode_to_bytes(bytes: &[u8]) -> Bytes {
    let mut digits = vec![0; encoded_len(bytes.len())];
    // The buffer has exactly the length of the digits, so that the result is never an error.
    let written = STANDARD.encode_slice(bytes, &mut digits).unwrap_or(0);
    digits.truncate(written);
    digits.into()
}

/// Decodes the form that gRPC sends: unpadded base64 of the standard alphabet. Returns `None` for any other text.
#[cfg(feature = "server")]
pub(crate) fn decode_standard(text: &[u8]) -> Option<Vec<u8>> {
    // The comparison of the lengths refuses padding. The unused bits of the last digit may be set.
    STANDARD.decode(text).ok().filter(|bytes| encoded_len(bytes.len()) == text.len())
}

/// Returns whether text is the base64 of these bytes, as [`encode`] writes it. It does not allocate.
#[cfg(feature = "server")]
pub(crate) fn is_encoding_of(text: &[u8], bytes: &[u8]) -> bool {
    let mut digits = [0; 1024];
    text.len() == encoded_len(bytes.len())
        && text.chunks(digits.len()).zip(bytes.chunks(digits.len() / 4 * 3)).all(|(text, bytes)| {
            let len = STANDARD.encode_slice(bytes, &mut digits).unwrap_or(0);
            digits.get(..len) == Some(text)
        })
}

/// The capacity for appended bytes: enough for a detail with a request id of any permitted length.
#[cfg(feature = "server")]
const APPENDED: usize = 128;

/// Appends bytes to base64 text that [`decode_standard`] decoded to `bytes`. Encodes only the last digits again.
#[cfg(feature = "server")]
pub(crate) fn append(text: &[u8], bytes: &[u8], more: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % 3);
    let digits = text.get(..encoded_len(whole.len())).unwrap_or_default();
    let mut bytes = Vec::with_capacity(APPENDED);
    bytes.extend_from_slice(rest);
    more(&mut bytes);
    let len = digits.len() + encoded_len(bytes.len());
    let mut appended = Vec::with_capacity(len);
    appended.extend_from_slice(digits);
    appended.resize(len, 0);
    // The buffer has exactly the length of the digits, so that the result is never an error.
    if let Some(room) = appended.get_mut(digits.len()..) {
        let _ = STANDARD.encode_slice(&bytes, room);
    }
    appended.into()
}

/// Encodes bytes as padded base64, as the text form of gRPC-Web sends each chunk of a body.
#[cfg(feature = "server")]
pub(crate) fn encode_padded(bytes: &[u8]) -> Bytes {
    let mut digits = vec![b'='; bytes.len().div_ceil(3) * 4];
    // The digits fit into the buffer, so that the result is never an error. The bytes after them remain padding.
    let _ = STANDARD.encode_slice(bytes, &mut digits);
    digits.into()
}

/// Decodes a short text into `room` without allocating. Returns `None` if it is not base64 or does not fit.
#[cfg(feature = "server")]
pub(crate) fn decode_slice<'a>(text: &[u8], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let len = STANDARD.decode_slice(text, room).ok()?;
    room.get(..len)
}

/// Returns the number of digits that [`encode`] writes for a number of bytes.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_of_base64_is_decoded() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        for text in ["+//+AQ", "+//+AQ==", "-__-AQ", "-__-AQ==", " +//+AQ\r\n", "+//+AR", "+_/-AQ"] {
            assert_eq!(decode(text.as_bytes()), Decoded { bytes: bytes.to_vec(), intact: true }, "{text}");
        }
        assert_eq!(decode(encode(&bytes).as_bytes()).bytes, bytes);
    }

    #[cfg(feature = "server")]
    #[test]
    fn chunks_are_padded() {
        for (bytes, text) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj")] {
            assert_eq!(encode_padded(bytes), text);
            assert_eq!(decode_slice(text.as_bytes(), &mut [0; 6]), Some(bytes));
        }
        assert_eq!(decode_slice(b"YWJj", &mut [0; 2]), None);
        assert_eq!(decode_slice(b"*", &mut [0; 2]), None);
    }

    #[cfg(feature = "server")]
    #[test]
    fn bytes_are_appended_only_to_the_form_of_grpc() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        // The unused bits of the last digit are ignored.
        for text in ["+//+AQ", "+//+AR"] {
            assert_eq!(decode_standard(text.as_bytes()).as_deref(), Some(&bytes[..]), "{text}");
            let appended = append(text.as_bytes(), &bytes, |more| more.push(2));
            assert_eq!(appended, encode(&[0xfb, 0xff, 0xfe, 0x01, 2]));
        }
        for text in ["+//+AQ==", "-__-AQ", " +//+AQ", "+//+AQ,+//+AQ", "+//+A"] {
            assert_eq!(decode_standard(text.as_bytes()), None, "{text}");
        }
    }

    #[cfg(feature = "server")]
    #[test]
    fn text_is_compared_with_bytes_of_any_length() {
        let bytes: Vec<u8> = (0..4000_u32).map(|at| (at * at % 251).to_le_bytes()[0]).collect();
        for len in (0..40).chain(760..780).chain([1535, 1536, 1537, 3999]) {
            let text = encode(&bytes[..len]);
            assert!(is_encoding_of(text.as_bytes(), &bytes[..len]), "{len}");
            assert!(!is_encoding_of(text.as_bytes(), &bytes[..len + 1]), "{len}");
            for at in [0, text.len() / 2, text.len().saturating_sub(1)] {
                let mut other = text.clone().into_bytes();
                if let Some(digit) = other.get_mut(at) {
                    *digit = if *digit == b'A' { b'B' } else { b'A' };
                    assert!(!is_encoding_of(&other, &bytes[..len]), "{len} {at}");
                }
            }
        }
    }

    #[cfg(feature = "server")]
    proptest::proptest! {
        #[test]
        fn appended_base64_equals_base64_of_all_bytes(start: Vec<u8>, end: Vec<u8>) {
            let text = encode(&start);
            proptest::prop_assert_eq!(decode_standard(text.as_bytes()), Some(start.clone()));
            let appended = append(text.as_bytes(), &start, |more| more.extend_from_slice(&end));
            proptest::prop_assert_eq!(appended, encode(&[start, end].concat()));
        }
    }

    #[test]
    fn the_part_before_an_invalid_byte_is_decoded() {
        assert_eq!(decode(b"AQID*AQID"), Decoded { bytes: vec![1, 2, 3], intact: false });
        assert_eq!(decode(b"AQIDA"), Decoded { bytes: vec![1, 2, 3], intact: false });
        assert_eq!(decode(b"<html>"), Decoded { bytes: vec![], intact: false });
        assert_eq!(decode(b""), Decoded { bytes: vec![], intact: true });
    }

    #[test]
    fn the_first_accepted_value_of_a_joined_field_is_used() {
        let decoded = decode_joined(b"!!,AQ, AgI=,Aw", |bytes| bytes.len() == 2);
        assert_eq!(decoded, Decoded { bytes: vec![2, 2], intact: true });
        assert_eq!(decode_joined(b"!!,AQ", |_| false).bytes, [1]);
        assert_eq!(decode_joined(b"AQ!,!", |_| true), Decoded { bytes: vec![1], intact: false });
    }
}
