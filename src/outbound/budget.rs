//! The budget: the limit on the size of a failure's fields, and how parts are removed.

use std::borrow::Cow;

use prost::encoding::{WireType, encode_key, encode_varint};

use crate::outbound::sent_error::SentError;
use crate::wire::details::AllDetails;
use crate::wire::details::Detail;
#[cfg(feature = "server")]
use crate::wire::error_infos::ErrorInfos;
use crate::wire::fields::{Fields, Value};
use crate::wire::header::text;
use crate::wire::rpc;
use crate::wire::shed::Shed;
use crate::wire::write::WrittenInfos;
use crate::wire::{self, base64, message};

/// The limit on the size of all fields of a failure. The size of a header list is defined in RFC 9113 §6.5.2: name, value and 32
/// bytes for each field, after base64 and percent-encoding.
///
/// Parts that do not fit are removed in the order of [`Shed`], and marked. The code, its domain, its reason and the
/// request id are always sent. If these do not fit, google.rpc.ErrorInfo, which repeats ours, is removed. If it is sent
/// alone ([`ErrorInfos::Google`](crate::ErrorInfos::Google)), it is never removed.
///
/// ```
/// use codelibra::server::ServerLayer;
/// use codelibra::{Budget, ErrorCode};
///
/// let budget = Budget::from_bytes(8 * 1024);
/// assert_eq!(budget, Budget::KIB_8);
/// let layer = ServerLayer::new::<ErrorCode>().budget(budget);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    bytes: usize,
}

/// The size of a field without its name and its value.
const FIELD: usize = 32;

/// The fields that the HTTP server adds to a trailers-only response: `:status` and `date`.
const HTTP_FIELDS: usize = field_len(":status", 3) + field_len("date", 29);

/// `grpc-status` of two digits, and the code field.
const FIXED_FIELDS: usize = field_len(text::GRPC_STATUS, 2) + field_len(text::ERROR_CODE_HEADER, 6);

/// The size of the core of an error: the parts that are always sent.
const CORE: usize = 720;

/// The size of the core if google.rpc.ErrorInfo is sent alone, which contains the marks as names.
const CORE_OF_GOOGLES: usize = 832;

impl Budget {
    /// 3 KiB: the smallest limit that we measured, of nginx from 1.31.3 on.
    pub const KIB_3: Self = Self::from_bytes(3 << 10);

    /// 8 KiB: the usual limit of gRPC's own implementations.
    pub const KIB_8: Self = Self::from_bytes(8 << 10);

    /// Returns a budget of this number of bytes. The minimum is 720, the size of the core of an error with any reason and a domain
    /// of about twenty characters. If google.rpc.ErrorInfo is sent alone, the minimum is 832.
    pub const fn from_bytes(bytes: usize) -> Self {
        Self { bytes: if bytes < CORE { CORE } else { bytes } }
    }

    /// Removes the parts that do not fit beside other fields of this size.
    pub(crate) fn apply(self, sent: &mut SentError<'_>, others: usize) {
        for part in Shed::ALL {
            // The loop removes one more part if the last one saved less than expected.
            loop {
                let Some(excess) = self.excess(sent, others) else { return };
                let excess = excess + base64::encoded_len(mark_len(sent, *part));
                if !shed(sent, *part, excess) {
                    break;
                }
            }
        }
        if sent.infos == WrittenInfos::Both && self.excess(sent, others).is_some() {
            sent.infos = WrittenInfos::Ours;
        }
    }

    /// Returns whether the core of an error fits beside other fields of this size.
    #[cfg(feature = "server")]
    pub(crate) const fn has_room_beside(self, others: usize, infos: ErrorInfos) -> bool {
        let core = match infos {
            ErrorInfos::Both => CORE,
            ErrorInfos::Google => CORE_OF_GOOGLES,
        };
        others + core <= self.bytes
    }

    /// Returns whether everything fits beside other fields of this size.
    #[cfg(feature = "server")]
    pub(crate) fn fits(self, sent: &SentError<'_>, others: usize) -> bool {
        self.excess(sent, others).is_none()
    }

    /// Returns by how many bytes the fields are too large, or `None` if everything fits.
    fn excess(self, sent: &SentError<'_>, others: usize) -> Option<usize> {
        let bytes = match sent.infos {
            WrittenInfos::Google => self.bytes.max(CORE_OF_GOOGLES),
            WrittenInfos::Both | WrittenInfos::Ours => self.bytes,
        };
        let room = bytes.saturating_sub(others + HTTP_FIELDS + FIXED_FIELDS);
        let message = field_len(text::GRPC_MESSAGE, message::encoded_len(&sent.message));
        let details = field_len(text::STATUS_DETAILS_HEADER, base64::encoded_len(sent.status_len()));
        (message + details).checked_sub(room).filter(|excess| *excess > 0)
    }
}

/// Returns the size of a field with this name and this length of the value.
pub(crate) const fn field_len(name: &str, value: usize) -> usize {
    name.len() + value + FIELD
}

/// Removes one part, or enough of it to save `excess` bytes of fields. Returns `false` if nothing was removed.
fn shed(sent: &mut SentError<'_>, part: Shed, excess: usize) -> bool {
    let shed = match part {
        Shed::DebugInfo => shed_details(sent, |name| name == rpc::DebugInfo::FULL_NAME),
        Shed::Help => shed_details(sent, |name| name == rpc::Help::FULL_NAME),
        Shed::LocalizedMessage => shed_details(sent, |name| name == rpc::LocalizedMessage::FULL_NAME),
        Shed::FieldViolations => shed_violations(sent, excess),
        Shed::Details => {
            // The id of the request stays.
            let has_more = sent.request_info.take().is_some();
            shed_details(sent, |_| true) || has_more
        }
        Shed::Metadata => shed_metadata(sent, excess),
        Shed::Message => shed_message(sent, excess),
    };
    if shed {
        sent.shed = sent.shed.with(part);
    }
    shed
}

/// Returns the most bytes that the mark of a part can add to the encoded status.
fn mark_len(sent: &SentError<'_>, part: Shed) -> usize {
    /// A tag, a number, and one more byte for each enclosing length.
    const OURS: usize = 12;
    match sent.infos {
        WrittenInfos::Both | WrittenInfos::Ours => OURS,
        WrittenInfos::Google => {
            let [with, without] = [sent.shed.with(part), sent.shed].map(wire::write::shed_entry_len);
            OURS + with - without
        }
    }
}

fn shed_details(sent: &mut SentError<'_>, is_shed: impl Fn(&str) -> bool) -> bool {
    let before = sent.details.len();
    let kept: Vec<Detail<'_>> =
        AllDetails::new(&sent.details).filter(|detail| !is_shed(detail.type_name())).collect();
    let mut encoded = Vec::with_capacity(before);
    for detail in kept {
        if let Some(any) = detail.complete_any() {
            wire::detail_writer::any(any, &mut encoded);
        }
    }
    sent.details = Cow::Owned(encoded);
    sent.details.len() != before
}

/// Removes field violations from the end, and details that have none left. The service chooses their number, so each is read
/// at most twice.
fn shed_violations(sent: &mut SentError<'_>, excess: usize) -> bool {
    // The size of each violation; the first one of a detail includes the type of the detail.
    let mut lengths = Vec::new();
    for detail in AllDetails::new(&sent.details) {
        let mut head = detail.type_url().len();
        for violation in violations(&detail) {
            lengths.push(violation.len() + 2 + std::mem::take(&mut head));
        }
    }
    let before = lengths.len();
    let mut saved = 0;
    while base64::encoded_len(saved) < excess
        && let Some(length) = lengths.pop()
    {
        saved += length;
    }
    if lengths.len() == before {
        return false;
    }
    let mut room = lengths.len();
    let mut encoded = Vec::with_capacity(sent.details.len());
    for detail in AllDetails::new(&sent.details) {
        let all = violations(&detail).count();
        let kept = all.min(room);
        room -= kept;
        if kept == all {
            if let Some(any) = detail.complete_any() {
                wire::detail_writer::any(any, &mut encoded);
            }
        } else if kept > 0 {
            let mut value = Vec::new();
            for violation in violations(&detail).take(kept) {
                encode_key(FIELD_VIOLATIONS, WireType::LengthDelimited, &mut value);
                encode_varint(u64::try_from(violation.len()).unwrap_or(0), &mut value);
                value.extend_from_slice(violation);
            }
            wire::detail_writer::detail(detail.type_url(), &value, &mut encoded);
        }
    }
    sent.details = Cow::Owned(encoded);
    true
}

/// Removes the largest entries, as few as possible. Each ErrorInfo contains a copy of an entry.
fn shed_metadata(sent: &mut SentError<'_>, excess: usize) -> bool {
    let copies = match sent.infos {
        WrittenInfos::Both => 2,
        WrittenInfos::Ours | WrittenInfos::Google => 1,
    };
    let before = sent.metadata.len();
    let size = |entry: &(&str, &str)| entry.0.len() + entry.1.len();
    sent.metadata.sort_by_key(size);
    let mut saved = 0;
    while base64::encoded_len(saved) < excess
        && let Some(largest) = sent.metadata.pop()
    {
        saved += copies * wire::write::entry_len(largest.0, largest.1);
    }
    sent.metadata.sort();
    sent.metadata.len() != before
}

/// Cuts the message between two characters. It is in the status and, percent-encoded, in its own field.
fn shed_message(sent: &mut SentError<'_>, excess: usize) -> bool {
    let (mut in_status, mut in_field) = (0, 0);
    // A space at the end is percent-encoded in three bytes. Without it, the rest may fit.
    let trimmed = sent.message.trim_end_matches(' ').len();
    if trimmed < sent.message.len() {
        cut_message(sent, trimmed);
        return true;
    }
    let mut end = sent.message.len();
    for (at, c) in sent.message.char_indices().rev() {
        if base64::encoded_len(in_status) + in_field >= excess {
            break;
        }
        in_status += c.len_utf8();
        in_field += match c {
            ' ' if !sent.message.starts_with(' ') => 1,
            c => message::encoded_len(c.encode_utf8(&mut [0; 4])),
        };
        end = at;
    }
    let cut = end < sent.message.len();
    cut_message(sent, end);
    cut
}

/// Cuts the message, and removes spaces at the new end.
fn cut_message(sent: &mut SentError<'_>, end: usize) {
    let end = sent.message.get(..end).unwrap_or_default().trim_end_matches(' ').len();
    let message = std::mem::take(&mut sent.message);
    sent.message = match message {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    };
}

/// `google.rpc.BadRequest.field_violations`.
const FIELD_VIOLATIONS: u32 = 1;

/// The encoded violations of a detail, if it is a google.rpc.BadRequest.
fn violations<'a>(detail: &Detail<'a>) -> impl Iterator<Item = &'a [u8]> {
    let request = if detail.is_a(rpc::BadRequest::FULL_NAME) { detail.value() } else { &[] };
    Fields::new(request).filter_map(|field| match field {
        (number, Value::Bytes(violation)) if number == u64::from(FIELD_VIOLATIONS) => Some(violation),
        _ => None,
    })
}
