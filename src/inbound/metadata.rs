use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::wire::read::{RawMetadata, UsedKeys};

/// The metadata of a received error: its declared parameters, text by text, read where they lie.
#[derive(Clone, Debug)]
pub struct Metadata<'a>(RawMetadata<'a>);

impl<'a> Metadata<'a> {
    pub(crate) const fn new(message: &'a [u8], field: u64, except: UsedKeys) -> Self {
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
    #[cfg(feature = "server")]
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
