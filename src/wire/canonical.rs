//! A strict reader: it accepts only a status in the order and the form of [`write`](super::write). Such a status can be sent
//! unchanged, or without `codelibra.error.v1.ErrorInfo`.

use super::details::Detail;
use super::error_infos::ErrorInfos;
use super::fields::{Fields, Value};
use super::info::{Info, InfoKind};
use prost::encoding::encode_varint;

use super::schema::tag::{GOOGLE_DOMAIN, GOOGLE_METADATA, GOOGLE_REASON, MAP_KEY, MAP_VALUE};
use super::schema::{CODE_KEY, ERROR_INFO_URL, GOOGLE_ERROR_INFO_URL, any, googles, map, ours, status};
use super::write::{is_reserved, six_digits};

/// A status whose ErrorInfos are the first details, agree with each other, and have no marks of removed parts. Its texts need not
/// be UTF-8: the decision compares them with texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Canonical<'a> {
    /// The ErrorInfos that the status contains.
    pub(crate) infos: ErrorInfos,
    pub(crate) grpc_code: u64,
    pub(crate) message: &'a [u8],
    pub(crate) code: u64,
    pub(crate) domain: &'a [u8],
    pub(crate) reason: &'a [u8],
    /// The encoded fields before the ErrorInfos.
    head: &'a [u8],
    /// The encoded google.rpc.ErrorInfo.
    googles: &'a [u8],
    /// The encoded `details` fields, beginning with google.rpc.ErrorInfo.
    from_googles: &'a [u8],
    /// The encoded `details` fields after the ErrorInfos. Each of them is intact, and there are no other fields.
    pub(crate) rest: &'a [u8],
}

impl<'a> Canonical<'a> {
    /// Reads a status. Returns `None` if the writer would write it in another way, as far as a reader can find out, or if
    /// `accepts` returns `false` for a detail after the ErrorInfos.
    pub(crate) fn read(status: &'a [u8], accepts: impl Fn(&Detail<'a>) -> bool) -> Option<Self> {
        let mut fields = Fields::new(status);
        let (status::CODE, Value::Varint(grpc_code)) = fields.next()? else { return None };
        let (status::MESSAGE, Value::Bytes(message)) = fields.next()? else { return None };
        let (head, _) = status.split_at_checked(status.len().checked_sub(fields.rest().len())?)?;
        let mut from_googles = fields.rest();
        let mut next = fields.next()?;
        let ours = detail(next, ERROR_INFO_URL);
        if ours.is_some() {
            from_googles = fields.rest();
            next = fields.next()?;
        }
        let googles = detail(next, GOOGLE_ERROR_INFO_URL)?;
        let (code, domain, reason) = match ours {
            Some(ours) => both(ours, googles)?,
            None => googles_alone(googles)?,
        };
        let rest = fields.rest();
        let whole_detail = |field| match field {
            (status::DETAILS, Value::Bytes(any)) => {
                let detail = Detail::read(any, false);
                detail.is_intact() && accepts(&detail)
            }
            _ => false,
        };
        if !fields.all(whole_detail) || fields.is_corrupt() {
            return None;
        }
        Some(Self {
            infos: if ours.is_some() { ErrorInfos::Both } else { ErrorInfos::Google },
            grpc_code,
            message,
            code,
            domain,
            reason,
            head,
            googles,
            from_googles,
            rest,
        })
    }

    /// Returns the encoded status with google.rpc.ErrorInfo alone, in two parts.
    pub(crate) const fn with_googles_alone(&self) -> [&'a [u8]; 2] {
        [self.head, self.from_googles]
    }

    /// Returns the metadata.
    pub(crate) fn metadata(&self) -> Vec<(&'a str, &'a str)> {
        Info::from_message(InfoKind::Google, self.googles).metadata().to_pairs()
    }
}

/// Returns code, domain and reason, if both ErrorInfos have the same.
fn both<'a>(our: &'a [u8], google: &'a [u8]) -> Option<(u64, &'a [u8], &'a [u8])> {
    let mut our = Fields::new(our);
    let (ours::CODE, Value::Varint(code)) = our.next()? else { return None };
    let (ours::DOMAIN, Value::Bytes(domain)) = our.next()? else { return None };
    let (ours::REASON, Value::Bytes(reason)) = our.next()? else { return None };
    // The same values in the order and with the tags of google.rpc.ErrorInfo.
    let google = string(google, GOOGLE_REASON, reason)?;
    let google = string(google, GOOGLE_DOMAIN, domain)?;
    let mut google = code_entry(google, code)?;
    for field in our.by_ref() {
        let (ours::METADATA, Value::Bytes(pair)) = field else { return None };
        entry(pair).filter(|(key, _)| !is_reserved(key))?;
        google = string(google, GOOGLE_METADATA, pair)?;
    }
    (google.is_empty() && !our.is_corrupt()).then_some((code, domain, reason))
}

/// Returns the bytes after the entry of the metadata of google.rpc.ErrorInfo that contains the code.
fn code_entry(bytes: &[u8], code: u64) -> Option<&[u8]> {
    // The lengths: of the entry, of the key and of the digits.
    let key = bytes.strip_prefix(&[GOOGLE_METADATA, 14, MAP_KEY, 4])?.strip_prefix(CODE_KEY.as_bytes())?;
    key.strip_prefix(&[MAP_VALUE, 6])?.strip_prefix(&six_digits(u32::try_from(code).ok()?))
}

/// Returns the bytes after a field with this tag and this value.
fn string<'a>(bytes: &'a [u8], tag: u8, value: &[u8]) -> Option<&'a [u8]> {
    let rest = bytes.strip_prefix(&[tag])?;
    let rest = match u8::try_from(value.len()) {
        Ok(len @ ..0x80) => rest.strip_prefix(&[len])?,
        _ => {
            let mut len = Vec::with_capacity(10);
            encode_varint(u64::try_from(value.len()).ok()?, &mut len);
            rest.strip_prefix(len.as_slice())?
        }
    };
    rest.strip_prefix(value)
}

/// Returns code, domain and reason of google.rpc.ErrorInfo alone.
fn googles_alone(google: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let mut google = Fields::new(google);
    let (digits, domain, reason) = head_of_googles(&mut google)?;
    let code = super::parse_code(digits.as_bytes())?;
    for field in google.by_ref() {
        let (googles::METADATA, Value::Bytes(pair)) = field else { return None };
        entry(pair).filter(|(key, _)| !is_reserved(key))?;
    }
    (!google.is_corrupt()).then_some((u64::from(code), domain, reason))
}

/// Reads the digits of the code, the domain and the reason, which are the first fields of google.rpc.ErrorInfo.
fn head_of_googles<'a>(google: &mut Fields<'a>) -> Option<(&'a str, &'a [u8], &'a [u8])> {
    let (googles::REASON, Value::Bytes(reason)) = google.next()? else { return None };
    let (googles::DOMAIN, Value::Bytes(domain)) = google.next()? else { return None };
    let (googles::METADATA, Value::Bytes(number)) = google.next()? else { return None };
    let (key, digits) = entry(number)?;
    (key == CODE_KEY).then_some((digits, domain, reason))
}

/// Returns the message in a `details` field, if it has this type.
fn detail<'a>(field: (u64, Value<'a>), type_url: &str) -> Option<&'a [u8]> {
    let (status::DETAILS, Value::Bytes(any)) = field else { return None };
    let mut fields = Fields::new(any);
    let (any::TYPE_URL, Value::Bytes(url)) = fields.next()? else { return None };
    let (any::VALUE, Value::Bytes(message)) = fields.next()? else { return None };
    (url == type_url.as_bytes() && fields.rest().is_empty()).then_some(message)
}

/// Reads the key and the value of a map entry.
fn entry(pair: &[u8]) -> Option<(&str, &str)> {
    let mut fields = Fields::new(pair);
    let (map::KEY, Value::Bytes(key)) = fields.next()? else { return None };
    let value = match fields.next() {
        Some((map::VALUE, Value::Bytes(value))) => value,
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
    use crate::error::ApiError;
    use crate::{CATALOG, pb, rpc};

    fn error() -> impl Strategy<Value = ApiError> {
        let metadata = proptest::collection::btree_map("[a-z]{1,9}", ".{0,200}", 0..4);
        let infos = prop::sample::select(&ErrorInfos::ALL[..]);
        (0..CATALOG.entries().len(), ".{1,200}", metadata, any::<bool>(), infos).prop_map(
            |(at, message, metadata, help, infos)| {
                let code = CATALOG.entries().get(at).map_or(400_999, |entry| entry.code);
                let error = ApiError::from_catalog(&CATALOG, code).unwrap().with_message(message);
                let error = metadata.into_iter().fold(error, |error, (k, v)| error.with_metadata(k, v));
                let error = error.with_error_infos(infos);
                if help { error.with_detail(&rpc::Help::default()) } else { error }
            },
        )
    }

    proptest! {
        /// An error of this crate is not encoded again when it is sent.
        #[test]
        fn the_writer_writes_canonical_statuses(error in error()) {
            let status = error.to_details();
            let read = Canonical::read(&status, |_| true).unwrap();
            prop_assert_eq!(read.code, u64::from(error.number()));
            prop_assert_eq!(read.reason, error.reason().as_bytes());
            prop_assert_eq!(read.message, error.message().as_bytes());
            let alone = error.to_details_with(ErrorInfos::Google);
            prop_assert_eq!(read.with_googles_alone().concat(), alone);
            prop_assert_eq!(read.metadata(), error.metadata().to_pairs());
        }

        /// If a changed status is still canonical, strict readers accept it, its values agree, and it contains nothing else.
        #[test]
        fn a_canonical_status_does_not_contradict_itself(
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
            let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
            let read = Canonical::read(&status, |_| true);
            if let Some(read) = read.filter(|read| [read.message, read.domain, read.reason].into_iter().all(is_text)) {
                let strict = tonic_types::pb::Status::decode(&*status).unwrap();
                prop_assert_eq!(strict.code, i32::try_from(read.grpc_code).unwrap());
                prop_assert_eq!(strict.message.as_bytes(), read.message);
                let has_ours = read.infos == ErrorInfos::Both;
                let googles = &strict.details[usize::from(has_ours)].value;
                let googles: rpc::ErrorInfo = Message::decode(&**googles).unwrap();
                prop_assert_eq!(googles.domain.as_bytes(), read.domain);
                prop_assert_eq!(googles.reason.as_bytes(), read.reason);
                let mut metadata = googles.metadata;
                prop_assert_eq!(metadata.remove(CODE_KEY), Some(read.code.to_string()));
                prop_assert!(!metadata.contains_key("shed"));
                if has_ours {
                    let ours: pb::ErrorInfo = Message::decode(&*strict.details[0].value).unwrap();
                    prop_assert_eq!(u64::from(ours.code), read.code);
                    prop_assert_eq!((ours.domain.as_bytes(), ours.reason.as_bytes()), (read.domain, read.reason));
                    prop_assert_eq!(&ours.metadata, &metadata);
                    let known = Message::encoded_len(&pb::ErrorInfo { shed: vec![], ..ours });
                    prop_assert!(known >= strict.details[0].value.len(), "only known fields");
                }
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
            // A length-delimited field, which a reader may read as text.
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
