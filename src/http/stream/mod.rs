//! Streaming HTTP answers whose end says how they ended.
//!
//! HTTP has no place for a failure after the first byte of a body. So every line says what it is, and the last one
//! how it ended: an answer without an end was cut.
//!
//! | | NDJSON | server-sent events |
//! |---|---|---|
//! | item | `{"result":…}` | `data: …` |
//! | failed | `{"error":{"code":403003,…}}`, the native form | `event: error`, `data: {"code":403003,…}` |
//! | finished | `{"end":{}}` | `event: end`, `data: {}` |

mod array;
mod body;
mod reader;

use ::http::header::HeaderMap;
use bytes::Bytes;
use serde::Serialize;

pub use body::StreamBody;
pub use reader::{StreamEvent, StreamReader};

use super::caller::Quality;
use super::write::write_sent;
use super::{DetailTypes, Form};
use crate::error::ApiError;
use crate::outbound::sent_error::SentError;

/// How a streaming answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamForm {
    /// JSON values, one a line.
    Ndjson,
    /// Server-sent events (HTML Living Standard §9.2), as browsers' `EventSource` reads them.
    Sse,
}

impl StreamForm {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Sse => "text/event-stream",
        }
    }

    /// The form of a media type, whatever its parameters.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let name = media_type.split(';').next().unwrap_or_default().trim();
        [Self::Ndjson, Self::Sse].into_iter().find(|form| form.media_type().eq_ignore_ascii_case(name))
    }

    /// The form that a caller takes: the one that weighs more in `Accept` (RFC 9110 §12.5.1), of two that weigh as
    /// much the one that is named first. NDJSON where neither is named, as by `*/*`, or neither is taken.
    pub fn from_accept(headers: &HeaderMap) -> Self {
        let quality = |form: Self| Quality::new(headers, form.media_type());
        if quality(Self::Sse).is_above(quality(Self::Ndjson)) { Self::Sse } else { Self::Ndjson }
    }

    /// An item. Line breaks between its JSON tokens, as a `RawValue` may bring them, become spaces.
    ///
    /// # Errors
    ///
    /// The item does not serialize.
    pub fn write_item(self, item: &impl Serialize) -> Result<Bytes, serde_json::Error> {
        let (before, after) = match self {
            Self::Ndjson => ("{\"result\":", "}\n"),
            Self::Sse => ("data: ", "\n\n"),
        };
        let mut line = Vec::from(before);
        serde_json::to_writer(&mut line, item)?;
        // A `RawValue` brings white space, which would end the line here. In a string JSON has no raw line break.
        for byte in line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        line.extend(after.as_bytes());
        Ok(line.into())
    }

    /// The end of a stream that failed.
    pub fn write_error(self, error: &ApiError, types: &DetailTypes) -> Bytes {
        self.write_sent(&SentError::from_error(error), types)
    }

    /// The end of a stream that failed with an error that was decided on.
    pub(super) fn write_sent(self, error: &SentError<'_>, types: &DetailTypes) -> Bytes {
        // JSON has no raw line break in it.
        let error = write_sent(Form::Native, error, types, error.infos);
        let (before, after): (&[u8], &[u8]) = match self {
            Self::Ndjson => (b"{\"error\":", b"}\n"),
            Self::Sse => (b"event: error\ndata: ", b"\n\n"),
        };
        [before, &error, after].concat().into()
    }

    /// The end of a stream that is whole.
    pub const fn write_end(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Ndjson => b"{\"end\":{}}\n",
            Self::Sse => b"event: end\ndata: {}\n\n",
        })
    }
}
