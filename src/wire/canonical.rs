//! The strict twin of [`write`](super::write): reads a status only where it says everything once and alike, as the
//! writer does. Such a status can leave as it is.

use super::details::{Detail, STATUS_CODE, STATUS_DETAILS, STATUS_MESSAGE};
use super::fields::{Fields, Value};
use super::write::{CODE_KEY, six_digits};
use super::{ERROR_INFO_URL, GOOGLE_ERROR_INFO_URL};

/// A status whose two ErrorInfos come first, agree, and have nothing that was shed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canonical<'a> {
    pub(crate) grpc_code: u64,
    pub(crate) message: &'a str,
    pub(crate) code: u64,
    pub(crate) domain: &'a str,
    pub(crate) reason: &'a str,
    /// The encoded `details` fields behind the two, whole ones and nothing else.
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
        if !same || entry(number)? != (CODE_KEY, text(&digits)?) {
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
        let rest = fields.rest();
        let whole_detail = |field| match field {
            (STATUS_DETAILS, Value::Bytes(any)) => Detail::read(any, false).is_intact(),
            _ => false,
        };
        if !fields.all(whole_detail) || fields.is_corrupt() {
            return None;
        }
        Some(Self {
            grpc_code,
            message: text(message)?,
            code,
            domain: text(domain)?,
            reason: text(reason)?,
            rest,
        })
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
    let entry = (text(key)?, text(value)?);
    (fields.rest().is_empty() && !fields.is_corrupt()).then_some(entry)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use prost::Message;

    use super::*;
    use crate::{ApiError, CATALOG, pb, rpc};

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
            prop_assert_eq!(read.reason, error.reason());
            prop_assert_eq!(read.message, error.message());
        }

        /// However a status is changed: where it still counts as canonical, strict readers take it, and it says
        /// everything alike and nothing besides.
        #[test]
        fn what_is_canonical_does_not_contradict_itself(
            error in error(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), change()), 0..4),
        ) {
            let mut status = error.to_details().to_vec();
            for (at, change) in changes {
                let at = at.index(status.len());
                match change {
                    Change::Replace(byte) => status[at] = byte,
                    Change::Insert(bytes) => drop(status.splice(at..at, bytes)),
                    Change::Append(bytes) => status.extend(bytes),
                    Change::Cut => status.truncate(at + 1),
                }
            }
            if let Some(read) = Canonical::read(&status) {
                let strict = tonic_types::pb::Status::decode(&*status).unwrap();
                prop_assert_eq!(strict.code, i32::try_from(read.grpc_code).unwrap());
                prop_assert_eq!(strict.message.as_str(), read.message);
                let ours: pb::ErrorInfo = Message::decode(&*strict.details[0].value).unwrap();
                let googles: rpc::ErrorInfo = Message::decode(&*strict.details[1].value).unwrap();
                prop_assert_eq!(u64::from(ours.code), read.code);
                prop_assert_eq!(&ours.domain, &googles.domain);
                prop_assert_eq!(&ours.reason, &googles.reason);
                let mut metadata = googles.metadata;
                prop_assert_eq!(metadata.remove(CODE_KEY), Some(ours.code.to_string()));
                prop_assert_eq!(&ours.metadata, &metadata);
                let known = Message::encoded_len(&pb::ErrorInfo { shed: vec![], ..ours });
                prop_assert!(known >= strict.details[0].value.len(), "nothing but what is known");
            }
        }
    }

    #[derive(Clone, Debug)]
    enum Change {
        Replace(u8),
        Insert(Vec<u8>),
        Append(Vec<u8>),
        Cut,
    }

    fn change() -> impl Strategy<Value = Change> {
        let bytes = prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..9),
            // A field of a length: what a reader may take for text.
            (any::<u8>(), "[a-z]{1,9}").prop_map(|(tag, text)| {
                [&[tag, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
            }),
            Just(vec![0x08, 5]),
            Just(b"\x12\x06canary".to_vec()),
            Just(vec![0x23, 0x3c]),
        ];
        prop_oneof![
            any::<u8>().prop_map(Change::Replace),
            bytes.clone().prop_map(Change::Insert),
            bytes.prop_map(Change::Append),
            Just(Change::Cut),
        ]
    }
}
