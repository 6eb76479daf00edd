//! Writes the items of a streaming response and its end, in each form.

use ::http::header::HeaderMap;
use bytes::Bytes;
use serde::Serialize;

use crate::error::ApiError;
use crate::http::caller::Quality;
use crate::http::write::write_sent;
use crate::http::{DetailTypes, Form};
use crate::outbound::sent_error::SentError;

/// The form of a streaming response.
///
/// ```
/// use codelibra::http::StreamForm;
///
/// let media_type = "text/event-stream; charset=utf-8";
/// assert_eq!(StreamForm::from_media_type(media_type), Some(StreamForm::Sse));
/// assert_eq!(StreamForm::Ndjson.write_item(&7)?, "{\"result\":7}\n");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StreamForm {
    /// One JSON value in each line.
    Ndjson,
    /// Server-sent events (HTML Living Standard §9.2), as browsers' `EventSource` reads them.
    Sse,
}

impl StreamForm {
    /// Returns the media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Sse => "text/event-stream",
        }
    }

    /// Returns the form with this media type. Parameters are ignored.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let name = media_type.split(';').next().unwrap_or_default().trim();
        [Self::Ndjson, Self::Sse].into_iter().find(|form| form.media_type().eq_ignore_ascii_case(name))
    }

    /// Returns the form that the caller prefers: the one with the higher weight in `Accept` (RFC 9110 §12.5.1), or, if the
    /// weights are equal, the one that comes first. The form is NDJSON if the caller names neither, as with `*/*`, or accepts
    /// neither.
    pub fn from_accept(headers: &HeaderMap) -> Self {
        let quality = |form: Self| Quality::new(headers, form.media_type());
        if quality(Self::Sse).is_above(quality(Self::Ndjson)) { Self::Sse } else { Self::Ndjson }
    }

    /// Writes an item. Line breaks between JSON tokens, which a `RawValue` may contain, become spaces.
    ///
    /// # Errors
    ///
    /// The item cannot be serialized.
    pub fn write_item(self, item: &impl Serialize) -> Result<Bytes, serde_json::Error> {
        let (before, after) = match self {
            Self::Ndjson => ("{\"result\":", "}\n"),
            Self::Sse => ("data: ", "\n\n"),
        };
        let mut line = Vec::from(before);
        serde_json::to_writer(&mut line, item)?;
        // A line break in the white space of a `RawValue` would end the line. JSON strings contain no raw line break.
        for byte in line.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        line.extend(after.as_bytes());
        Ok(line.into())
    }

    /// Writes the end of a stream that failed. No boundary is applied to the error; [`StreamBody`](super::StreamBody) applies one.
    pub fn write_error(self, error: &ApiError, types: &DetailTypes) -> Bytes {
        self.write_sent(&SentError::from_error(error), types)
    }

    /// Writes the end of a stream that failed, with an error to which the boundary was applied.
    pub(super) fn write_sent(self, error: &SentError<'_>, types: &DetailTypes) -> Bytes {
        // The JSON contains no raw line break.
        let error = write_sent(Form::Native, error, types, error.infos);
        let (before, after): (&[u8], &[u8]) = match self {
            Self::Ndjson => (b"{\"error\":", b"}\n"),
            Self::Sse => (b"event: error\ndata: ", b"\n\n"),
        };
        [before, &error, after].concat().into()
    }

    /// Writes the end of a stream that is complete.
    pub const fn write_end(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Ndjson => b"{\"end\":{}}\n",
            Self::Sse => b"event: end\ndata: {}\n\n",
        })
    }
}
