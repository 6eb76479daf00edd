//! Reads the items of a streaming response, and the error at its end.

use bytes::{Buf, BytesMut};
use serde_json::value::RawValue;

use super::StreamForm;
use super::array::{ArrayScanner, Piece};
use crate::http::{MAX_BODY, Reader};
use crate::inbound::ReceivedError;

/// The next event of a streaming response.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::http::{Reader, StreamEvent, StreamForm, StreamReader};
///
/// let mut reader = StreamReader::new(StreamForm::Ndjson, Reader::new::<ErrorCode>());
/// reader.push(b"{\"result\":1}\n{\"result\":2}\n{\"end\":{}}\n");
/// let mut items = Vec::new();
/// let is_complete = loop {
///     match reader.next() {
///         Some(StreamEvent::Item(item)) => items.push(item),
///         Some(StreamEvent::End) => break true,
///         _ => break false,
///     }
/// };
/// assert_eq!((items, is_complete), (vec!["1".into(), "2".into()], true));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StreamEvent {
    /// An item, as JSON.
    Item(String),
    /// The stream failed. Nothing follows.
    Failed(ReceivedError),
    /// The stream is complete. Nothing follows.
    End,
}

/// Reads a streaming response in chunks. The counterpart of [`StreamBody`](super::StreamBody).
///
/// A byte order mark at the start is skipped. Lines of server-sent events end with `\n`, `\r` or both (HTML Living
/// Standard §9.2.6).
///
/// A stream of JSON values may also be an array, as Google's streamed REST responses are: `[{…},{"error":{…}}]`. Each element
/// is an item, one with the single member `error` fails the stream, and `]` is the end.
///
/// Only [`StreamEvent::End`] means that the stream is complete. Call [`finish`](Self::finish) at the end of the body: it returns an
/// error for a stream that was cut.
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::http::{Reader, StreamEvent, StreamForm, StreamReader};
///
/// let mut reader = StreamReader::new(StreamForm::Ndjson, Reader::new::<ErrorCode>());
/// reader.push(b"{\"result\":1}\n{\"resu");
/// assert!(matches!(reader.next(), Some(StreamEvent::Item(item)) if item == "1"));
/// assert!(reader.next().is_none());
/// assert!(reader.finish().unwrap_err().is_synthesized());
/// ```
#[derive(Debug)]
pub struct StreamReader {
    form: StreamForm,
    reader: Reader,
    /// The bytes that have arrived and are not read yet.
    buffer: BytesMut,
    /// The number of its bytes that contain no line break.
    scanned: usize,
    /// Whether no line was read yet. A byte order mark is skipped only before the first line.
    is_new: bool,
    /// Whether the last line ended with `\r`. A `\n` that follows belongs to the same line break.
    after_return: bool,
    event: String,
    data: Option<String>,
    /// Whether the stream is an array.
    array: IsArray,
    ended: bool,
}

#[derive(Debug)]
enum IsArray {
    /// Only white space has arrived.
    Unknown,
    No,
    Yes(ArrayScanner),
}

impl StreamReader {
    /// Returns a reader of a stream in this form. `reader` reads the error at its end.
    pub fn new(form: StreamForm, reader: Reader) -> Self {
        Self {
            form,
            reader,
            buffer: BytesMut::new(),
            scanned: 0,
            is_new: true,
            after_return: false,
            event: String::new(),
            data: None,
            // Server-sent events are never an array.
            array: if form == StreamForm::Ndjson { IsArray::Unknown } else { IsArray::No },
            ended: false,
        }
    }

    /// Adds a chunk of the body. Call [`next`](Self::next) until it returns `None` before you add the next chunk: the reader
    /// keeps all bytes that are not read.
    pub fn push(&mut self, chunk: &[u8]) {
        if !self.ended {
            self.buffer.extend_from_slice(chunk);
        }
    }

    /// Returns the next event, or `None` if it has not arrived completely.
    ///
    /// A line that is longer than [`MAX_BODY`] or is not an event ends the stream with [`StreamEvent::Failed`].
    #[expect(
        clippy::should_implement_trait,
        reason = "after `None`, it returns events again once more is pushed"
    )]
    pub fn next(&mut self) -> Option<StreamEvent> {
        self.detect_array();
        while !self.ended {
            if let IsArray::Yes(scanner) = &mut self.array {
                let event = match scanner.next(&mut self.buffer)? {
                    Piece::Element(element) => self.element(&String::from_utf8_lossy(&element)),
                    Piece::End => StreamEvent::End,
                    Piece::Fault => StreamEvent::Failed(self.broken("the stream is not a valid array")),
                };
                self.ended = !matches!(event, StreamEvent::Item(_));
                return Some(event);
            }
            let Some(line) = self.line()? else {
                self.ended = true;
                return Some(StreamEvent::Failed(self.broken("a line of the stream is too long")));
            };
            let event = match self.form {
                StreamForm::Ndjson => self.ndjson(&line),
                StreamForm::Sse => self.sse(&line),
            };
            if let Some(event) = event {
                self.ended = !matches!(event, StreamEvent::Item(_));
                return Some(event);
            }
        }
        None
    }

    /// Ends the reading, at the end of the body.
    ///
    /// # Errors
    ///
    /// The stream was cut: neither [`StreamEvent::End`] nor [`StreamEvent::Failed`] was read. If an array was cut inside the
    /// element with its error, the error contains the part that could be read.
    pub fn finish(self) -> Result<(), ReceivedError> {
        if self.ended {
            return Ok(());
        }
        let rest = self.buffer.trim_ascii_start();
        if matches!(self.array, IsArray::Yes(_)) && begins_with_error(rest) {
            let error = self.reader.read_body(rest);
            if !error.is_synthesized() {
                return Err(error);
            }
        }
        Err(self.broken("the stream was cut before its end"))
    }

    /// Detects an array by its first byte. A line of NDJSON begins with an object.
    fn detect_array(&mut self) {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if !matches!(self.array, IsArray::Unknown) {
            return;
        }
        let start = if self.buffer.starts_with(MARK) && self.is_new { MARK.len() } else { 0 };
        let text = self.buffer.get(start..).unwrap_or_default();
        match text.trim_ascii_start().first() {
            Some(b'[') => {
                self.buffer.advance(start);
                self.array = IsArray::Yes(ArrayScanner::default());
            }
            // The byte order mark has not arrived completely.
            Some(byte) if MARK.first() == Some(byte) && self.is_new && text.len() < MARK.len() => {}
            Some(_) => self.array = IsArray::No,
            None => {}
        }
    }

    /// Returns the event of an element of an array.
    fn element(&self, element: &str) -> StreamEvent {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct ErrorElement<'a> {
            #[serde(borrow)]
            error: &'a RawValue,
        }
        match serde_json::from_str::<ErrorElement<'_>>(element) {
            Ok(failed) if failed.error.get().starts_with('{') => self.failed(element),
            _ if serde_json::from_str::<&RawValue>(element).is_ok() => StreamEvent::Item(element.to_owned()),
            _ => StreamEvent::Failed(self.broken("an element of the stream is not JSON")),
        }
    }

    /// Takes a complete line, without its line break and without a byte order mark. `Some(None)`: the line is too long.
    fn line(&mut self) -> Option<Option<String>> {
        if self.after_return && !self.buffer.is_empty() {
            self.after_return = false;
            if self.buffer.starts_with(b"\n") {
                self.buffer.advance(1);
            }
        }
        let rest = self.buffer.get(self.scanned..).unwrap_or_default();
        let is_sse = self.form == StreamForm::Sse;
        let Some(at) = rest.iter().position(|byte| *byte == b'\n' || (is_sse && *byte == b'\r')) else {
            self.scanned = self.buffer.len();
            return (self.scanned > MAX_BODY).then_some(None);
        };
        let line = self.buffer.split_to(self.scanned + at + 1);
        self.scanned = 0;
        self.after_return = line.ends_with(b"\r");
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_first = std::mem::take(&mut self.is_new);
        let line = line.strip_prefix(b"\xef\xbb\xbf").filter(|_| is_first).unwrap_or(line);
        Some((line.len() <= MAX_BODY).then(|| String::from_utf8_lossy(line).into_owned()))
    }

    fn ndjson(&self, line: &str) -> Option<StreamEvent> {
        #[derive(serde::Deserialize)]
        struct NdjsonLine<'a> {
            #[serde(borrow, default, deserialize_with = "present")]
            result: Option<&'a RawValue>,
            #[serde(borrow)]
            error: Option<&'a RawValue>,
            #[serde(borrow)]
            end: Option<&'a RawValue>,
        }
        if line.trim().is_empty() {
            return None;
        }
        Some(match serde_json::from_str(line) {
            Ok(NdjsonLine { error: Some(error), .. }) => self.failed(error.get()),
            Ok(NdjsonLine { result: Some(item), .. }) => StreamEvent::Item(item.get().to_owned()),
            Ok(NdjsonLine { end: Some(_), .. }) => StreamEvent::End,
            Ok(NdjsonLine { .. }) | Err(_) => {
                StreamEvent::Failed(self.broken("a line of the stream is not an item, an error or an end"))
            }
        })
    }

    /// HTML Living Standard §9.2.6, for the fields `event` and `data`; [`line`](Self::line) keeps its rules of lines.
    fn sse(&mut self, line: &str) -> Option<StreamEvent> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let data = self.data.take()?;
            return match event.as_str() {
                "error" => Some(self.failed(&data)),
                "end" => Some(StreamEvent::End),
                "" | "message" => Some(StreamEvent::Item(data)),
                // Events of another type are ignored.
                _ => None,
            };
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match (field, &mut self.data) {
            ("event", _) => value.clone_into(&mut self.event),
            ("data", Some(data)) if data.len() + value.len() > MAX_BODY => {
                return Some(StreamEvent::Failed(self.broken("an event of the stream is too long")));
            }
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("data", data @ None) => *data = Some(value.to_owned()),
            // Comments, which keep a connection open, ids and retry times are ignored.
            _ => {}
        }
        None
    }

    fn failed(&self, error: &str) -> StreamEvent {
        StreamEvent::Failed(self.reader.read_body(error.as_bytes()))
    }

    /// The error of a stream without an end.
    fn broken(&self, what: &'static str) -> ReceivedError {
        ReceivedError::incomplete(what, self.reader.catalog())
    }
}

/// Reads a member that is present, also if it is `null`, which is an item too.
fn present<'de, D: serde::Deserializer<'de>>(member: D) -> Result<Option<&'de RawValue>, D::Error> {
    serde::Deserialize::deserialize(member).map(Some)
}

/// Whether an object begins with the member `error`.
fn begins_with_error(text: &[u8]) -> bool {
    let member = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    member.is_some_and(|member| member.starts_with(b"\"error\""))
}
