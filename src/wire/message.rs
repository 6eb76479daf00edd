//! `grpc-message`: percent-encoded UTF-8.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, percent_decode, utf8_percent_encode};

/// gRPC over HTTP/2: all but 0x20–0x7e, and `%`. A space at an end would not survive HTTP, so spaces too.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

pub(crate) fn encode(message: &str) -> PercentEncode<'_> {
    utf8_percent_encode(message, ENCODED)
}

/// How many bytes [`encode`] makes of a text.
#[cfg(any(feature = "server", test))]
pub(crate) fn encoded_len(text: &str) -> usize {
    let plain = |byte: &u8| matches!(byte, b'!'..=b'~') && *byte != b'%';
    text.bytes().map(|byte| if plain(&byte) { 1 } else { 3 }).sum()
}

/// Reads a message, lossily: bad escapes stay as they are, bad UTF-8 becomes U+FFFD.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, str> {
    percent_decode(value).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for message in ["", "plain", " spaces ", "100%", "ünï\u{10ffff}", "a\r\n\0\u{1b}b", "%41", "\u{7f}~"]
        {
            let encoded = encode(message).to_string();
            assert!(encoded.bytes().all(|b| (0x21..0x7f).contains(&b)), "{encoded}");
            assert_eq!(decode(encoded.as_bytes()), message);
            assert_eq!(encoded_len(message), encoded.len(), "{message}");
        }
    }

    #[test]
    fn bad_messages_are_read_as_far_as_they_go() {
        assert_eq!(decode(b"100%ZZ and %FF%FE"), "100%ZZ and \u{fffd}\u{fffd}");
        assert_eq!(decode(b"%"), "%");
    }
}
