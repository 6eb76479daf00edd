//! The writer of `google.rpc.Status`. Every function is `const`: the compiler runs them for the entries of
//! a catalogue, and the program runs the same ones for everything else.

use prost::Message;

use super::error_infos::ErrorInfos;
#[cfg(feature = "gateway")]
use super::info::InfoKind;
use super::same_text;
#[cfg(any(feature = "gateway", feature = "server"))]
use super::schema::REQUEST_INFO_URL;
use super::schema::{
    self, CODE_KEY, ERROR_INFO_URL, GOOGLE_ERROR_INFO_URL, PRECONDITION_FAILURE_URL, SHED_KEY,
    TYPE_URL_PREFIX, delimited_tag, googles, ours, precondition_failure, varint_tag,
};
use super::shed::{Shed, ShedMarks};

/// What a coded status consists of.
pub(crate) struct Parts<'a> {
    /// 0 to 16.
    pub(crate) grpc_code: u8,
    pub(crate) message: &'a str,
    pub(crate) code: u32,
    pub(crate) domain: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) metadata: WrittenMetadata<'a>,
    /// Encoded further `details` fields, each with its tag.
    pub(crate) rest: &'a [u8],
    /// What was left out.
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

/// Which of the two ErrorInfos are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenInfos {
    Both,
    /// Ours alone: only a budget that nothing else meets removes google.rpc.ErrorInfo, which repeats it.
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

    /// The marks that google.rpc.ErrorInfo contains: none, where ours is beside it.
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

const STATUS_CODE: u8 = varint_tag(schema::status::CODE);
const STATUS_MESSAGE: u8 = delimited_tag(schema::status::MESSAGE);
const STATUS_DETAILS: u8 = delimited_tag(schema::status::DETAILS);
pub(crate) const ANY_TYPE_URL: u8 = delimited_tag(schema::any::TYPE_URL);
pub(crate) const ANY_VALUE: u8 = delimited_tag(schema::any::VALUE);
pub(crate) const INFO_CODE: u8 = varint_tag(ours::CODE);
pub(crate) const INFO_DOMAIN: u8 = delimited_tag(ours::DOMAIN);
pub(crate) const INFO_REASON: u8 = delimited_tag(ours::REASON);
const INFO_METADATA: u8 = delimited_tag(ours::METADATA);
const INFO_SHED: u8 = delimited_tag(ours::SHED);
const GOOGLE_REASON: u8 = delimited_tag(googles::REASON);
const GOOGLE_DOMAIN: u8 = delimited_tag(googles::DOMAIN);
const GOOGLE_METADATA: u8 = delimited_tag(googles::METADATA);
const PRECONDITION_VIOLATION: u8 = delimited_tag(precondition_failure::VIOLATIONS);
const VIOLATION_TYPE: u8 = delimited_tag(precondition_failure::TYPE);
const VIOLATION_SUBJECT: u8 = delimited_tag(precondition_failure::SUBJECT);
const VIOLATION_DESCRIPTION: u8 = delimited_tag(precondition_failure::DESCRIPTION);
#[cfg(any(feature = "gateway", feature = "server"))]
const REQUEST_ID: u8 = delimited_tag(schema::request_info::REQUEST_ID);
pub(crate) const MAP_KEY: u8 = delimited_tag(schema::map::KEY);
pub(crate) const MAP_VALUE: u8 = delimited_tag(schema::map::VALUE);

/// The encoded type URLs of the two ErrorInfos.
pub(crate) const OUR_URL_FIELD: [u8; 2 + ERROR_INFO_URL.len()] = url_field(ERROR_INFO_URL);
const GOOGLE_URL_FIELD: [u8; 2 + GOOGLE_ERROR_INFO_URL.len()] = url_field(GOOGLE_ERROR_INFO_URL);

const fn url_field<const N: usize>(url: &str) -> [u8; N] {
    let mut field = [0; N];
    let mut out = Out { bytes: &mut field, at: 0 };
    out.string(ANY_TYPE_URL, url);
    assert!(out.at == N, "the length takes one byte");
    field
}

/// Whether google.rpc.ErrorInfo has a meaning of its own for a metadata key. An error's own metadata under such a key
/// stand in our ErrorInfo only.
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
    const fn of(parts: &Parts<'_>) -> Self {
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

/// The length of what [`status`] writes.
pub(crate) const fn status_len(parts: &Parts<'_>) -> usize {
    Lengths::of(parts).status(parts)
}

/// Writes the status. `out` has the length that [`status_len`] gives.
pub(crate) const fn status(parts: &Parts<'_>, out: &mut [u8]) {
    Out { bytes: out, at: 0 }.status(parts, Lengths::of(parts));
}

/// Appends the status, in one allocation at most.
pub(crate) fn status_to_vec(parts: &Parts<'_>, bytes: &mut Vec<u8>) {
    let lengths = Lengths::of(parts);
    let len = lengths.status(parts);
    bytes.reserve_exact(len);
    append(len, bytes, |out| out.status(parts, lengths));
}

/// The violation type of google.rpc.PreconditionFailure for terms of service: its own example.
const TERMS_OF_SERVICE: &str = "TOS";

/// The length of what [`terms`] writes.
pub(crate) const fn terms_len(subject: &str, description: &str) -> usize {
    delimited_len(any_len(PRECONDITION_FAILURE_URL, delimited_len(violation_len(subject, description))))
}

/// Writes one `details` field: a `google.rpc.PreconditionFailure` that says which terms are to be accepted.
/// `out` has the length that [`terms_len`] gives.
pub(crate) const fn terms(subject: &str, description: &str, out: &mut [u8]) {
    let mut out = Out { bytes: out, at: 0 };
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

/// The decimal digits of a code.
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

/// Appends one `metadata` field of our ErrorInfo.
pub(crate) fn metadata_field(key: &str, value: &str, out: &mut Vec<u8>) {
    let pair = pair_len(key.len(), value.len());
    let lengths = [pair, key.len(), value.len()]
        .map(|len| u8::try_from(len).ok().filter(|len| (1..0x80).contains(len)));
    // Nearly every parameter: each length takes one byte, and neither text is empty.
    if let [Some(pair_len), Some(key_len), Some(value_len)] = lengths {
        out.reserve(2 + pair);
        out.extend_from_slice(&[INFO_METADATA, pair_len, MAP_KEY, key_len]);
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(&[MAP_VALUE, value_len]);
        out.extend_from_slice(value.as_bytes());
        return;
    }
    let (key, value) = (key.as_bytes(), value.as_bytes());
    append(delimited_len(pair), out, |out| out.pair(INFO_METADATA, key, value));
}

/// Appends one `details` field to encoded ones: a `google.protobuf.Any` of these two.
pub(crate) fn detail(type_url: &str, value: &[u8], out: &mut Vec<u8>) {
    let any = any_len(type_url, value.len());
    append(delimited_len(any), out, |out| {
        out.tag(STATUS_DETAILS, any);
        out.string(ANY_TYPE_URL, type_url);
        out.bytes(ANY_VALUE, value);
    });
}

/// Appends one `details` field to encoded ones: a message of this full name, encoded where it is to lie.
pub(crate) fn message(name: &str, message: &impl Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.reserve(FIRST_DETAIL_CAPACITY);
    // The length of the detail is one byte, until it is known.
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
            // The length takes more bytes: the rest moves.
            let more = varint_len(any) - 1;
            out.resize(out.len() + more, 0);
            let end = out.len() - more;
            out.copy_within(start + 2..end, start + 2 + more);
            let (_, detail) = out.split_at_mut(start);
            Out { bytes: detail, at: 0 }.tag(STATUS_DETAILS, any);
        }
    }
}

/// Room for a usual detail, such as a `google.rpc.BadRequest` of two violations.
const FIRST_DETAIL_CAPACITY: usize = 256;

fn put_len(len: usize, out: &mut Vec<u8>) {
    prost::encoding::encode_varint(u64::try_from(len).unwrap_or(u64::MAX), out);
}

/// Appends one `details` field to encoded ones: the google.rpc.RequestInfo of an id.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn request_info(id: &str, out: &mut Vec<u8>) {
    append(request_info_len(id), out, |out| {
        out.tag(STATUS_DETAILS, any_len(REQUEST_INFO_URL, string_len(id)));
        out.string(ANY_TYPE_URL, REQUEST_INFO_URL);
        out.tag(ANY_VALUE, string_len(id));
        out.string(REQUEST_ID, id);
    });
}

/// How much [`request_info`] appends.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn request_info_len(id: &str) -> usize {
    delimited_len(any_len(REQUEST_INFO_URL, string_len(id)))
}

/// Appends one `details` field to encoded ones: an encoded `google.protobuf.Any`.
pub(crate) fn any(any: &[u8], out: &mut Vec<u8>) {
    append(delimited_len(any.len()), out, |out| {
        out.tag(STATUS_DETAILS, any.len());
        out.copy(any);
    });
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
    // What stands before the message has its length in it: the message is moved behind that.
    let any = any_len(url, value);
    let len = delimited_len(any);
    out.resize(start + len, 0);
    out.copy_within(start..start + value, start + len - value);
    let (_, detail) = out.split_at_mut(start);
    let mut out = Out { bytes: detail, at: 0 };
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
    /// The number of our ErrorInfo; the other one has it in its metadata.
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

    /// What was left out; the other one has it in its metadata.
    pub(crate) fn shed(&mut self, shed: ShedMarks) {
        if self.kind == InfoKind::Ours && !shed.is_empty() {
            append(delimited_len(shed_count(shed)), self.out, |out| out.shed_numbers(shed));
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

fn append(len: usize, out: &mut Vec<u8>, write: impl FnOnce(&mut Out<'_>)) {
    let start = out.len();
    out.resize(start + len, 0);
    let (_, free) = out.split_at_mut(start);
    write(&mut Out { bytes: free, at: 0 });
}

/// A tag of one byte, a length, and that many bytes.
const fn delimited_len(len: usize) -> usize {
    1 + varint_len(len) + len
}

/// A string field; proto3 leaves an empty one out.
pub(crate) const fn string_len(text: &str) -> usize {
    bytes_len(text.as_bytes())
}

const fn bytes_len(bytes: &[u8]) -> usize {
    if bytes.is_empty() { 0 } else { delimited_len(bytes.len()) }
}

const fn any_len(type_url: &str, value: usize) -> usize {
    string_len(type_url) + if value == 0 { 0 } else { delimited_len(value) }
}

/// Which metadata of an error one of the two messages has.
#[derive(Clone, Copy)]
enum Keys {
    All,
    /// Without those that google.rpc.ErrorInfo has a meaning of its own for.
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

/// Encoded map entries, one field each.
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

/// How long a metadata entry is in either of the two messages.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const fn entry_len(key: &str, value: &str) -> usize {
    delimited_len(pair_len(key.len(), value.len()))
}

const fn pair_len(key: usize, value: usize) -> usize {
    (if key == 0 { 0 } else { delimited_len(key) }) + if value == 0 { 0 } else { delimited_len(value) }
}

/// How many parts there are.
const fn shed_count(shed: ShedMarks) -> usize {
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

/// The length of the names joined by commas.
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

/// The length of the metadata entry that carries the marks in google.rpc.ErrorInfo.
pub(crate) const fn shed_entry_len(shed: ShedMarks) -> usize {
    if shed.is_empty() { 0 } else { delimited_len(pair_len(SHED_KEY.len(), shed_text_len(shed))) }
}

const fn varint_len(mut value: usize) -> usize {
    let mut len = 1;
    while value >= 0x80 {
        value >>= 7;
        len += 1;
    }
    len
}

#[expect(clippy::as_conversions, reason = "a code has six digits; `TryFrom` is not const")]
const fn code_as_usize(code: u32) -> usize {
    code as usize
}

/// A cursor over bytes that are just as long as what is written.
struct Out<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Out<'_> {
    const fn status(&mut self, parts: &Parts<'_>, lengths: Lengths) {
        // Never 0: a coded status is an error. Below 128: one byte.
        self.byte(STATUS_CODE);
        self.byte(parts.grpc_code);
        self.string(STATUS_MESSAGE, parts.message);

        if parts.infos.has_ours() {
            self.our_info(parts, lengths);
        }
        if parts.infos.has_googles() {
            self.google_info(parts, lengths);
        }
        self.copy(parts.rest);
    }

    const fn our_info(&mut self, parts: &Parts<'_>, lengths: Lengths) {
        self.tag(STATUS_DETAILS, any_len(ERROR_INFO_URL, lengths.info));
        self.copy(&OUR_URL_FIELD);
        self.tag(ANY_VALUE, lengths.info);
        self.byte(INFO_CODE);
        self.varint(code_as_usize(parts.code));
        self.string(INFO_DOMAIN, parts.domain);
        self.string(INFO_REASON, parts.reason);
        self.metadata(INFO_METADATA, parts.metadata, Keys::All);
        self.shed_numbers(parts.shed);
    }

    /// A repeated enum, packed: each number is below 128.
    const fn shed_numbers(&mut self, shed: ShedMarks) {
        if shed.is_empty() {
            return;
        }
        self.tag(INFO_SHED, shed_count(shed));
        let mut rest = Shed::ALL;
        while let [part, tail @ ..] = rest {
            if shed.contains(*part) {
                self.byte(part.number());
            }
            rest = tail;
        }
    }

    /// The metadata entry of google.rpc.ErrorInfo: names joined by commas.
    const fn shed_entry(&mut self, shed: ShedMarks) {
        if shed.is_empty() {
            return;
        }
        let text = shed_text_len(shed);
        self.tag(GOOGLE_METADATA, pair_len(SHED_KEY.len(), text));
        self.string(MAP_KEY, SHED_KEY);
        self.tag(MAP_VALUE, text);
        let mut is_first = true;
        let mut rest = Shed::ALL;
        while let [part, tail @ ..] = rest {
            if shed.contains(*part) {
                if !is_first {
                    self.byte(b',');
                }
                is_first = false;
                self.copy(part.name().as_bytes());
            }
            rest = tail;
        }
    }

    const fn google_info(&mut self, parts: &Parts<'_>, lengths: Lengths) {
        self.tag(STATUS_DETAILS, any_len(GOOGLE_ERROR_INFO_URL, lengths.google_info));
        self.copy(&GOOGLE_URL_FIELD);
        self.tag(ANY_VALUE, lengths.google_info);
        self.string(GOOGLE_REASON, parts.reason);
        self.string(GOOGLE_DOMAIN, parts.domain);
        let digits = six_digits(parts.code);
        self.pair(GOOGLE_METADATA, CODE_KEY.as_bytes(), &digits);
        self.metadata(GOOGLE_METADATA, parts.metadata, Keys::Unreserved);
        self.shed_entry(parts.infos.googles_shed(parts.shed));
    }

    #[expect(clippy::indexing_slicing, reason = "the caller has measured; `get_mut` is not const")]
    const fn byte(&mut self, byte: u8) {
        self.bytes[self.at] = byte;
        self.at += 1;
    }

    #[inline]
    const fn copy(&mut self, bytes: &[u8]) {
        let (_, free) = self.bytes.split_at_mut(self.at);
        let (target, _) = free.split_at_mut(bytes.len());
        target.copy_from_slice(bytes);
        self.at += bytes.len();
    }

    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "seven bits; const")]
    const fn varint(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    #[inline(always)]
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "seven bits; const")]
    const fn tag(&mut self, tag: u8, len: usize) {
        let (_, free) = self.bytes.split_at_mut(self.at);
        if len < 0x80
            && let Some(short) = free.first_chunk_mut()
        {
            *short = [tag, len as u8];
            self.at += 2;
        } else {
            self.byte(tag);
            self.varint(len);
        }
    }

    #[inline]
    const fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tag(tag, bytes.len());
            self.copy(bytes);
        }
    }

    #[inline]
    const fn string(&mut self, tag: u8, text: &str) {
        self.bytes(tag, text.as_bytes());
    }

    #[inline]
    const fn pair(&mut self, tag: u8, key: &[u8], value: &[u8]) {
        self.tag(tag, pair_len(key.len(), value.len()));
        self.bytes(MAP_KEY, key);
        self.bytes(MAP_VALUE, value);
    }

    const fn metadata(&mut self, tag: u8, metadata: WrittenMetadata<'_>, keys: Keys) {
        let mut rest = match metadata {
            WrittenMetadata::Pairs(pairs) => pairs,
            WrittenMetadata::Fields(fields) => return self.metadata_fields(tag, fields),
        };
        while let [(key, value), tail @ ..] = rest {
            if keys.contain(key) {
                self.pair(tag, key.as_bytes(), value.as_bytes());
            }
            rest = tail;
        }
    }

    /// Copies encoded `metadata` fields of our ErrorInfo, with this tag in place of its own.
    const fn metadata_fields(&mut self, tag: u8, fields: &[u8]) {
        let mut at = self.at;
        self.copy(fields);
        if tag == INFO_METADATA {
            return;
        }
        while at < self.at {
            at = self.replace_tag(at, tag);
        }
    }

    /// Replaces the tag of the field that starts at `at`. Returns where the next field starts.
    #[expect(clippy::as_conversions, clippy::indexing_slicing, reason = "the fields are our own; const")]
    const fn replace_tag(&mut self, mut at: usize, tag: u8) -> usize {
        self.bytes[at] = tag;
        let (mut len, mut shift) = (0, 0);
        loop {
            at += 1;
            let byte = self.bytes[at];
            len |= ((byte & 0x7f) as usize) << shift;
            shift += 7;
            if byte < 0x80 {
                return at + 1 + len;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc;

    /// Around each length at which a prefix takes one byte more.
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
