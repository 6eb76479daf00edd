//! The metadata of an ErrorInfo, read where it is in a message.

use std::collections::BTreeMap;
use std::str;

use serde::{Serialize, Serializer};

use super::fields::{Fields, Value};
use super::info::{Info, InfoKind};
use super::schema::{CODE_KEY, SHED_KEY, googles, map, ours};

/// The metadata of a received error: its declared parameters, text by text, read where they lie.
#[derive(Clone, Debug)]
pub struct Metadata<'a>(RawMetadata<'a>);

impl<'a> Metadata<'a> {
    /// The metadata of one of the two messages.
    pub(crate) fn of(info: &Info<'a>) -> Self {
        match info.kind {
            InfoKind::Ours => Self::new(info.message, ours::METADATA, UsedKeys::default()),
            // Texts that are no code and no marks mean something else to the peer.
            InfoKind::Google => {
                let used = UsedKeys { code: info.code().is_some(), shed: !info.shed.is_empty() };
                Self::new(info.message, googles::METADATA, used)
            }
        }
    }

    const fn new(message: &'a [u8], field: u64, except: UsedKeys) -> Self {
        Self(RawMetadata::new(message, field, except))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.clone().flatten().next().is_none()
    }

    /// Every key once, in alphabetical order.
    pub fn to_map(&self) -> BTreeMap<&'a str, &'a str> {
        self.0.clone().flatten().collect()
    }

    /// Every entry as it was sent; `None` for one that is not UTF-8.
    pub(crate) fn into_raw(self) -> RawMetadata<'a> {
        self.0
    }

    /// Every key once, in alphabetical order, with its last value.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn to_pairs(&self) -> Vec<(&'a str, &'a str)> {
        let mut pairs: Vec<(&str, &str)> = self.0.clone().flatten().collect();
        pairs.reverse();
        pairs.sort_by_key(|(key, _)| *key);
        pairs.dedup_by_key(|(key, _)| *key);
        pairs
    }

    /// Whether a key or a value is not UTF-8. Such an entry is left out.
    pub(crate) fn is_damaged(&self) -> bool {
        self.0.clone().any(|entry| entry.is_none())
    }
}

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_map().serialize(serializer)
    }
}

/// The keys of a google.rpc.ErrorInfo that are no metadata of the error.
#[derive(Clone, Copy, Debug, Default)]
struct UsedKeys {
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
    const fn new(message: &'a [u8], number: u64, except: UsedKeys) -> Self {
        Self { fields: Fields::new(message), number, except }
    }

    /// The value of a key. The last one counts, as in every protobuf map.
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

/// Key and value of an encoded map entry; the last of each counts, an absent one is empty.
pub(crate) fn map_entry(entry: &[u8]) -> (&[u8], &[u8]) {
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
