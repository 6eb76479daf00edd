//! The writer of `google.rpc.Status`. The functions are `const`: the compiler runs them for the entries of a catalogue, and
//! the program runs them for everything else.

use super::error_infos::ErrorInfos;
use super::out::{Out, any_len, append, delimited_len, pair_len, string_len, varint_len};
use super::same_text;
use super::schema::tag::{
    ANY_TYPE_URL, ANY_VALUE, GOOGLE_DOMAIN, GOOGLE_METADATA, GOOGLE_REASON, INFO_CODE, INFO_DOMAIN,
    INFO_METADATA, INFO_REASON, INFO_SHED, MAP_KEY, MAP_VALUE, STATUS_CODE, STATUS_DETAILS, STATUS_MESSAGE,
};
use super::schema::{CODE_KEY, ERROR_INFO_URL, GOOGLE_ERROR_INFO_URL, SHED_KEY};
use super::shed::{Shed, ShedMarks};

/// The parts of a coded status.
pub(crate) struct Parts<'a> {
    /// The canonical gRPC code, 0 to 16.
    pub(crate) grpc_code: u8,
    pub(crate) message: &'a str,
    pub(crate) code: u32,
    pub(crate) domain: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) metadata: WrittenMetadata<'a>,
    /// The other details: encoded `details` fields, each with its tag.
    pub(crate) rest: &'a [u8],
    /// The parts that were removed.
    pub(crate) shed: ShedMarks,
    pub(crate) infos: WrittenInfos,
}

/// The metadata that is written, in either of two forms.
#[derive(Clone, Copy)]
pub(crate) enum WrittenMetadata<'a> {
    Pairs(&'a [(&'a str, &'a str)]),
    /// Encoded `metadata` fields of our ErrorInfo. None of the keys is [reserved](is_reserved).
    Fields(&'a [u8]),
}

/// The ErrorInfos that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenInfos {
    Both,
    /// Only ours. A budget removes google.rpc.ErrorInfo last, because it repeats ours.
    #[cfg_attr(not(any(feature = "gateway", feature = "server")), expect(dead_code, reason = "budgets"))]
    Ours,
    Google,
}

impl WrittenInfos {
    const fn has_ours(self) -> bool {
        matches!(self, Self::Both | Self::Ours)
    }

    const fn has_googles(self) -> bool {
        matches!(self, Self::Both | Self::Google)
    }

    /// Returns the marks that google.rpc.ErrorInfo contains: none if our ErrorInfo is written too.
    const fn googles_shed(self, shed: ShedMarks) -> ShedMarks {
        match self {
            Self::Google => shed,
            Self::Both | Self::Ours => ShedMarks::NONE,
        }
    }
}

impl From<ErrorInfos> for WrittenInfos {
    fn from(infos: ErrorInfos) -> Self {
        match infos {
            ErrorInfos::Both => Self::Both,
            ErrorInfos::Google => Self::Google,
        }
    }
}

/// The encoded type URLs of the two ErrorInfos.
pub(crate) const OUR_URL_FIELD: [u8; 2 + ERROR_INFO_URL.len()] = url_field(ERROR_INFO_URL);
const GOOGLE_URL_FIELD: [u8; 2 + GOOGLE_ERROR_INFO_URL.len()] = url_field(GOOGLE_ERROR_INFO_URL);

const fn url_field<const N: usize>(url: &str) -> [u8; N] {
    let mut field = [0; N];
    let mut out = Out::new(&mut field);
    out.string(ANY_TYPE_URL, url);
    assert!(out.len() == N, "the length takes one byte");
    field
}

/// Returns whether google.rpc.ErrorInfo uses a metadata key for the code or for the marks. Metadata of the error under such a
/// key is written in our ErrorInfo only.
pub(crate) const fn is_reserved(key: &str) -> bool {
    same_text(key, CODE_KEY) || same_text(key, SHED_KEY)
}

/// The lengths of the two messages.
#[derive(Clone, Copy)]
struct Lengths {
    info: usize,
    google_info: usize,
}

impl Lengths {
    const fn new(parts: &Parts<'_>) -> Self {
        let both = string_len(parts.domain) + string_len(parts.reason);
        let code = varint_len(code_as_usize(parts.code));
        let shed = shed_count(parts.shed);
        Self {
            info: 1
                + code
                + both
                + metadata_len(parts.metadata, Keys::All)
                + if shed == 0 { 0 } else { delimited_len(shed) },
            google_info: both
                + delimited_len(pair_len(CODE_KEY.len(), 6))
                + metadata_len(parts.metadata, Keys::Unreserved)
                + shed_entry_len(parts.infos.googles_shed(parts.shed)),
        }
    }

    const fn status(self, parts: &Parts<'_>) -> usize {
        let any_ours = any_len(ERROR_INFO_URL, self.info);
        let any_google = any_len(GOOGLE_ERROR_INFO_URL, self.google_info);
        let ours = if parts.infos.has_ours() { delimited_len(any_ours) } else { 0 };
        let googles = if parts.infos.has_googles() { delimited_len(any_google) } else { 0 };
        2 + string_len(parts.message) + ours + googles + parts.rest.len()
    }
}

/// Returns the number of bytes that [`status`] writes.
pub(crate) const fn status_len(parts: &Parts<'_>) -> usize {
    Lengths::new(parts).status(parts)
}

/// Writes the status. The length of `out` must be [`status_len`].
pub(crate) const fn status(parts: &Parts<'_>, out: &mut [u8]) {
    write_status(&mut Out::new(out), parts, Lengths::new(parts));
}

/// Appends the status, in one allocation at most.
pub(crate) fn status_to_vec(parts: &Parts<'_>, bytes: &mut Vec<u8>) {
    let lengths = Lengths::new(parts);
    let len = lengths.status(parts);
    bytes.reserve_exact(len);
    append(len, bytes, |out| write_status(out, parts, lengths));
}

const fn write_status(out: &mut Out<'_>, parts: &Parts<'_>, lengths: Lengths) {
    // Never 0: a coded status is an error. Below 128: one byte.
    out.byte(STATUS_CODE);
    out.byte(parts.grpc_code);
    out.string(STATUS_MESSAGE, parts.message);

    if parts.infos.has_ours() {
        write_our_info(out, parts, lengths);
    }
    if parts.infos.has_googles() {
        write_google_info(out, parts, lengths);
    }
    out.copy(parts.rest);
}

const fn write_our_info(out: &mut Out<'_>, parts: &Parts<'_>, lengths: Lengths) {
    out.tag(STATUS_DETAILS, any_len(ERROR_INFO_URL, lengths.info));
    out.copy(&OUR_URL_FIELD);
    out.tag(ANY_VALUE, lengths.info);
    out.byte(INFO_CODE);
    out.varint(code_as_usize(parts.code));
    out.string(INFO_DOMAIN, parts.domain);
    out.string(INFO_REASON, parts.reason);
    write_metadata(out, INFO_METADATA, parts.metadata, Keys::All);
    write_shed_numbers(out, parts.shed);
}

/// A repeated enum, packed: each number is below 128.
pub(crate) const fn write_shed_numbers(out: &mut Out<'_>, shed: ShedMarks) {
    if shed.is_empty() {
        return;
    }
    out.tag(INFO_SHED, shed_count(shed));
    let mut rest = Shed::ALL;
    while let [part, tail @ ..] = rest {
        if shed.contains(*part) {
            out.byte(part.number());
        }
        rest = tail;
    }
}

/// The metadata entry of google.rpc.ErrorInfo: names joined by commas.
const fn write_shed_entry(out: &mut Out<'_>, shed: ShedMarks) {
    if shed.is_empty() {
        return;
    }
    let text = shed_text_len(shed);
    out.tag(GOOGLE_METADATA, pair_len(SHED_KEY.len(), text));
    out.string(MAP_KEY, SHED_KEY);
    out.tag(MAP_VALUE, text);
    let mut is_first = true;
    let mut rest = Shed::ALL;
    while let [part, tail @ ..] = rest {
        if shed.contains(*part) {
            if !is_first {
                out.byte(b',');
            }
            is_first = false;
            out.copy(part.name().as_bytes());
        }
        rest = tail;
    }
}

const fn write_google_info(out: &mut Out<'_>, parts: &Parts<'_>, lengths: Lengths) {
    out.tag(STATUS_DETAILS, any_len(GOOGLE_ERROR_INFO_URL, lengths.google_info));
    out.copy(&GOOGLE_URL_FIELD);
    out.tag(ANY_VALUE, lengths.google_info);
    out.string(GOOGLE_REASON, parts.reason);
    out.string(GOOGLE_DOMAIN, parts.domain);
    let digits = six_digits(parts.code);
    out.pair(GOOGLE_METADATA, CODE_KEY.as_bytes(), &digits);
    write_metadata(out, GOOGLE_METADATA, parts.metadata, Keys::Unreserved);
    write_shed_entry(out, parts.infos.googles_shed(parts.shed));
}

const fn write_metadata(out: &mut Out<'_>, tag: u8, metadata: WrittenMetadata<'_>, keys: Keys) {
    let mut rest = match metadata {
        WrittenMetadata::Pairs(pairs) => pairs,
        WrittenMetadata::Fields(fields) => {
            if tag == INFO_METADATA {
                return out.copy(fields);
            }
            return out.fields_with_tag(tag, fields);
        }
    };
    while let [(key, value), tail @ ..] = rest {
        if keys.contain(key) {
            out.pair(tag, key.as_bytes(), value.as_bytes());
        }
        rest = tail;
    }
}

/// Returns the decimal digits of a code.
pub(crate) const fn six_digits(code: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    let mut rest = code;
    let mut i = digits.len();
    while i > 0 {
        i -= 1;
        #[expect(
            clippy::as_conversions,
            clippy::indexing_slicing,
            reason = "0 to 9; below the length; const"
        )]
        {
            digits[i] = b'0' + (rest % 10) as u8;
        }
        rest /= 10;
    }
    digits
}

/// The metadata keys that an ErrorInfo contains.
#[derive(Clone, Copy)]
enum Keys {
    All,
    /// All but the [reserved](is_reserved) ones.
    Unreserved,
}

impl Keys {
    const fn contain(self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Unreserved => !is_reserved(key),
        }
    }
}

/// Returns the length of all encoded metadata entries.
const fn metadata_len(metadata: WrittenMetadata<'_>, keys: Keys) -> usize {
    let mut rest = match metadata {
        WrittenMetadata::Pairs(pairs) => pairs,
        WrittenMetadata::Fields(fields) => return fields.len(),
    };
    let mut len = 0;
    while let [(key, value), tail @ ..] = rest {
        if keys.contain(key) {
            len += delimited_len(pair_len(key.len(), value.len()));
        }
        rest = tail;
    }
    len
}

/// Returns the length of an encoded metadata entry. It is the same in both messages.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn entry_len(key: &str, value: &str) -> usize {
    delimited_len(pair_len(key.len(), value.len()))
}

/// Counts the parts.
pub(crate) const fn shed_count(shed: ShedMarks) -> usize {
    let mut count = 0;
    let mut rest = Shed::ALL;
    while let [part, tail @ ..] = rest {
        if shed.contains(*part) {
            count += 1;
        }
        rest = tail;
    }
    count
}

/// Returns the length of the names, joined by commas.
const fn shed_text_len(shed: ShedMarks) -> usize {
    let mut len = 0;
    let mut rest = Shed::ALL;
    while let [part, tail @ ..] = rest {
        if shed.contains(*part) {
            len += part.name().len() + if len == 0 { 0 } else { 1 };
        }
        rest = tail;
    }
    len
}

/// Returns the length of the metadata entry of google.rpc.ErrorInfo that contains the marks.
pub(crate) const fn shed_entry_len(shed: ShedMarks) -> usize {
    if shed.is_empty() { 0 } else { delimited_len(pair_len(SHED_KEY.len(), shed_text_len(shed))) }
}

#[expect(clippy::as_conversions, reason = "a code has six digits; `TryFrom` is not const")]
const fn code_as_usize(code: u32) -> usize {
    code as usize
}
