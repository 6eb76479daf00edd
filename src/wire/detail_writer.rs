//! Writers of single `details` fields of a `google.rpc.Status`.

use prost::Message;

#[cfg(feature = "gateway")]
use super::info::InfoKind;
#[cfg(any(feature = "gateway", feature = "server"))]
use super::out::bytes_len;
#[cfg(feature = "gateway")]
use super::out::pair_len;
use super::out::{Out, any_len, append, delimited_len, put_len, string_len, varint_len};
#[cfg(any(feature = "gateway", feature = "server"))]
use super::schema::REQUEST_INFO_URL;
#[cfg(any(feature = "gateway", feature = "server"))]
use super::schema::tag::REQUEST_ID;
use super::schema::tag::{
    ANY_TYPE_URL, ANY_VALUE, PRECONDITION_VIOLATION, STATUS_DETAILS, VIOLATION_DESCRIPTION,
    VIOLATION_SUBJECT, VIOLATION_TYPE,
};
#[cfg(feature = "gateway")]
use super::schema::tag::{
    GOOGLE_DOMAIN, GOOGLE_METADATA, GOOGLE_REASON, INFO_CODE, INFO_DOMAIN, INFO_METADATA, INFO_REASON,
};
#[cfg(feature = "gateway")]
use super::schema::{ERROR_INFO_URL, GOOGLE_ERROR_INFO_URL};
use super::schema::{PRECONDITION_FAILURE_URL, TYPE_URL_PREFIX};
#[cfg(feature = "gateway")]
use super::shed::ShedMarks;
#[cfg(feature = "gateway")]
use super::write::{shed_count, write_shed_numbers};

/// Appends one `details` field to encoded ones: a `google.protobuf.Any` of these two.
pub(crate) fn detail(type_url: &str, value: &[u8], out: &mut Vec<u8>) {
    let any = any_len(type_url, value.len());
    append(delimited_len(any), out, |out| {
        out.tag(STATUS_DETAILS, any);
        out.string(ANY_TYPE_URL, type_url);
        out.bytes(ANY_VALUE, value);
    });
}

/// Appends one `details` field to encoded ones: a message of this full name, encoded directly into the buffer.
pub(crate) fn message(name: &str, message: &impl Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.reserve(FIRST_DETAIL_CAPACITY);
    // The length of the detail is not known yet. One byte is reserved for it.
    out.extend_from_slice(&[STATUS_DETAILS, 0, ANY_TYPE_URL]);
    put_len(TYPE_URL_PREFIX.len() + name.len(), out);
    out.extend_from_slice(TYPE_URL_PREFIX.as_bytes());
    out.extend_from_slice(name.as_bytes());
    let value = out.len();
    out.push(ANY_VALUE);
    // A `Vec` takes everything that is encoded into it.
    let _ = message.encode_length_delimited(out);
    if out.get(value + 1) == Some(&0) {
        // proto3 omits an empty value.
        out.truncate(value);
    }
    let any = out.len() - start - 2;
    match (u8::try_from(any), out.get_mut(start + 1)) {
        (Ok(any @ ..0x80), Some(len)) => *len = any,
        _ => {
            // The length needs more than one byte, so the bytes after it are moved.
            let more = varint_len(any) - 1;
            out.resize(out.len() + more, 0);
            let end = out.len() - more;
            out.copy_within(start + 2..end, start + 2 + more);
            let (_, detail) = out.split_at_mut(start);
            Out::new(detail).tag(STATUS_DETAILS, any);
        }
    }
}

/// Room for a usual detail, such as a `google.rpc.BadRequest` of two violations.
const FIRST_DETAIL_CAPACITY: usize = 256;

/// Appends one `details` field to encoded ones: the google.rpc.RequestInfo of an id.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn request_info(id: &[u8], out: &mut Vec<u8>) {
    append(request_info_len(id), out, |out| {
        out.tag(STATUS_DETAILS, any_len(REQUEST_INFO_URL, bytes_len(id)));
        out.string(ANY_TYPE_URL, REQUEST_INFO_URL);
        out.tag(ANY_VALUE, bytes_len(id));
        out.bytes(REQUEST_ID, id);
    });
}

/// How much [`request_info`] appends.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn request_info_len(id: &[u8]) -> usize {
    delimited_len(any_len(REQUEST_INFO_URL, bytes_len(id)))
}

/// Appends one `details` field to encoded ones: an encoded `google.protobuf.Any`.
pub(crate) fn any(any: &[u8], out: &mut Vec<u8>) {
    append(delimited_len(any.len()), out, |out| {
        out.tag(STATUS_DETAILS, any.len());
        out.copy(any);
    });
}

/// How much [`any`] appends.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn any_field_len(any: &[u8]) -> usize {
    delimited_len(any.len())
}

/// Appends one `details` field to encoded ones: one of the two ErrorInfos, field by field.
#[cfg(feature = "gateway")]
pub(crate) fn info_detail(kind: InfoKind, out: &mut Vec<u8>, write: impl FnOnce(&mut InfoWriter<'_>)) {
    let url = match kind {
        InfoKind::Ours => ERROR_INFO_URL,
        InfoKind::Google => GOOGLE_ERROR_INFO_URL,
    };
    let start = out.len();
    write(&mut InfoWriter { kind, out });
    let value = out.len() - start;
    // The bytes before the message contain its length. They are written now, and the message is moved behind them.
    let any = any_len(url, value);
    let len = delimited_len(any);
    out.resize(start + len, 0);
    out.copy_within(start..start + value, start + len - value);
    let (_, detail) = out.split_at_mut(start);
    let mut out = Out::new(detail);
    out.tag(STATUS_DETAILS, any);
    out.string(ANY_TYPE_URL, url);
    if value > 0 {
        out.tag(ANY_VALUE, value);
    }
}

/// Writes the fields of one of the two ErrorInfos, which have different numbers.
#[cfg(feature = "gateway")]
pub(crate) struct InfoWriter<'a> {
    kind: InfoKind,
    out: &'a mut Vec<u8>,
}

#[cfg(feature = "gateway")]
impl InfoWriter<'_> {
    /// Writes the number into our ErrorInfo. google.rpc.ErrorInfo contains it in its metadata.
    pub(crate) fn code(&mut self, code: u64) {
        if self.kind == InfoKind::Ours {
            self.out.push(INFO_CODE);
            prost::encoding::encode_varint(code, self.out);
        }
    }

    pub(crate) fn domain(&mut self, domain: &str) {
        self.string([INFO_DOMAIN, GOOGLE_DOMAIN], domain);
    }

    pub(crate) fn reason(&mut self, reason: &str) {
        self.string([INFO_REASON, GOOGLE_REASON], reason);
    }

    /// Writes the marks of removed parts into our ErrorInfo. google.rpc.ErrorInfo contains them in its metadata.
    pub(crate) fn shed(&mut self, shed: ShedMarks) {
        if self.kind == InfoKind::Ours && !shed.is_empty() {
            append(delimited_len(shed_count(shed)), self.out, |out| write_shed_numbers(out, shed));
        }
    }

    pub(crate) fn metadata(&mut self, key: &str, value: &str) {
        let tag = self.tag([INFO_METADATA, GOOGLE_METADATA]);
        let (key, value) = (key.as_bytes(), value.as_bytes());
        let len = delimited_len(pair_len(key.len(), value.len()));
        append(len, self.out, |out| out.pair(tag, key, value));
    }

    fn string(&mut self, tags: [u8; 2], text: &str) {
        let tag = self.tag(tags);
        append(string_len(text), self.out, |out| out.string(tag, text));
    }

    const fn tag(&self, [ours, google]: [u8; 2]) -> u8 {
        match self.kind {
            InfoKind::Ours => ours,
            InfoKind::Google => google,
        }
    }
}

/// The violation type of google.rpc.PreconditionFailure for terms of service: its own example.
const TERMS_OF_SERVICE: &str = "TOS";

/// The length of what [`terms`] writes.
pub(crate) const fn terms_len(subject: &str, description: &str) -> usize {
    delimited_len(any_len(PRECONDITION_FAILURE_URL, delimited_len(violation_len(subject, description))))
}

/// Writes one `details` field: a `google.rpc.PreconditionFailure` with the terms that the user must accept.
/// `out` has the length that [`terms_len`] gives.
pub(crate) const fn terms(subject: &str, description: &str, out: &mut [u8]) {
    let mut out = Out::new(out);
    let violation = violation_len(subject, description);
    let failure = delimited_len(violation);
    out.tag(STATUS_DETAILS, any_len(PRECONDITION_FAILURE_URL, failure));
    out.string(ANY_TYPE_URL, PRECONDITION_FAILURE_URL);
    out.tag(ANY_VALUE, failure);
    out.tag(PRECONDITION_VIOLATION, violation);
    out.string(VIOLATION_TYPE, TERMS_OF_SERVICE);
    out.string(VIOLATION_SUBJECT, subject);
    out.string(VIOLATION_DESCRIPTION, description);
}

const fn violation_len(subject: &str, description: &str) -> usize {
    string_len(TERMS_OF_SERVICE) + string_len(subject) + string_len(description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rpc;

    /// The lengths are around each length at which a length prefix needs one more byte.
    #[test]
    fn a_message_is_written_as_its_encoded_value() {
        let lengths = [0, 1, 50, 60, 70, 80, 90, 100, 110, 120, 127, 128, 129, 200, 16_300, 16_384, 20_000];
        for detail in lengths.map(|len| rpc::DebugInfo { detail: "x".repeat(len), ..Default::default() }) {
            let (mut encoded, mut expected) = (b"before".to_vec(), b"before".to_vec());
            message("google.rpc.DebugInfo", &detail, &mut encoded);
            super::detail("type.googleapis.com/google.rpc.DebugInfo", &detail.encode_to_vec(), &mut expected);
            assert_eq!(encoded, expected, "{}", detail.detail.len());
        }
    }
}
