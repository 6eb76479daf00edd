//! The metadata of an ErrorInfo, read where it is in a message.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str;

use serde::{Serialize, Serializer};

use super::fields::{Fields, Value};
use super::out::{append, delimited_len, pair_len, string_len};
use super::schema::tag::{INFO_METADATA, MAP_KEY, MAP_VALUE};
use super::schema::{CODE_KEY, SHED_KEY, googles, map, ours};
use super::write::is_reserved;

/// The metadata of an error: texts under keys, its declared parameters among them. They are read from the encoded error
/// when they are asked for.
///
/// ```
/// use codelibra::{ApiError, ErrorCode};
///
/// let error = ApiError::new(ErrorCode::USER_BANNED).with_metadata("plan", "free").with_metadata("country", "NZ");
/// let metadata = error.metadata();
/// assert_eq!(metadata.get("plan"), Some("free"));
/// assert_eq!(metadata.iter().collect::<Vec<_>>(), [("country", "NZ"), ("plan", "free")]);
/// ```
#[derive(Clone)]
pub struct Metadata<'a>(RawMetadata<'a>);

impl<'a> Metadata<'a> {
    /// Finds the metadata in a `codelibra.error.v1.ErrorInfo`.
    #[inline]
    pub(super) fn from_ours(message: &'a [u8]) -> Self {
        Self::new(message, ours::METADATA, UsedKeys::default())
    }

    /// Finds the metadata in a google.rpc.ErrorInfo, without the used keys.
    #[inline]
    pub(super) const fn from_googles(message: &'a [u8], used: UsedKeys) -> Self {
        Self::new(message, googles::METADATA, used)
    }

    const fn new(message: &'a [u8], field: u64, except: UsedKeys) -> Self {
        Self(RawMetadata::new(message, field, except))
    }

    /// Returns the value of a key. If the peer sent a key more than once, its last value counts, as in every protobuf map.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.clone().flatten().next().is_none()
    }

    /// Counts the keys.
    pub fn len(&self) -> usize {
        self.to_pairs().len()
    }

    /// Iterates over the keys, in alphabetical order, and their values.
    pub fn iter(&self) -> std::vec::IntoIter<(&'a str, &'a str)> {
        self.to_pairs().into_iter()
    }

    /// Collects keys and values into a map.
    pub fn to_map(&self) -> BTreeMap<&'a str, &'a str> {
        self.0.clone().flatten().collect()
    }

    /// Returns every entry as it was sent; `None` for one that is not UTF-8.
    pub(crate) fn into_raw(self) -> RawMetadata<'a> {
        self.0
    }

    /// Returns every key once, in alphabetical order, with its last value.
    pub(crate) fn to_pairs(&self) -> Vec<(&'a str, &'a str)> {
        let mut pairs: Vec<(&str, &str)> = self.0.clone().flatten().collect();
        if !pairs.is_sorted_by(|(a, _), (b, _)| a < b) {
            pairs.reverse();
            pairs.sort_by_key(|(key, _)| *key);
            pairs.dedup_by_key(|(key, _)| *key);
        }
        pairs
    }

    /// Returns whether a key or a value is not UTF-8. Such an entry is skipped.
    pub(crate) fn is_damaged(&self) -> bool {
        self.0.clone().any(|entry| entry.is_none())
    }
}

impl<'a> IntoIterator for Metadata<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = std::vec::IntoIter<(&'a str, &'a str)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &Metadata<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = std::vec::IntoIter<(&'a str, &'a str)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Compares keys and values. Their order does not count.
impl PartialEq<Metadata<'_>> for Metadata<'_> {
    fn eq(&self, other: &Metadata<'_>) -> bool {
        self.to_pairs() == other.to_pairs()
    }
}

impl Eq for Metadata<'_> {}

impl fmt::Debug for Metadata<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// The metadata of an error that is sent: encoded `metadata` fields of `codelibra.error.v1.ErrorInfo`, in one buffer.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataBuf {
    fields: Vec<u8>,
    /// Where the key of the last field is.
    last_key: Range<usize>,
    /// Whether the fields are not in the order of their keys, or a key has a second value.
    is_unsorted: bool,
    /// Whether google.rpc.ErrorInfo has another meaning for one of the keys.
    has_reserved: bool,
}

/// Room for a few parameters.
const FIRST_CAPACITY: usize = 64;

impl MetadataBuf {
    pub(crate) const fn new() -> Self {
        Self { fields: Vec::new(), last_key: 0..0, is_unsorted: false, has_reserved: false }
    }

    /// Appends an entry. The last value of a key counts.
    pub(crate) fn insert(&mut self, key: &str, value: &str) {
        if self.fields.is_empty() {
            self.fields.reserve(FIRST_CAPACITY);
        } else {
            let last_key = self.fields.get(self.last_key.clone()).unwrap_or_default();
            self.is_unsorted |= key.as_bytes() <= last_key;
        }
        self.has_reserved |= is_reserved(key);
        metadata_field(key, value, &mut self.fields);
        // Only the value follows a key.
        let end = self.fields.len() - string_len(value);
        self.last_key = end - key.len()..end;
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn view(&self) -> Metadata<'_> {
        Metadata::new(&self.fields, ours::METADATA, UsedKeys::default())
    }

    /// Returns the encoded fields, if they are what the writer would write: sorted, each key once, and both ErrorInfos
    /// contain the same.
    pub(crate) fn canonical_fields(&self) -> Option<&[u8]> {
        (!self.is_unsorted && !self.has_reserved).then_some(&*self.fields)
    }
}

/// Appends one `metadata` field of our ErrorInfo.
fn metadata_field(key: &str, value: &str, out: &mut Vec<u8>) {
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

/// The keys of a google.rpc.ErrorInfo that contain the code and the marks, and are not metadata of the error.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UsedKeys {
    pub(super) code: bool,
    pub(super) shed: bool,
}

impl UsedKeys {
    fn contain(self, key: &str) -> bool {
        (self.code && key == CODE_KEY) || (self.shed && key == SHED_KEY)
    }
}

/// Metadata as it was sent. If a key occurs twice, its last value counts.
#[derive(Clone, Debug)]
pub(crate) struct RawMetadata<'a> {
    fields: Fields<'a>,
    number: u64,
    except: UsedKeys,
}

impl<'a> RawMetadata<'a> {
    const fn new(message: &'a [u8], number: u64, except: UsedKeys) -> Self {
        Self { fields: Fields::new(message), number, except }
    }

    /// Returns the last value of a key.
    fn get(&self, key: &str) -> Option<&'a str> {
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

/// Returns key and value; `None` if one of them is not UTF-8.
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

/// Reads key and value of an encoded map entry. The last of each counts; an absent one is empty.
#[inline]
pub(crate) fn map_entry(entry: &[u8]) -> (&[u8], &[u8]) {
    // Nearly every entry: a key and a value, each shorter than 128 bytes.
    if let [MAP_KEY, len @ ..0x80, rest @ ..] = entry
        && let Some((key, [MAP_VALUE, len @ ..0x80, value @ ..])) = rest.split_at_checked(usize::from(*len))
        && value.len() == usize::from(*len)
    {
        return (key, value);
    }
    any_map_entry(entry)
}

#[inline(never)]
fn any_map_entry(entry: &[u8]) -> (&[u8], &[u8]) {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::new(entry) {
        match field {
            (map::KEY, Value::Bytes(bytes)) => key = bytes,
            (map::VALUE, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    (key, value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ApiError, ErrorCode, ReceivedError};

    proptest! {
        /// The sent bytes do not depend on the order in which keys are set, or on how often a key is set.
        #[test]
        fn the_order_of_keys_does_not_count(
            entries in proptest::collection::vec(("(code|shed|[a-c]{0,2}|[a-z]{120,140})", ".{0,2}|.{120,140}"), 0..9)
        ) {
            let with = |error: ApiError, (key, value): (&String, &String)| error.with_metadata(key, value);
            let error = entries.iter().map(|(key, value)| (key, value)).fold(ApiError::new(ErrorCode::USER_BANNED), with);
            let map: BTreeMap<String, String> = entries.iter().cloned().collect();
            let sorted = map.iter().fold(ApiError::new(ErrorCode::USER_BANNED), with);
            prop_assert_eq!(error.to_details(), sorted.to_details());

            let metadata = error.metadata();
            prop_assert_eq!(&metadata, &sorted.metadata());
            prop_assert_eq!((metadata.len(), metadata.is_empty()), (map.len(), map.is_empty()));
            let pairs = map.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            prop_assert!(metadata.iter().eq(pairs));
            let received = ReceivedError::from_details(error.to_details(), &crate::CATALOG);
            prop_assert_eq!(received.metadata(), metadata);
        }
    }
}
