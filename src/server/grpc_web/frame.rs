//! The frames of gRPC-Web: a flag, a length, and a message or the trailers.

use bytes::{BufMut, Bytes, BytesMut};

/// The length of a frame's head in bytes: the flag and four bytes for the length.
pub(super) const HEAD: usize = 5;

const TRAILERS: u8 = 0x80;

/// What a frame contains, by its flag (PROTOCOL-WEB.md, "Message framing").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A message, compressed or not.
    Message,
    Trailers,
    /// `10000001b`, which the layer cannot read.
    CompressedTrailers,
    /// An undefined flag: the body is not gRPC-Web.
    Unknown,
}

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    flag: u8,
    payload: u32,
}

impl FrameHeader {
    /// Reads the head of a frame. Returns `None` if the bytes end before the head does.
    pub(super) fn read(frame: &[u8]) -> Option<Self> {
        let (head, _) = frame.split_first_chunk()?;
        let [flag, a, b, c, d]: [u8; HEAD] = *head;
        Some(Self { flag, payload: u32::from_be_bytes([a, b, c, d]) })
    }

    /// Returns the length of the frame with its head, in bytes.
    pub(super) fn frame_len(self) -> usize {
        usize::try_from(self.payload).map_or(usize::MAX, |payload| payload.saturating_add(HEAD))
    }

    pub(super) const fn kind(self) -> Kind {
        match self.flag {
            0 | 1 => Kind::Message,
            TRAILERS => Kind::Trailers,
            0x81 => Kind::CompressedTrailers,
            _ => Kind::Unknown,
        }
    }
}

/// Returns the length in bytes of the complete messages at the start of `bytes`.
pub(super) fn complete_messages(bytes: &[u8]) -> usize {
    let mut end = 0;
    while let Some(head) = bytes.get(end..).and_then(FrameHeader::read)
        && head.kind() == Kind::Message
    {
        match end.checked_add(head.frame_len()) {
            Some(next) if next <= bytes.len() => end = next,
            _ => break,
        }
    }
    end
}

/// Writes a trailer frame. Returns `None` if the block is too long for the length field.
pub(super) fn trailer_frame(block: &[u8]) -> Option<Bytes> {
    let mut frame = BytesMut::with_capacity(HEAD + block.len());
    frame.put_u8(TRAILERS);
    frame.put_u32(u32::try_from(block.len()).ok()?);
    frame.put_slice(block);
    Some(frame.freeze())
}
