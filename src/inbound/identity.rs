//! The identity of an error: the code in the details of a status, and its domain.

use std::str;

use crate::catalog::Catalog;
use crate::wire::details::{AllDetails, Detail};
#[cfg(feature = "server")]
use crate::wire::fields::{Fields, Value};
use crate::wire::info::{Info, InfoKind};
#[cfg(feature = "server")]
use crate::wire::schema;
use crate::wire::schema::tag::ANY_VALUE;
use crate::wire::write::OUR_URL_FIELD;

/// The identity of an error, and the ErrorInfo that contains it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) code: u32,
    pub(crate) info: Info<'a>,
}

/// Finds the ErrorInfos that repeat the identity: the message that contains it, and the other one of the two kinds.
#[derive(Clone, Debug)]
pub(crate) struct Repeats<'a> {
    identity: Info<'a>,
    code: Option<u32>,
    /// Only one message is compared completely, because a peer decides how many there are.
    compared: bool,
}

impl<'a> Repeats<'a> {
    pub(crate) const fn new(identity: Info<'a>, code: Option<u32>) -> Self {
        Self { identity, code, compared: false }
    }

    /// Returns whether the message contains nothing more than the identity. Call it in the order of the details.
    pub(crate) fn is_repeated(&mut self, info: &Info<'_>) -> bool {
        std::ptr::eq(info.message, self.identity.message)
            || (!std::mem::replace(&mut self.compared, true)
                && (info.reason.is_empty() || info.reason == self.identity.reason)
                && self.repeats_identity(info))
    }

    /// Returns whether the message contradicts the identity. Call it in the order of the details.
    pub(crate) fn is_contradicted(&mut self, info: &Info<'_>) -> bool {
        if std::ptr::eq(info.message, self.identity.message) {
            false
        } else if std::mem::replace(&mut self.compared, true) {
            !info.agrees_with(&self.identity, self.code)
        } else {
            !self.repeats_identity(info)
        }
    }

    fn repeats_identity(&self, info: &Info<'_>) -> bool {
        info.agrees_with(&self.identity, self.code) && info.has_metadata_of(&self.identity)
    }
}

/// Finds the identity in the details of an encoded `google.rpc.Status`, in the order of the contract: first
/// `codelibra.error.v1.ErrorInfo`, then a google.rpc.ErrorInfo with a number, then one whose reason is in the catalogue. A
/// corrupt ErrorInfo with a number is used only if no intact one has a number. Allocates nothing.
pub(crate) fn identity<'a>(status: &'a [u8], catalog: &Catalog) -> Option<Identity<'a>> {
    ours(status).or_else(|| without_ours(status, catalog))
}

/// Returns the identity in `codelibra.error.v1.ErrorInfo`, if that is complete and contains a code.
fn ours(status: &[u8]) -> Option<Identity<'_>> {
    let mut details = AllDetails::new(status);
    while let Some((any, cut)) = details.next_any() {
        if let Some(message) = plain_message_of_ours(any) {
            let info = Info::ours(message);
            if let Some(code) = info.code()
                && info.is_complete
            {
                return Some(Identity { code, info });
            }
        } else if let Some(identity) = ours_in(any, cut) {
            return Some(identity);
        }
    }
    None
}

/// Returns the code of a status whose first detail is a `codelibra.error.v1.ErrorInfo` of this domain, without metadata, in its
/// usual encoding. `None` means that [`identity`] has to read the status.
#[cfg(feature = "tonic")]
#[inline]
pub(crate) fn usual_code(status: &[u8], domain: &str) -> Option<u32> {
    use crate::wire::info::UsualStart;
    use crate::wire::is_code;
    use crate::wire::schema::tag::{STATUS_CODE, STATUS_DETAILS, STATUS_MESSAGE};

    let [STATUS_CODE, ..0x80, STATUS_MESSAGE, len @ ..0x80, rest @ ..] = status else { return None };
    let [STATUS_DETAILS, len @ ..0x80, rest @ ..] = rest.get(usize::from(*len)..)? else { return None };
    let start = UsualStart::read(plain_message_of_ours(rest.get(..usize::from(*len))?)?)?;
    let is_whole = start.rest.is_empty() && start.domain == domain.as_bytes();
    (is_whole && is_code(start.number)).then_some(start.number)
}

/// Returns the number in the first detail, if that is a `codelibra.error.v1.ErrorInfo` in its usual encoding. Reads no other
/// field.
#[cfg(feature = "server")]
pub(crate) fn first_number(status: &[u8]) -> Option<u32> {
    let (any, _) = AllDetails::new(status).next_any()?;
    match Fields::new(plain_message_of_ours(any)?).next()? {
        (schema::ours::CODE, Value::Varint(number)) => u32::try_from(number).ok(),
        _ => None,
    }
}

/// Returns the identity in a detail, if it is a complete `codelibra.error.v1.ErrorInfo`. Not inlined, because most statuses do
/// not need it.
#[inline(never)]
fn ours_in(any: &[u8], cut: bool) -> Option<Identity<'_>> {
    let info = Info::read(&Detail::read(any, cut))?;
    let is_complete_ours = info.kind == InfoKind::Ours && info.is_complete;
    Some(Identity { code: info.code().filter(|_| is_complete_ours)?, info })
}

/// Returns the message in a `google.protobuf.Any` of `codelibra.error.v1.ErrorInfo` in its usual encoding. One comparison
/// replaces the general reader, which returns the same.
#[inline(always)]
fn plain_message_of_ours(any: &[u8]) -> Option<&[u8]> {
    let (url, value) = any.split_first_chunk()?;
    if !is_same(url, &OUR_URL_FIELD) {
        return None;
    }
    match value {
        [ANY_VALUE, len @ ..0x80, message @ ..] if message.len() == usize::from(*len) => Some(message),
        _ => None,
    }
}

/// Compares in blocks of 16 bytes. For this length, `==` is a call of `memcmp`, which takes 1 ns of the 10 that reading a code
/// takes.
#[inline(always)]
fn is_same<const LEN: usize>(a: &[u8; LEN], b: &[u8; LEN]) -> bool {
    let ((a, a_end), (b, b_end)) = (a.as_chunks(), b.as_chunks());
    let blocks = a.iter().zip(b).map(|(a, b)| u128::from_ne_bytes(*a) ^ u128::from_ne_bytes(*b));
    blocks.fold(0, |all, differs| all | differs) == 0 && a_end == b_end
}

/// Finds the identity in a status whose `codelibra.error.v1.ErrorInfo` is missing, corrupt or without a number. An ErrorInfo of
/// either type with a number has priority, then a corrupt ErrorInfo with a number, then one whose reason is in the catalogue.
fn without_ours<'a>(status: &'a [u8], catalog: &Catalog) -> Option<Identity<'a>> {
    let mut corrupt = None;
    let mut named = None;
    for info in AllDetails::new(status).filter_map(|detail| Info::read(&detail)) {
        match info.code() {
            Some(code) if info.is_complete => return Some(Identity { code, info }),
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

/// Returns the first ErrorInfo, with a code or without.
pub(crate) fn first_info(status: &[u8]) -> Option<Info<'_>> {
    AllDetails::new(status).find_map(|detail| Info::read(&detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_reader_and_the_general_reader_agree() {
        let status = crate::CATALOG.by_code(403_003).map_or(&[][..], |entry| entry.details);
        #[cfg(feature = "tonic")]
        assert_eq!(usual_code(status, "codelibra"), Some(403_003));
        assert!(
            AllDetails::new(status).next_any().is_some_and(|(any, _)| plain_message_of_ours(any).is_some())
        );
        // Replace each byte of the status by each value.
        for at in 0..status.len() {
            for byte in 0..=u8::MAX {
                let mut status = status.to_vec();
                status[at] = byte;
                let short = ours(&status).map(|found| (found.code, found.info.domain, found.info.reason));
                let long = AllDetails::new(&status)
                    .filter_map(|detail| Info::read(&detail))
                    .filter(|info| info.kind == InfoKind::Ours && info.is_complete)
                    .find_map(|info| Some((info.code()?, info.domain, info.reason)));
                assert_eq!(short, long, "byte {at} is {byte:#04x}");
                #[cfg(feature = "tonic")]
                if let Some(code) = usual_code(&status, "codelibra") {
                    let of_domain = long.filter(|(_, domain, _)| *domain == b"codelibra");
                    assert_eq!(Some(code), of_domain.map(|(code, ..)| code), "byte {at} is {byte:#04x}");
                }
            }
        }
    }
}
