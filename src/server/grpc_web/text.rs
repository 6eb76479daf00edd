//! The base64 of gRPC-Web's text form. It arrives in pieces, and each piece may be padded (PROTOCOL-WEB.md, "Text-encoded
//! streams").

use super::frame::{FrameHeader, HEAD, Kind};
use crate::wire::base64;

/// The number of base64 digits in a quad, which encodes three bytes.
const QUAD: usize = 4;

/// A decoder that reads a body piece by piece.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The digits of a quad that is not complete yet.
    digits: Vec<u8>,
}

impl Decoder {
    /// Returns whether the text so far ends with a complete quad.
    pub(super) fn is_at_boundary(&self) -> bool {
        self.digits.is_empty()
    }

    /// Decodes all complete quads. Returns `None` if the text is not base64.
    pub(super) fn decode(&mut self, mut text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        if !self.digits.is_empty() {
            let missing = (QUAD - self.digits.len()).min(text.len());
            let (digits, rest) = text.split_at_checked(missing)?;
            self.digits.extend_from_slice(digits);
            text = rest;
            if self.digits.len() < QUAD {
                return Some(bytes);
            }
            decode_quads(&std::mem::take(&mut self.digits), &mut bytes)?;
        }
        let (quads, rest) = text.split_at_checked(text.len() / QUAD * QUAD)?;
        self.digits.extend_from_slice(rest);
        decode_quads(quads, &mut bytes)?;
        Some(bytes)
    }
}

/// Decodes complete quads. Each may end with padding.
fn decode_quads(mut quads: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    while !quads.is_empty() {
        let padded = quads.iter().position(|digit| *digit == b'=');
        let end = padded.map_or(quads.len(), |at| (at / QUAD + 1) * QUAD);
        let (piece, rest) = quads.split_at_checked(end)?;
        let decoded = base64::decode(piece);
        if !decoded.intact {
            return None;
        }
        if bytes.is_empty() {
            *bytes = decoded.bytes;
        } else {
            bytes.extend_from_slice(&decoded.bytes);
        }
        quads = rest;
    }
    Some(())
}

/// Returns whether a piece of text contains complete messages and nothing else. It allocates nothing, and decodes only the heads.
pub(super) fn is_complete_messages(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|digit| **digit == b'=').count();
    let digits = text.len().saturating_sub(padding);
    let is_one_piece = text.len().is_multiple_of(QUAD)
        && padding <= 2
        && !text.get(..digits).is_some_and(|digits| digits.contains(&b'='));
    let len = text.len() / QUAD * 3 - if is_one_piece { padding } else { return false };
    let mut at = 0;
    while at < len {
        let Some(head) = head_at(text, at).filter(|head| head.kind() == Kind::Message) else { return false };
        at = at.saturating_add(head.frame_len());
    }
    at == len
}

/// Reads the head of the frame that begins at this byte of the decoded text.
fn head_at(text: &[u8], at: usize) -> Option<FrameHeader> {
    /// The quads that are decoded. A head begins at one of the three bytes of a quad, so it ends within seven bytes.
    const QUADS: usize = 3;
    let digits = text.get(at / 3 * QUAD..)?;
    let digits = digits.get(..QUADS * QUAD).unwrap_or(digits);
    let mut room = [0; QUADS * 3];
    let bytes = base64::decode_slice(digits, &mut room)?;
    FrameHeader::read(bytes.get(at % 3..)?)
}

const _: () = assert!(HEAD + 2 <= 9, "a head fits the room of head_at");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::base64::encode_padded;

    #[test]
    fn decodes_however_it_is_split_and_padded() {
        let bytes: Vec<u8> = (0..=40).collect();
        for piece in 1..=bytes.len() {
            let text: Vec<u8> = bytes.chunks(piece).flat_map(|piece| encode_padded(piece).to_vec()).collect();
            for split in 1..=text.len() {
                let mut decoder = Decoder::default();
                let mut decoded = Vec::new();
                for part in text.chunks(split) {
                    decoded.extend(decoder.decode(part).unwrap());
                }
                assert_eq!(decoded, bytes, "pieces of {piece}, read in parts of {split}");
                assert!(decoder.is_at_boundary());
            }
        }
        for wrong in ["****", "A===", "====", "AA=A", "=AAA", "AAAA*AAA"] {
            assert_eq!(Decoder::default().decode(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn knows_whole_messages() {
        let message = |len: u8| [&[0, 0, 0, 0, len][..], &vec![7; len.into()]].concat();
        for first in 0..20 {
            for second in 0..20 {
                let both = [message(first), message(second)].concat();
                assert!(is_complete_messages(&encode_padded(&both)), "{first} {second}");
                for cut in 1..both.len() {
                    let is_whole = cut == message(first).len();
                    let text = encode_padded(both.get(..cut).unwrap());
                    assert_eq!(is_complete_messages(&text), is_whole, "{first} {second} {cut}");
                }
                let trailers = [&both[..], &[0x80, 0, 0, 0, 0]].concat();
                assert!(!is_complete_messages(&encode_padded(&trailers)));
            }
        }
        assert!(is_complete_messages(b""));
        for other in ["A", "AAAA", "AAAAAAA*", "AAAAAAA====="] {
            assert!(!is_complete_messages(other.as_bytes()), "{other}");
        }
    }
}
