//! Finds the six-digit code in the details of a status.

use std::str;

use crate::catalog::Catalog;
use crate::catalog::code::is_code;
use crate::inbound::Metadata;
use crate::wire::shed::ShedMarks;

use super::details::{AllDetails, Detail};
use super::fields::{Fields, Value};
use super::write::{ANY_TYPE_URL, ANY_VALUE, CODE_KEY, SHED_KEY, is_reserved};
use super::{ERROR_INFO, ERROR_INFO_URL, GOOGLE_ERROR_INFO, TYPE_URL_PREFIX};

/// Which of the two messages spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    Ours,
    Google,
}

/// What one of the two messages says. Text is not checked yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info<'a> {
    pub(crate) speaker: Speaker,
    /// The number as it was sent, valid or not.
    pub(crate) number: Option<u64>,
    pub(crate) domain: &'a [u8],
    pub(crate) reason: &'a [u8],
    /// What the server left out.
    pub(crate) shed: ShedMarks,
    /// The encoded message: its metadata is read from here.
    pub(crate) message: &'a [u8],
    /// Whether all of the message is there. What a cut one lacks may have been sent.
    pub(crate) is_whole: bool,
}

impl<'a> Info<'a> {
    /// Reads one of the two messages; `None` for other details.
    pub(crate) fn read(detail: &Detail<'a>) -> Option<Self> {
        let mut info = if detail.is_a(ERROR_INFO) {
            Self::ours(detail.value())
        } else if detail.is_a(GOOGLE_ERROR_INFO) {
            Self::google(detail.value())
        } else {
            return None;
        };
        if detail.whole_any().is_none() {
            info.is_whole = false;
            info.number = info.number.filter(|number| *number != 0);
        }
        Some(info)
    }

    /// Reads the encoded message of a speaker.
    #[inline]
    pub(crate) fn of(speaker: Speaker, message: &'a [u8]) -> Self {
        match speaker {
            Speaker::Ours => Self::ours(message),
            Speaker::Google => Self::google(message),
        }
    }

    #[inline]
    fn ours(message: &'a [u8]) -> Self {
        let mut info = Self::empty(Speaker::Ours, message);
        let mut fields = Fields::new(message);
        for field in fields.by_ref() {
            match field {
                // A uint32: a longer varint is cut to it, as every protobuf reader does.
                (1, Value::Varint(number)) => info.number = Some(number & u64::from(u32::MAX)),
                (2, Value::Bytes(domain)) => info.domain = domain,
                (3, Value::Bytes(reason)) => info.reason = reason,
                // A repeated enum: packed or not, and several times, as every protobuf reader takes it.
                (5, Value::Bytes(packed)) => info.shed.add_packed(packed),
                (5, Value::Varint(number)) => info.shed.add_number(number),
                _ => {}
            }
        }
        info.is_whole = !fields.is_corrupt();
        // proto3: what is not sent is 0.
        if info.number.is_none() && info.is_whole {
            info.number = Some(0);
        }
        info
    }

    fn google(message: &'a [u8]) -> Self {
        let mut info = Self::empty(Speaker::Google, message);
        let mut fields = Fields::new(message);
        for field in fields.by_ref() {
            match field {
                (1, Value::Bytes(reason)) => info.reason = reason,
                (2, Value::Bytes(domain)) => info.domain = domain,
                (3, Value::Bytes(entry)) => match map_entry(entry) {
                    // Not a number: the peer uses the key for something else.
                    (b"code", text) => {
                        info.number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                    }
                    (b"shed", text) => {
                        let marks = str::from_utf8(text).ok().and_then(ShedMarks::from_text);
                        info.shed = marks.unwrap_or_default();
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        info.is_whole = !fields.is_corrupt();
        // Marks are about an error with a code.
        if info.code().is_none() {
            info.shed = ShedMarks::NONE;
        }
        info
    }

    const fn empty(speaker: Speaker, message: &'a [u8]) -> Self {
        Self {
            speaker,
            number: None,
            domain: &[],
            reason: &[],
            shed: ShedMarks::NONE,
            message,
            is_whole: true,
        }
    }

    /// The number, where it is a code.
    #[inline]
    pub(crate) fn code(&self) -> Option<u32> {
        self.number.and_then(|n| u32::try_from(n).ok()).filter(|n| is_code(*n))
    }

    /// Whether the message speaks of this domain: it names it, or none.
    #[inline]
    pub(crate) fn is_of(&self, domain: &str) -> bool {
        self.domain.is_empty() || self.domain == domain.as_bytes()
    }

    /// The domain; empty where it is not UTF-8.
    pub(crate) fn domain_str(&self) -> &'a str {
        str::from_utf8(self.domain).unwrap_or("")
    }

    /// Whether domain and reason are UTF-8.
    pub(crate) fn is_text(&self) -> bool {
        str::from_utf8(self.domain).is_ok() && str::from_utf8(self.reason).is_ok()
    }

    /// Whether the message does not name another error. Without a reason, the reason is the one of the catalogue.
    fn agrees_with(&self, identity: &Self, code: Option<u32>) -> bool {
        let same_code = self.code() == code || (self.speaker == Speaker::Google && self.number.is_none());
        let same_reason =
            |reason: &[u8]| reason.is_empty() || self.reason.is_empty() || self.reason == reason;
        same_code && self.domain == identity.domain && same_reason(identity.reason)
    }

    /// Whether the metadata is the same, but for the keys that Google's has a meaning of its own for.
    fn has_metadata_of(&self, other: &Self) -> bool {
        let coded = self.code().is_some() && other.code().is_some();
        let entries = |info: &Self| {
            let metadata = Metadata::of(info).into_raw();
            metadata.filter(move |entry| !coded || entry.is_none_or(|(key, _)| !is_reserved(key)))
        };
        if entries(self).eq(entries(other)) {
            return true;
        }
        // Maps have no order, and the last value of a key counts.
        let sorted = |info: &Self| {
            let mut pairs = Vec::with_capacity(entries(info).count());
            for entry in entries(info) {
                pairs.push(entry?);
            }
            pairs.sort_unstable_by_key(|(key, _)| (*key, std::cmp::Reverse(key.as_ptr().addr())));
            pairs.dedup_by_key(|(key, _)| *key);
            Some(pairs)
        };
        sorted(self).is_some_and(|pairs| Some(pairs) == sorted(other))
    }
}

/// Who an error is, and which message said so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) code: u32,
    pub(crate) info: Info<'a>,
}

/// Says which ErrorInfos can be left out, because they say what the identity says: it itself, and its twin for
/// the readers of the other message.
#[derive(Clone, Debug)]
pub(crate) struct Repeats<'a> {
    identity: Info<'a>,
    code: Option<u32>,
    /// Only one is compared to its end: a peer decides how many there are.
    compared: bool,
}

impl<'a> Repeats<'a> {
    pub(crate) const fn of(identity: Info<'a>, code: Option<u32>) -> Self {
        Self { identity, code, compared: false }
    }

    /// Whether nothing is lost without the message. To be asked in the order of the details.
    pub(crate) fn is_repeated(&mut self, info: &Info<'_>) -> bool {
        std::ptr::eq(info.message, self.identity.message)
            || (!std::mem::replace(&mut self.compared, true)
                && (info.reason.is_empty() || info.reason == self.identity.reason)
                && self.says_the_same(info))
    }

    /// Whether the message contradicts the identity. To be asked in the order of the details.
    pub(crate) fn is_contradicted(&mut self, info: &Info<'_>) -> bool {
        if std::ptr::eq(info.message, self.identity.message) {
            false
        } else if std::mem::replace(&mut self.compared, true) {
            !info.agrees_with(&self.identity, self.code)
        } else {
            !self.says_the_same(info)
        }
    }

    fn says_the_same(&self, info: &Info<'_>) -> bool {
        info.agrees_with(&self.identity, self.code) && info.has_metadata_of(&self.identity)
    }
}

/// The identity that the details of an encoded `google.rpc.Status` give, in the order of the contract: our
/// ErrorInfo; a google.rpc.ErrorInfo with a number; one whose reason the catalogue knows. A corrupt ErrorInfo with a
/// number counts where no whole one has any. Allocates nothing.
pub(crate) fn identity<'a>(status: &'a [u8], catalog: &Catalog) -> Option<Identity<'a>> {
    ours(status).or_else(|| without_ours(status, catalog))
}

/// The identity that our ErrorInfo gives, where it is whole.
#[inline]
pub(crate) fn ours(status: &[u8]) -> Option<Identity<'_>> {
    let mut details = AllDetails::of(status);
    while let Some((any, cut)) = details.next_any() {
        if let Some(message) = plain_message_of_ours(any) {
            let info = Info::ours(message);
            if let Some(code) = info.code()
                && info.is_whole
            {
                return Some(Identity { code, info });
            }
        } else if let Some(identity) = ours_in(any, cut) {
            return Some(identity);
        }
    }
    None
}

/// The identity that a detail gives, if it is our ErrorInfo and whole. Out of line, because most need not come here.
#[inline(never)]
fn ours_in(any: &[u8], cut: bool) -> Option<Identity<'_>> {
    let info = Info::read(&Detail::read(any, cut))?;
    let is_whole_ours = info.speaker == Speaker::Ours && info.is_whole;
    Some(Identity { code: info.code().filter(|_| is_whole_ours)?, info })
}

/// The message in a `google.protobuf.Any` of our ErrorInfo that is written as every writer does it: one
/// comparison in place of the general reader, which finds the same.
#[inline]
fn plain_message_of_ours(any: &[u8]) -> Option<&[u8]> {
    const URL_LEN: u8 = {
        assert!(ERROR_INFO_URL.len() < 0x80, "one byte");
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "asserted; const")]
        {
            ERROR_INFO_URL.len() as u8
        }
    };
    let url = any.strip_prefix(&[ANY_TYPE_URL, URL_LEN])?;
    let value = url.strip_prefix(TYPE_URL_PREFIX.as_bytes())?.strip_prefix(ERROR_INFO.as_bytes())?;
    match value {
        [ANY_VALUE, len @ ..0x80, message @ ..] if message.len() == usize::from(*len) => Some(message),
        _ => None,
    }
}

/// The identity of a status without a whole ErrorInfo of ours that has a number: what a google.rpc.ErrorInfo gives, by
/// its number or by a reason that the catalogue knows; or a corrupt ErrorInfo; or ours, by its reason alone.
pub(crate) fn without_ours<'a>(status: &'a [u8], catalog: &Catalog) -> Option<Identity<'a>> {
    let mut corrupt = None;
    let mut named = None;
    for info in AllDetails::of(status).filter_map(|detail| Info::read(&detail)) {
        match info.code() {
            Some(code) if info.is_whole => return Some(Identity { code, info }),
            Some(code) => corrupt = corrupt.or(Some(Identity { code, info })),
            None if named.is_none() && info.domain == catalog.domain().as_bytes() => {
                named = str::from_utf8(info.reason)
                    .ok()
                    .and_then(|reason| catalog.by_reason(reason))
                    .map(|entry| Identity { code: entry.code, info });
            }
            None => {}
        }
    }
    corrupt.or(named)
}

/// The first ErrorInfo, whether it gives a code or not.
pub(crate) fn first_info(status: &[u8]) -> Option<Info<'_>> {
    AllDetails::of(status).find_map(|detail| Info::read(&detail))
}

/// Key and value of an encoded map entry; the last of each counts, an absent one is empty.
fn map_entry(entry: &[u8]) -> (&[u8], &[u8]) {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::new(entry) {
        match field {
            (1, Value::Bytes(bytes)) => key = bytes,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    (key, value)
}

impl<'a> Metadata<'a> {
    /// The metadata of one of the two messages.
    pub(crate) fn of(info: &Info<'a>) -> Self {
        match info.speaker {
            Speaker::Ours => Self::new(info.message, 4, UsedKeys::default()),
            // Texts that are no code and no marks mean something else to the peer.
            Speaker::Google => {
                let used = UsedKeys { code: info.code().is_some(), shed: !info.shed.is_empty() };
                Self::new(info.message, 3, used)
            }
        }
    }
}

/// The keys of a google.rpc.ErrorInfo that are no metadata of the error.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UsedKeys {
    code: bool,
    shed: bool,
}

impl UsedKeys {
    fn contain(self, key: &str) -> bool {
        (self.code && key == CODE_KEY) || (self.shed && key == SHED_KEY)
    }
}

/// Metadata as it was sent, read where it lies. A key that stands twice has its last value.
#[derive(Clone, Debug)]
pub(crate) struct RawMetadata<'a> {
    fields: Fields<'a>,
    number: u64,
    except: UsedKeys,
}

impl<'a> RawMetadata<'a> {
    pub(crate) const fn new(message: &'a [u8], number: u64, except: UsedKeys) -> Self {
        Self { fields: Fields::new(message), number, except }
    }

    /// The value of a key. The last one counts, as in every protobuf map.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        if self.except.contain(key) {
            return None;
        }
        let mut value = None;
        for field in self.fields.clone() {
            if let (number, Value::Bytes(entry)) = field
                && number == self.number
                && let (k, v) = map_entry(entry)
                && k == key.as_bytes()
            {
                value = str::from_utf8(v).ok().or(value);
            }
        }
        value
    }
}

/// Key and value; `None` where one of them is not UTF-8.
impl<'a> Iterator for RawMetadata<'a> {
    type Item = Option<(&'a str, &'a str)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.fields.next()? {
                (number, Value::Bytes(entry)) if number == self.number => {
                    let (key, value) = map_entry(entry);
                    let Some((key, value)) = str::from_utf8(key).ok().zip(str::from_utf8(value).ok()) else {
                        return Some(None);
                    };
                    if !self.except.contain(key) {
                        return Some(Some((key, value)));
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_reads_the_same() {
        let status = crate::CATALOG.by_code(403_003).map_or(&[][..], |entry| entry.details);
        assert!(
            AllDetails::of(status).next_any().is_some_and(|(any, _)| plain_message_of_ours(any).is_some())
        );
        // Every byte of the status, replaced by every value.
        for at in 0..status.len() {
            for byte in 0..=u8::MAX {
                let mut status = status.to_vec();
                status[at] = byte;
                let short = ours(&status).map(|found| (found.code, found.info.domain, found.info.reason));
                let long = AllDetails::of(&status)
                    .filter_map(|detail| Info::read(&detail))
                    .filter(|info| info.speaker == Speaker::Ours && info.is_whole)
                    .find_map(|info| Some((info.code()?, info.domain, info.reason)));
                assert_eq!(short, long, "byte {at} is {byte:#04x}");
            }
        }
    }
}
