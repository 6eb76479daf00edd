//! Decodes the bytes of a body to text.

use std::borrow::Cow;

use crate::http::collect::MAX_BODY;
use crate::inbound::note::{Note, Notes};

/// The text of a body. RFC 8259 §8.1 requires UTF-8 without a byte order mark. A mark is skipped, and UTF-16 is read too. A
/// byte that is not UTF-8 becomes `?`.
pub(super) fn text<'a>(body: &'a [u8], notes: &mut Notes) -> Cow<'a, str> {
    let (body, rest) = body.split_at_checked(MAX_BODY).unwrap_or((body, &[]));
    if !rest.is_empty() {
        notes.push(Note::BodyTooLong(MAX_BODY));
    }
    match body {
        [0xef, 0xbb, 0xbf, body @ ..] => utf8(body, notes),
        [0xff, 0xfe, body @ ..] | body @ [b'{', 0, ..] => utf16(body, u16::from_le_bytes, notes),
        [0xfe, 0xff, body @ ..] | body @ [0, b'{', ..] => utf16(body, u16::from_be_bytes, notes),
        _ => utf8(body, notes),
    }
}

fn utf8<'a>(body: &'a [u8], notes: &mut Notes) -> Cow<'a, str> {
    if let Ok(text) = std::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    notes.push(Note::InvalidBody("the body is not UTF-8; invalid bytes were replaced".to_owned()));
    // U+FFFD has three bytes: the text would become three times as long as the body.
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16, notes: &mut Notes) -> Cow<'static, str> {
    notes.push(Note::InvalidBody("the body is UTF-16; expected UTF-8".to_owned()));
    // Two bytes of UTF-16 become at most three of UTF-8.
    let mut text = String::with_capacity(body.len() / 2 * 3);
    let units = body.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?)));
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or('?')));
    Cow::Owned(text)
}
