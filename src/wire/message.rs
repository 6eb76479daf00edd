//! `grpc-message`: percent-encoded UTF-8.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, utf8_percent_encode};

/// PROTOCOL-HTTP2.md, "Percent-Encoded": all bytes outside 0x20–0x7e, and `%`.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// For a message with a space at an end: HTTP removes white space around a value.
const ENCODED_WITH_SPACES: &AsciiSet = &ENCODED.add(b' ');

/// Encodes a message. Most messages need no escapes. Counting the escapes first is faster than searching for the first one.
pub(crate) fn encode(message: &str) -> Cow<'_, str> {
    #[cfg(any(feature = "gateway", feature = "server"))]
    if encoded_len(message) == message.len() {
        return Cow::Borrowed(message);
    }
    let set = if has_spaces_around(message) { ENCODED_WITH_SPACES } else { ENCODED };
    utf8_percent_encode(message, set).into()
}

/// Returns the number of bytes that [`encode`] writes for a message.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn encoded_len(message: &str) -> usize {
    let plain = if has_spaces_around(message) { b'!'..=b'~' } else { b' '..=b'~' };
    let escaped = message.bytes().filter(|byte| !plain.contains(byte) || *byte == b'%').count();
    message.len() + 2 * escaped
}

fn has_spaces_around(message: &str) -> bool {
    message.starts_with(' ') || message.ends_with(' ')
}

/// Decodes a message. Invalid escapes are kept as they are; invalid UTF-8 is replaced by U+FFFD.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, str> {
    percent_decode(value).decode_utf8_lossy()
}

/// Returns whether a field decodes to a text, without allocating.
#[cfg(feature = "server")]
pub(crate) fn is_encoding_of(value: &[u8], text: &str) -> bool {
    let is_plain = value == text.as_bytes() && !value.contains(&b'%');
    is_plain || is_tonics_encoding_of(value, text) || percent_decode(value).eq(text.bytes())
}

/// Returns whether the field is this text with each space written as `%20` and no other escape. tonic writes this form.
#[cfg(feature = "server")]
fn is_tonics_encoding_of(value: &[u8], text: &str) -> bool {
    let mut rest = value;
    for byte in text.bytes() {
        let encoded = match byte {
            b' ' => rest.strip_prefix(b"%20"),
            b'%' => None,
            _ => rest.split_first().filter(|(first, _)| **first == byte).map(|(_, rest)| rest),
        };
        let Some(after) = encoded else { return false };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_back() {
        for message in
            ["", "plain text", " spaces ", "100%", "ünï\u{10ffff}", "a\r\n\0\u{1b}b", "%41", "\u{7f}~"]
        {
            let encoded = encode(message).to_string();
            assert!(encoded.bytes().all(|b| (0x20..0x7f).contains(&b)), "{encoded}");
            assert_eq!(encoded.trim(), encoded, "HTTP removes spaces around a value");
            assert_eq!(decode(encoded.as_bytes()), message);
            assert_eq!(encoded_len(message), encoded.len(), "{message}");
        }
    }

    #[test]
    fn invalid_escapes_are_kept_and_invalid_utf_8_is_replaced() {
        assert_eq!(decode(b"100%ZZ and %FF%FE"), "100%ZZ and \u{fffd}\u{fffd}");
        assert_eq!(decode(b"%"), "%");
    }

    #[cfg(feature = "server")]
    #[test]
    fn a_field_is_compared_without_being_decoded() {
        for (field, text, is_same) in [
            ("plain", "plain", true),
            ("%70lain", "plain", true),
            ("100%25", "100%", true),
            ("100%25", "100%25", false),
            ("100%", "100%", true),
            ("plain", "plan", false),
            ("two%20words", "two words", true),
            ("two%20words", "two%20words", false),
            ("two words", "two words", true),
            ("two%20words", "two word", false),
            ("two%20", "two words", false),
            ("a%20b%25", "a b%", true),
            ("a%2", "a ", false),
        ] {
            assert_eq!(is_encoding_of(field.as_bytes(), text), is_same, "{field}");
        }
    }
}
