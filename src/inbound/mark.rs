//! Writes and reads the field `codelibra-received`. It carries the faults that [`sanitize`](crate::inbound::sanitize) found to the
//! code that reads the repaired fields.
//!
//! It is `as-sent`, or tokens joined by commas: `synthesized`, `base64`, `message`, `details-lost`, `status-lost`, and
//! `status=` with the invalid text of `grpc-status`, percent-encoded.

use percent_encoding::percent_decode_str;

use crate::inbound::note::{Note, Notes};

pub(crate) const SYNTHESIZED: &str = "synthesized";
const INVALID_BASE64: &str = "base64";
const INVALID_MESSAGE: &str = "message";
const DETAILS_LOST: &str = "details-lost";
const STATUS_LOST: &str = "status-lost";
const INVALID_STATUS: &str = "status=";

/// The number of tokens that a mark can have: one of each kind.
const MAX_TOKENS: usize = 6;
/// The longest text of a peer in a mark, in bytes.
#[cfg(any(feature = "client", feature = "gateway"))]
const MAX_TEXT: usize = 24;

/// Reads a mark. Unknown tokens are ignored.
pub(crate) fn read(mark: &[u8], notes: &mut Notes) {
    let mark = str::from_utf8(mark).unwrap_or_default();
    for token in mark.split(',').take(MAX_TOKENS) {
        notes.push(match token {
            SYNTHESIZED => Note::Synthesized,
            INVALID_BASE64 => Note::InvalidBase64,
            INVALID_MESSAGE => Note::InvalidMessage,
            DETAILS_LOST => Note::DetailsLost,
            STATUS_LOST => Note::StatusLost,
            _ => match token.strip_prefix(INVALID_STATUS) {
                Some(text) => {
                    let text = percent_decode_str(text).decode_utf8_lossy();
                    Note::InvalidGrpcStatus(crate::inbound::note::excerpt(&text))
                }
                None => continue,
            },
        });
    }
}

/// The writer of a mark. Without a token, the mark is `as-sent`, and nothing is allocated.
#[cfg(any(feature = "client", feature = "gateway"))]
#[derive(Debug, Default)]
pub(crate) struct Mark(String);

#[cfg(any(feature = "client", feature = "gateway"))]
impl Mark {
    pub(crate) fn synthesized(&mut self) {
        self.push(SYNTHESIZED);
    }

    pub(crate) fn invalid_base64(&mut self) {
        self.push(INVALID_BASE64);
    }

    pub(crate) fn invalid_message(&mut self) {
        self.push(INVALID_MESSAGE);
    }

    pub(crate) fn details_lost(&mut self) {
        self.push(DETAILS_LOST);
    }

    pub(crate) fn status_lost(&mut self) {
        self.push(STATUS_LOST);
    }

    pub(crate) fn invalid_status(&mut self, received: &[u8]) {
        let received = received.get(..MAX_TEXT).unwrap_or(received);
        self.push(INVALID_STATUS);
        self.0.extend(percent_encoding::percent_encode(received, percent_encoding::NON_ALPHANUMERIC));
    }

    fn push(&mut self, token: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(token);
    }

    pub(crate) fn into_value(self) -> http::HeaderValue {
        const AS_SENT: http::HeaderValue = http::HeaderValue::from_static("as-sent");
        if self.0.is_empty() {
            return AS_SENT;
        }
        http::HeaderValue::try_from(self.0).unwrap_or(AS_SENT)
    }
}
