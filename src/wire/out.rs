//! The cursor that encoded fields are written with, and the lengths of encoded fields.

use super::schema::tag::{MAP_KEY, MAP_VALUE};

/// A cursor over bytes that are just as long as what is written.
pub(crate) struct Out<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Out<'a> {
    pub(crate) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes are written.
    pub(crate) const fn len(&self) -> usize {
        self.at
    }

    #[expect(clippy::indexing_slicing, reason = "the caller has measured; `get_mut` is not const")]
    pub(crate) const fn byte(&mut self, byte: u8) {
        self.bytes[self.at] = byte;
        self.at += 1;
    }

    #[inline]
    pub(crate) const fn copy(&mut self, bytes: &[u8]) {
        let (_, free) = self.bytes.split_at_mut(self.at);
        let (target, _) = free.split_at_mut(bytes.len());
        target.copy_from_slice(bytes);
        self.at += bytes.len();
    }

    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "seven bits; const")]
    pub(crate) const fn varint(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    #[inline(always)]
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "seven bits; const")]
    pub(crate) const fn tag(&mut self, tag: u8, len: usize) {
        let (_, free) = self.bytes.split_at_mut(self.at);
        if len < 0x80
            && let Some(short) = free.first_chunk_mut()
        {
            *short = [tag, len as u8];
            self.at += 2;
        } else {
            self.byte(tag);
            self.varint(len);
        }
    }

    #[inline]
    pub(crate) const fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tag(tag, bytes.len());
            self.copy(bytes);
        }
    }

    #[inline]
    pub(crate) const fn string(&mut self, tag: u8, text: &str) {
        self.bytes(tag, text.as_bytes());
    }

    #[inline]
    pub(crate) const fn pair(&mut self, tag: u8, key: &[u8], value: &[u8]) {
        self.tag(tag, pair_len(key.len(), value.len()));
        self.bytes(MAP_KEY, key);
        self.bytes(MAP_VALUE, value);
    }

    /// Copies encoded fields, with this tag in place of theirs.
    pub(crate) const fn fields_with_tag(&mut self, tag: u8, fields: &[u8]) {
        let mut at = self.at;
        self.copy(fields);
        while at < self.at {
            at = self.replace_tag(at, tag);
        }
    }

    /// Replaces the tag of the field that starts at `at`. Returns where the next field starts.
    #[expect(clippy::as_conversions, clippy::indexing_slicing, reason = "the fields are our own; const")]
    const fn replace_tag(&mut self, mut at: usize, tag: u8) -> usize {
        self.bytes[at] = tag;
        let (mut len, mut shift) = (0, 0);
        loop {
            at += 1;
            let byte = self.bytes[at];
            len |= ((byte & 0x7f) as usize) << shift;
            shift += 7;
            if byte < 0x80 {
                return at + 1 + len;
            }
        }
    }
}

pub(crate) fn put_len(len: usize, out: &mut Vec<u8>) {
    prost::encoding::encode_varint(u64::try_from(len).unwrap_or(u64::MAX), out);
}

pub(crate) fn append(len: usize, out: &mut Vec<u8>, write: impl FnOnce(&mut Out<'_>)) {
    let start = out.len();
    out.resize(start + len, 0);
    let (_, free) = out.split_at_mut(start);
    write(&mut Out::new(free));
}

/// A tag of one byte, a length, and that many bytes.
pub(crate) const fn delimited_len(len: usize) -> usize {
    1 + varint_len(len) + len
}

/// Returns the length of a string field. proto3 omits an empty one.
pub(crate) const fn string_len(text: &str) -> usize {
    bytes_len(text.as_bytes())
}

pub(crate) const fn bytes_len(bytes: &[u8]) -> usize {
    if bytes.is_empty() { 0 } else { delimited_len(bytes.len()) }
}

pub(crate) const fn any_len(type_url: &str, value: usize) -> usize {
    string_len(type_url) + if value == 0 { 0 } else { delimited_len(value) }
}

pub(crate) const fn pair_len(key: usize, value: usize) -> usize {
    (if key == 0 { 0 } else { delimited_len(key) }) + if value == 0 { 0 } else { delimited_len(value) }
}

pub(crate) const fn varint_len(mut value: usize) -> usize {
    let mut len = 1;
    while value >= 0x80 {
        value >>= 7;
        len += 1;
    }
    len
}
