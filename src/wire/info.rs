//! A view of one of the two ErrorInfos.

use std::str;

use super::details::Detail;
use super::fields::{Fields, Value};
use super::is_code;
use super::metadata::{Metadata, UsedKeys, map_entry};
use super::schema::tag::{INFO_CODE, INFO_DOMAIN, INFO_REASON};
use super::schema::{CODE_KEY, ERROR_INFO, GOOGLE_ERROR_INFO, SHED_KEY, googles, ours};
use super::shed::ShedMarks;
use super::write::is_reserved;

/// One of the two ErrorInfos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InfoKind {
    Ours,
    Google,
}

/// The content of an ErrorInfo. Its texts are not checked for UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info<'a> {
    pub(crate) kind: InfoKind,
    /// The number as it was sent. It may be no code.
    pub(crate) number: Option<u64>,
    pub(crate) domain: &'a [u8],
    pub(crate) reason: &'a [u8],
    /// The parts that the server removed.
    pub(crate) shed: ShedMarks,
    /// The encoded message: its metadata is read from here.
    pub(crate) message: &'a [u8],
    /// Whether the message is complete. Fields that are missing in an incomplete message may have been sent.
    pub(crate) is_complete: bool,
}

/// The start of a `codelibra.error.v1.ErrorInfo`, as every writer encodes it: code, domain and reason, in this order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsualStart<'a> {
    pub(crate) number: u32,
    pub(crate) domain: &'a [u8],
    pub(crate) reason: &'a [u8],
    /// The fields after the reason, which are not read.
    pub(crate) rest: &'a [u8],
}

impl<'a> UsualStart<'a> {
    /// Returns `None` if the message starts in another way. Then [`Info`] has to read it.
    // Without `always` the compiler does not inline it, and returns the value through memory: 3 ns of 10.
    #[inline(always)]
    pub(crate) fn read(message: &'a [u8]) -> Option<Self> {
        let [
            INFO_CODE,
            low @ 0x80..=0xff,
            middle @ 0x80..=0xff,
            high @ ..0x80,
            INFO_DOMAIN,
            len @ ..0x80,
            rest @ ..,
        ] = message
        else {
            return None;
        };
        let (domain, rest) = rest.split_at_checked(usize::from(*len))?;
        let [INFO_REASON, len @ ..0x80, rest @ ..] = rest else { return None };
        let (reason, rest) = rest.split_at_checked(usize::from(*len))?;
        let [low, middle, high] = [low & 0x7f, middle & 0x7f, *high].map(u32::from);
        Some(Self { number: low | middle << 7 | high << 14, domain, reason, rest })
    }
}

impl<'a> Info<'a> {
    /// Reads a detail that is one of the two messages; `None` for other details.
    pub(crate) fn read(detail: &Detail<'a>) -> Option<Self> {
        let mut info = if detail.is_a(ERROR_INFO) {
            Self::ours(detail.value())
        } else if detail.is_a(GOOGLE_ERROR_INFO) {
            Self::google(detail.value())
        } else {
            return None;
        };
        if detail.complete_any().is_none() {
            info.is_complete = false;
            info.number = info.number.filter(|number| *number != 0);
        }
        Some(info)
    }

    /// Reads the encoded message of a kind.
    #[inline]
    pub(crate) fn from_message(kind: InfoKind, message: &'a [u8]) -> Self {
        match kind {
            InfoKind::Ours => Self::ours(message),
            InfoKind::Google => Self::google(message),
        }
    }

    #[inline]
    pub(crate) fn ours(message: &'a [u8]) -> Self {
        let mut info = Self::empty(InfoKind::Ours, message);
        match UsualStart::read(message) {
            Some(UsualStart { number, domain, reason, rest }) => {
                (info.number, info.domain, info.reason) = (Some(number.into()), domain, reason);
                if !rest.is_empty() {
                    info.read_fields_of_ours(rest);
                }
            }
            None => info.read_fields_of_ours(message),
        }
        info
    }

    #[inline(never)]
    fn read_fields_of_ours(&mut self, rest: &'a [u8]) {
        let info = self;
        let mut fields = Fields::new(rest);
        for field in fields.by_ref() {
            match field {
                // A uint32: a longer varint is cut to it, as every protobuf reader does.
                (ours::CODE, Value::Varint(number)) => info.number = Some(number & u64::from(u32::MAX)),
                (ours::DOMAIN, Value::Bytes(domain)) => info.domain = domain,
                (ours::REASON, Value::Bytes(reason)) => info.reason = reason,
                // A repeated enum: packed or not, and several times, as every protobuf reader takes it.
                (ours::SHED, Value::Bytes(packed)) => info.shed.add_packed(packed),
                (ours::SHED, Value::Varint(number)) => info.shed.add_number(number),
                _ => {}
            }
        }
        info.is_complete = !fields.is_corrupt();
        // proto3: what is not sent is 0.
        if info.number.is_none() && info.is_complete {
            info.number = Some(0);
        }
    }

    fn google(message: &'a [u8]) -> Self {
        let mut info = Self::empty(InfoKind::Google, message);
        let mut fields = Fields::new(message);
        for field in fields.by_ref() {
            match field {
                (googles::REASON, Value::Bytes(reason)) => info.reason = reason,
                (googles::DOMAIN, Value::Bytes(domain)) => info.domain = domain,
                (googles::METADATA, Value::Bytes(entry)) => match map_entry(entry) {
                    // Not a number: the peer uses the key for something else.
                    (key, text) if key == CODE_KEY.as_bytes() => {
                        info.number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                    }
                    (key, text) if key == SHED_KEY.as_bytes() => {
                        let marks = str::from_utf8(text).ok().and_then(ShedMarks::from_text);
                        info.shed = marks.unwrap_or_default();
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        info.is_complete = !fields.is_corrupt();
        // Marks have a meaning only for an error with a code.
        if info.code().is_none() {
            info.shed = ShedMarks::NONE;
        }
        info
    }

    const fn empty(kind: InfoKind, message: &'a [u8]) -> Self {
        Self {
            kind,
            number: None,
            domain: &[],
            reason: &[],
            shed: ShedMarks::NONE,
            message,
            is_complete: true,
        }
    }

    /// Returns the number, if it is a code.
    #[inline]
    pub(crate) fn code(&self) -> Option<u32> {
        self.number.and_then(|n| u32::try_from(n).ok()).filter(|n| is_code(*n))
    }

    /// Returns whether the code is of this domain. A message without a domain counts as being of every domain.
    #[inline]
    pub(crate) fn is_of(&self, domain: &str) -> bool {
        self.domain.is_empty() || self.domain == domain.as_bytes()
    }

    /// Returns the domain; empty if it is not UTF-8.
    pub(crate) fn domain_str(&self) -> &'a str {
        str::from_utf8(self.domain).unwrap_or("")
    }

    /// Returns whether domain and reason are UTF-8.
    pub(crate) fn is_text(&self) -> bool {
        str::from_utf8(self.domain).is_ok() && str::from_utf8(self.reason).is_ok()
    }

    /// Returns whether the message identifies the same error. A message without a reason has the reason of the catalogue.
    pub(crate) fn agrees_with(&self, identity: &Self, code: Option<u32>) -> bool {
        let same_code = self.code() == code || (self.kind == InfoKind::Google && self.number.is_none());
        let same_reason =
            |reason: &[u8]| reason.is_empty() || self.reason.is_empty() || self.reason == reason;
        same_code && self.domain == identity.domain && same_reason(identity.reason)
    }

    /// Returns the metadata.
    #[inline]
    pub(crate) fn metadata(&self) -> Metadata<'a> {
        match self.kind {
            InfoKind::Ours => Metadata::from_ours(self.message),
            // A text that is not a code, or not a list of marks, has another meaning for the peer.
            InfoKind::Google => {
                let used = UsedKeys { code: self.code().is_some(), shed: !self.shed.is_empty() };
                Metadata::from_googles(self.message, used)
            }
        }
    }

    /// Returns whether the metadata is the same, apart from the reserved keys of google.rpc.ErrorInfo.
    pub(crate) fn has_metadata_of(&self, other: &Self) -> bool {
        let coded = self.code().is_some() && other.code().is_some();
        let entries = |info: &Self| {
            let metadata = info.metadata().into_raw();
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
