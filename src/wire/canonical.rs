//! The strict twin of [`write`](super::write): reads a status only where it says everything once and alike, as the
//! writer does. Such a status can leave as it is.

use super::details::{STATUS_CODE, STATUS_DETAILS, STATUS_MESSAGE};
use super::fields::{Fields, Value};
use super::write::{CODE_KEY, six_digits};
use super::{ERROR_INFO_URL, GOOGLE_ERROR_INFO_URL};

/// A status whose two ErrorInfos come first, agree, and have nothing that was shed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canonical<'a> {
    pub(crate) grpc_code: u64,
    pub(crate) message: &'a [u8],
    pub(crate) code: u64,
    pub(crate) domain: &'a [u8],
    pub(crate) reason: &'a [u8],
    /// The encoded `details` fields behind the two.
    pub(crate) rest: &'a [u8],
}

impl<'a> Canonical<'a> {
    /// `None` for every status that the writer would write in another way, as far as a reader can tell.
    pub(crate) fn read(status: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::new(status);
        let (STATUS_CODE, Value::Varint(grpc_code)) = fields.next()? else { return None };
        let (STATUS_MESSAGE, Value::Bytes(message)) = fields.next()? else { return None };
        let mut ours = Fields::new(detail(fields.next()?, ERROR_INFO_URL)?);
        let mut googles = Fields::new(detail(fields.next()?, GOOGLE_ERROR_INFO_URL)?);

        let (1, Value::Varint(code)) = ours.next()? else { return None };
        let (2, Value::Bytes(domain)) = ours.next()? else { return None };
        let (3, Value::Bytes(reason)) = ours.next()? else { return None };
        let (1, Value::Bytes(same_reason)) = googles.next()? else { return None };
        let (2, Value::Bytes(same_domain)) = googles.next()? else { return None };
        let (3, Value::Bytes(number)) = googles.next()? else { return None };
        let digits = six_digits(u32::try_from(code).ok()?);
        let same = same_reason == reason && same_domain == domain;
        if !same || entry(number)? != (CODE_KEY, std::str::from_utf8(&digits).ok()?) {
            return None;
        }
        loop {
            match (ours.next(), googles.next()) {
                (Some((4, Value::Bytes(pair))), Some((3, Value::Bytes(same)))) if pair == same => {
                    entry(pair).filter(|(key, _)| *key != CODE_KEY)?;
                }
                (None, None) if !ours.is_corrupt() && !googles.is_corrupt() => break,
                _ => return None,
            }
        }
        Some(Self { grpc_code, message, code, domain, reason, rest: fields.rest() })
    }
}

/// The message in a `details` field of this type.
fn detail<'a>(field: (u64, Value<'a>), type_url: &str) -> Option<&'a [u8]> {
    let (STATUS_DETAILS, Value::Bytes(any)) = field else { return None };
    let mut fields = Fields::new(any);
    let (1, Value::Bytes(url)) = fields.next()? else { return None };
    let (2, Value::Bytes(message)) = fields.next()? else { return None };
    (url == type_url.as_bytes() && fields.rest().is_empty()).then_some(message)
}

/// Key and value of a map entry.
fn entry(pair: &[u8]) -> Option<(&str, &str)> {
    let mut fields = Fields::new(pair);
    let (1, Value::Bytes(key)) = fields.next()? else { return None };
    let value = match fields.next() {
        Some((2, Value::Bytes(value))) => value,
        None => &[],
        Some(_) => return None,
    };
    let entry = (std::str::from_utf8(key).ok()?, std::str::from_utf8(value).ok()?);
    (fields.rest().is_empty() && !fields.is_corrupt()).then_some(entry)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::read::{Repeats, googles, ours};
    use crate::{ApiError, CATALOG, rpc};

    fn error() -> impl Strategy<Value = ApiError> {
        let metadata = proptest::collection::btree_map("[a-z]{1,9}", ".{0,200}", 0..4);
        (0..CATALOG.entries().len(), ".{1,200}", metadata, any::<bool>()).prop_map(
            |(at, message, metadata, help)| {
                let code = CATALOG.entries().get(at).map_or(400_999, |entry| entry.code);
                let error = ApiError::of(&CATALOG, code).with_message(message);
                let error = metadata.into_iter().fold(error, |error, (k, v)| error.with_metadata(k, v));
                if help { error.with_detail(&rpc::Help::default()) } else { error }
            },
        )
    }

    proptest! {
        /// The usual error leaves without being written again.
        #[test]
        fn what_is_written_is_canonical(error in error()) {
            let status = error.to_details();
            let read = Canonical::read(&status).unwrap();
            prop_assert_eq!(read.code, u64::from(error.number()));
            prop_assert_eq!(read.reason, error.reason().as_bytes());
            prop_assert_eq!(read.message, error.message().as_bytes());
        }

        /// However a status is changed: where it still counts as canonical, both ErrorInfos say the same.
        #[test]
        fn what_is_canonical_does_not_contradict_itself(
            error in error(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let mut status = error.to_details().to_vec();
            for (at, byte) in changes {
                let at = at.index(status.len());
                if let Some(old) = status.get_mut(at) {
                    *old = byte;
                }
            }
            if Canonical::read(&status).is_some()
                && let Some(identity) = ours(&status)
            {
                let googles = googles(&status, &CATALOG).unwrap();
                prop_assert_eq!(googles.code, identity.code);
                prop_assert!(Repeats::of(identity.info, Some(identity.code)).is_repeated(&googles.info));
            }
        }
    }
}
