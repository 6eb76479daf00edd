//! The base64 dialects of `grpc-status-details-bin`.

use std::sync::LazyLock;

use base64::Engine;
#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
use base64::engine::GeneralPurpose as Fastest;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
use base64::engine::Simd as Fastest;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
#[cfg(any(feature = "gateway", feature = "server"))]
use bytes::Bytes;

/// Writes as gRPC does, without padding; reads padded and not, and whatever the unused bits of the last digit say.
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

/// What could be read of a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) bytes: Vec<u8>,
    /// Whether the text was base64 to its end.
    pub(crate) intact: bool,
}

/// Reads base64, padded or not, in the standard or the URL-safe alphabet, white space around it. Where it is
/// not, the part before the fault is read.
pub(crate) fn decode(text: &[u8]) -> Decoded {
    // What nearly everybody sends.
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
    let sound = text.iter().position(|byte| !digit(byte)).unwrap_or(text.len());
    // One digit alone holds six bits of a byte: nothing.
    text.truncate(if sound % 4 == 1 { sound - 1 } else { sound });
    Decoded { bytes: STANDARD.decode(&text).unwrap_or_default(), intact: false }
}

/// Reads a header value, which may be several joined by commas. The first that is base64 and that `agrees`
/// wins; else the first that is base64; else what can be read of the first.
pub(crate) fn decode_joined(text: &[u8], agrees: impl Fn(&[u8]) -> bool) -> Decoded {
    if !text.contains(&b',') {
        return decode(text);
    }
    let mut best: Option<Decoded> = None;
    for decoded in text.split(|byte| *byte == b',').map(decode) {
        if decoded.intact && agrees(&decoded.bytes) {
            return decoded;
        }
        if best.as_ref().is_none_or(|best| decoded.intact && !best.intact) {
            best = Some(decoded);
        }
    }
    best.unwrap_or_else(|| decode(text))
}

/// Unpadded standard base64, as gRPC sends binary fields.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The value of a field: [`encode`], without asking again whether it is text.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn encode_to_bytes(bytes: &[u8]) -> Bytes {
    let mut digits = vec![0; encoded_len(bytes.len())];
    // There is room for just what is written.
    let written = STANDARD.encode_slice(bytes, &mut digits).unwrap_or(0);
    digits.truncate(written);
    digits.into()
}

/// Reads what gRPC sends: unpadded base64 in the standard alphabet. `None` for any other text.
#[cfg(feature = "server")]
pub(crate) fn decode_standard(text: &[u8]) -> Option<Vec<u8>> {
    // The length excludes padding. The unused bits of the last digit may be set.
    STANDARD.decode(text).ok().filter(|bytes| encoded_len(bytes.len()) == text.len())
}

/// How many bytes are usually appended: those of a request id of any length, as a detail.
#[cfg(feature = "server")]
const APPENDED: usize = 128;

/// Appends bytes to base64 that [`decode_standard`] read as `bytes`. Only the last digits are encoded again.
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
    // There is room for just what is written.
    if let Some(room) = appended.get_mut(digits.len()..) {
        let _ = STANDARD.encode_slice(&bytes, room);
    }
    appended.into()
}

/// Padded base64, as gRPC-Web's text form sends each piece of a body.
#[cfg(feature = "server")]
pub(crate) fn encode_padded(bytes: &[u8]) -> Bytes {
    let mut digits = vec![b'='; bytes.len().div_ceil(3) * 4];
    // There is room for just what is written; what is not written stays padding.
    let _ = STANDARD.encode_slice(bytes, &mut digits);
    digits.into()
}

/// Decodes text of a few digits without allocating. `None` where it is not base64 or does not fit.
#[cfg(feature = "server")]
pub(crate) fn decode_slice<'a>(text: &[u8], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let len = STANDARD.decode_slice(text, room).ok()?;
    room.get(..len)
}

/// How many digits [`encode`] makes of so many bytes.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_dialect() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        for text in ["+//+AQ", "+//+AQ==", "-__-AQ", "-__-AQ==", " +//+AQ\r\n", "+//+AR", "+_/-AQ"] {
            assert_eq!(decode(text.as_bytes()), Decoded { bytes: bytes.to_vec(), intact: true }, "{text}");
        }
        assert_eq!(decode(encode(&bytes).as_bytes()).bytes, bytes);
    }

    #[cfg(feature = "server")]
    #[test]
    fn pads_what_is_sent_in_pieces() {
        for (bytes, text) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj")] {
            assert_eq!(encode_padded(bytes), text);
            assert_eq!(decode_slice(text.as_bytes(), &mut [0; 6]), Some(bytes));
        }
        assert_eq!(decode_slice(b"YWJj", &mut [0; 2]), None);
        assert_eq!(decode_slice(b"*", &mut [0; 2]), None);
    }

    #[cfg(feature = "server")]
    #[test]
    fn only_the_form_of_grpc_is_appended_to() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        // The unused bits of the last digit are not read.
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
    proptest::proptest! {
        #[test]
        fn appending_is_encoding_all(start: Vec<u8>, end: Vec<u8>) {
            let text = encode(&start);
            proptest::prop_assert_eq!(decode_standard(text.as_bytes()), Some(start.clone()));
            let appended = append(text.as_bytes(), &start, |more| more.extend_from_slice(&end));
            proptest::prop_assert_eq!(appended, encode(&[start, end].concat()));
        }
    }

    #[test]
    fn keeps_what_stands_before_a_fault() {
        assert_eq!(decode(b"AQID*AQID"), Decoded { bytes: vec![1, 2, 3], intact: false });
        assert_eq!(decode(b"AQIDA"), Decoded { bytes: vec![1, 2, 3], intact: false });
        assert_eq!(decode(b"<html>"), Decoded { bytes: vec![], intact: false });
        assert_eq!(decode(b""), Decoded { bytes: vec![], intact: true });
    }

    #[test]
    fn takes_the_first_joined_value_that_agrees() {
        let decoded = decode_joined(b"!!,AQ, AgI=,Aw", |bytes| bytes.len() == 2);
        assert_eq!(decoded, Decoded { bytes: vec![2, 2], intact: true });
        assert_eq!(decode_joined(b"!!,AQ", |_| false).bytes, [1]);
        assert_eq!(decode_joined(b"AQ!,!", |_| true), Decoded { bytes: vec![1], intact: false });
    }
}
