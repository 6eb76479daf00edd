//! Compares the gRPC code and the message in gRPC's fields with those in the details, which repeat them.

use std::borrow::Cow;

use crate::catalog::GrpcCode;
use crate::inbound::note::{Note, Notes};
use crate::wire;
use crate::wire::fields::{Fields, Value};
use crate::wire::schema::status;

/// The two fields of a `google.rpc.Status` that the gRPC header repeats.
pub(super) struct EmbeddedStatus<'a> {
    code: Option<i64>,
    /// The bytes as they were sent; they need not be UTF-8.
    message: &'a [u8],
}

impl<'a> EmbeddedStatus<'a> {
    pub(super) fn read(status: &'a [u8], notes: &mut Notes) -> Self {
        let mut head = Self { code: None, message: &[] };
        let mut fields = Fields::new(status);
        let mut has_wrong_type = false;
        for field in fields.by_ref() {
            match field {
                // The field is an int32. Protobuf readers use the low 32 bits of a longer varint.
                (status::CODE, Value::Varint(code)) => head.code = Some(i64::from(low_i32(code))),
                (status::MESSAGE, Value::Bytes(bytes) | Value::Cut(bytes)) => head.message = bytes,
                (status::DETAILS, Value::Bytes(_) | Value::Cut(_)) => {}
                (status::CODE | status::MESSAGE | status::DETAILS, _) => has_wrong_type = true,
                _ => {}
            }
        }
        if has_wrong_type || fields.is_corrupt() {
            notes.push(Note::CorruptStatus);
        }
        head
    }

    /// Returns the gRPC code: the one of the header, else the embedded one. Notes a contradiction.
    pub(super) fn reconcile_code(&self, header: Option<GrpcCode>, notes: &mut Notes) -> GrpcCode {
        match (header, self.code) {
            (Some(header), Some(embedded)) if i64::from(header.number()) != embedded => {
                notes.push(Note::GrpcCodeContradiction { header, embedded });
                header
            }
            (Some(header), _) => header,
            (None, Some(number)) => GrpcCode::from_number(number).unwrap_or_else(|| {
                notes.push(Note::InvalidGrpcCode(number));
                GrpcCode::Unknown
            }),
            (None, None) => {
                if !notes.as_slice().contains(&Note::CorruptStatus) {
                    notes.push(Note::CorruptStatus);
                }
                GrpcCode::Unknown
            }
        }
    }

    /// Returns the embedded message as it was sent.
    pub(super) const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// Decides between the message of the header and the embedded one. The header has priority. If its message is empty, the
    /// header was not sent, and the embedded message is used. Returns `None` if the embedded message is used unchanged.
    pub(super) fn reconcile_message(
        &self,
        header: Option<Cow<'a, str>>,
        notes: &mut Notes,
    ) -> Option<Cow<'a, str>> {
        if header.as_ref().is_some_and(|header| header.as_bytes() == self.message) {
            return None;
        }
        let embedded = String::from_utf8_lossy(self.message);
        if let Cow::Owned(_) = embedded {
            notes.push(Note::InvalidMessage);
        }
        match header {
            Some(header) if self.code.is_some() && header != embedded => {
                notes.push(Note::MessageContradiction);
                Some(if header.is_empty() { embedded } else { header })
            }
            Some(header) => Some(header),
            None => Some(embedded).filter(|embedded| matches!(embedded, Cow::Owned(_))),
        }
    }
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "as protobuf defines it")]
fn low_i32(varint: u64) -> i32 {
    varint as i32
}

/// Decides between the code in the details and the one in the ASCII field. The details have priority. Notes a contradiction.
pub(super) fn reconcile_code_field(
    found: Option<u32>,
    field: Option<&[u8]>,
    notes: &mut Notes,
) -> Option<u32> {
    let Some(field) = field else { return found };
    match (found, wire::parse_code(field)) {
        (_, None) => {
            notes.push(Note::InvalidCodeField);
            found
        }
        (Some(taken), Some(other)) if taken != other => {
            notes.push(Note::CodeContradiction { taken, other });
            found
        }
        (_, parsed) => found.or(parsed),
    }
}
