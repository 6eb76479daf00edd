//! Reads the frames of a gRPC-Web body, and collects a frame that arrives in parts. `frame.rs` has the format of a frame.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame};

use super::fields;
use super::frame::{FrameHeader, HEAD, Kind, complete_messages, trailer_frame};
use super::text::{self, Decoder};
use crate::outbound::cause::{self, Dropped};
use crate::wire::base64;
use crate::wire::media_type::WebEncoding;

/// How much of a message is held until the message is complete, in bytes: as much as tonic reads by default. A trailer frame
/// cannot be sent in the middle of a message. So if the start of a message was sent and the message breaks off, the caller
/// receives no status.
const MAX_HELD_MESSAGE: usize = 4 << 20;

/// The longest trailer frame that is collected from parts, in bytes. A frame that arrives in one piece may be longer.
const MAX_TRAILERS: usize = 256 << 10;

const _: () = assert!(MAX_TRAILERS <= MAX_HELD_MESSAGE, "a trailer frame is collected until it is complete");

/// A reader of a gRPC-Web body, which returns the messages and the trailers as those of gRPC. It also writes trailers as a frame.
#[derive(Debug)]
pub(in crate::server) struct WebFrames {
    encoding: WebEncoding,
    decoder: Decoder,
    /// Bytes of the service that were not read yet.
    unread: Bytes,
    /// The start of a frame that is not complete yet.
    partial: BytesMut,
    state: FramesState,
    /// The private causes that the fields of the trailer frame may identify.
    dropped: Dropped,
    /// What is wrong with the body. After a fault, the body is not read further.
    fault: Option<&'static str>,
}

#[derive(Debug)]
enum FramesState {
    /// Frames follow.
    Open,
    /// The rest of a long message follows, this many bytes. They are sent as they arrive.
    InMessage(usize),
    /// The trailer frame arrived. The body must end now.
    Trailers(Bytes),
    /// A status was sent.
    Ended,
}

impl WebFrames {
    pub(in crate::server) fn new(encoding: WebEncoding) -> Self {
        Self {
            encoding,
            decoder: Decoder::default(),
            unread: Bytes::new(),
            partial: BytesMut::new(),
            state: FramesState::Open,
            dropped: Dropped::default(),
            fault: None,
        }
    }

    /// Returns what is wrong with the body, after it has ended.
    pub(in crate::server) const fn fault(&self) -> Option<&'static str> {
        self.fault
    }

    /// Returns whether the trailer frame was sent as the service made it.
    pub(in crate::server) const fn has_ended(&self) -> bool {
        matches!(self.state, FramesState::Ended)
    }

    /// Returns the next frame: messages as data, and the fields of the trailer frame as trailers. A trailer frame with a plain OK
    /// is returned as data; after it, [`has_ended`](Self::has_ended) is true. If the body is not valid, it ends at the fault.
    pub(in crate::server) fn poll_frame<B: Body<Data = Bytes>>(
        &mut self,
        mut inner: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        loop {
            if let Some(messages) = self.next_messages() {
                return Poll::Ready(Some(Ok(self.data(messages))));
            }
            if self.fault.is_some() || self.has_ended() {
                return Poll::Ready(None);
            }
            let (polled, dropped) = cause::keep_dropped(|| inner.as_mut().poll_frame(cx));
            let frame = match ready!(polled) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(self.end(None).map(Ok)),
            };
            match frame.into_data() {
                Ok(data) if self.passes_unchanged(&data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(data) => {
                    self.read(data);
                    // The layer that wrote the trailer frame drops the trailers in the same poll.
                    if !dropped.is_empty() {
                        self.dropped = dropped;
                    }
                }
                Err(frame) => return Poll::Ready(self.end(frame.into_trailers().ok()).map(Ok)),
            }
        }
    }

    /// Writes trailers as a frame. Returns `None` in the middle of a message, where no frame can begin.
    pub(in crate::server) fn trailers(&mut self, trailers: &HeaderMap) -> Option<Frame<Bytes>> {
        if matches!(self.state, FramesState::InMessage(_)) {
            return None;
        }
        self.state = FramesState::Ended;
        trailer_frame(&fields::write(trailers)).map(|frame| self.data(frame))
    }

    fn data(&self, bytes: Bytes) -> Frame<Bytes> {
        Frame::data(match self.encoding {
            WebEncoding::Binary => bytes,
            WebEncoding::Text => base64::encode_padded(&bytes),
        })
    }

    /// Returns whether a piece of base64 text is sent as it arrived. The complete messages of a binary piece are never copied.
    fn passes_unchanged(&self, piece: &[u8]) -> bool {
        self.encoding == WebEncoding::Text
            && matches!(self.state, FramesState::Open)
            && self.partial.is_empty()
            && self.decoder.is_at_boundary()
            && text::is_complete_messages(piece)
    }

    fn read(&mut self, piece: Bytes) {
        self.unread = match self.encoding {
            WebEncoding::Binary => piece,
            WebEncoding::Text => match self.decoder.decode(&piece) {
                Some(bytes) => bytes.into(),
                None => return self.fault = Some("is not base64"),
            },
        };
    }

    /// Returns the next complete messages of the unread bytes. The rest is kept.
    fn next_messages(&mut self) -> Option<Bytes> {
        while self.fault.is_none() {
            if !self.partial.is_empty() {
                if let Some(message) = self.continue_frame()? {
                    return Some(message);
                }
                continue;
            }
            if self.unread.is_empty() {
                return None;
            }
            match &mut self.state {
                FramesState::InMessage(left) => {
                    let passing = self.unread.split_to(self.unread.len().min(*left));
                    *left -= passing.len();
                    if *left == 0 {
                        self.state = FramesState::Open;
                    }
                    return Some(passing);
                }
                FramesState::Trailers(_) | FramesState::Ended => {
                    self.fault = Some("continues after its trailer frame")
                }
                FramesState::Open => {
                    let messages = complete_messages(&self.unread);
                    if messages > 0 {
                        return Some(self.unread.split_to(messages));
                    }
                    match FrameHeader::read(&self.unread) {
                        Some(head)
                            if head.kind() == Kind::Trailers && head.frame_len() <= self.unread.len() =>
                        {
                            self.state = FramesState::Trailers(self.unread.split_to(head.frame_len()));
                        }
                        _ => self.collect(HEAD),
                    }
                }
            }
        }
        None
    }

    /// Collects a frame that arrives in parts. Returns `None` if it is not complete yet, and `Some(Some(message))` if it is a
    /// message.
    fn continue_frame(&mut self) -> Option<Option<Bytes>> {
        self.collect(HEAD);
        let head = FrameHeader::read(&self.partial)?;
        let len = head.frame_len();
        match head.kind() {
            Kind::Unknown => self.fault = Some("has a frame that is neither a message nor trailers"),
            Kind::CompressedTrailers => self.fault = Some("has a compressed trailer frame"),
            Kind::Trailers if len > MAX_TRAILERS => {
                self.fault = Some("has a trailer frame of more than 256 KiB");
            }
            kind => {
                self.collect(len.min(MAX_HELD_MESSAGE));
                let missing = len - self.partial.len();
                if missing > 0 && self.partial.len() < MAX_HELD_MESSAGE {
                    return None;
                }
                let frame = self.partial.split().freeze();
                if kind == Kind::Trailers {
                    self.state = FramesState::Trailers(frame);
                } else {
                    if missing > 0 {
                        self.state = FramesState::InMessage(missing);
                    }
                    return Some(Some(frame));
                }
            }
        }
        Some(None)
    }

    /// Moves unread bytes to the incomplete frame, until that has this length.
    fn collect(&mut self, len: usize) {
        let missing = len.saturating_sub(self.partial.len()).min(self.unread.len());
        self.partial.extend_from_slice(&self.unread.split_to(missing));
    }

    /// Ends the body. `trailers` are the HTTP trailers that the service sent. Returns the last frame.
    fn end(&mut self, trailers: Option<HeaderMap>) -> Option<Frame<Bytes>> {
        match &mut self.state {
            FramesState::Trailers(_) if !self.decoder.is_at_boundary() => {
                self.fault = Some("continues after its trailer frame");
                None
            }
            FramesState::Trailers(frame) => {
                let frame = std::mem::take(frame);
                if frame.get(HEAD..).is_some_and(fields::is_plain_ok) {
                    self.state = FramesState::Ended;
                    return Some(self.data(frame));
                }
                let Some(mut fields) = fields::read(&frame.slice(HEAD..)) else {
                    self.fault = Some("has too many fields in its trailer frame");
                    return None;
                };
                self.dropped.store_again(&mut fields);
                Some(Frame::trailers(fields))
            }
            FramesState::Open if self.partial.is_empty() && self.decoder.is_at_boundary() => {
                trailers.map(Frame::trailers)
            }
            FramesState::Open | FramesState::InMessage(_) => {
                self.fault = Some("breaks off in a frame");
                None
            }
            FramesState::Ended => None,
        }
    }
}
