//! JSON where it lies: no tree is built, and nothing nests on the stack.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `each` with every member of an object, in order; a member may stand there twice.
///
/// # Errors
///
/// The text is no object, or is none to its end; the members before the fault were given.
pub(super) fn members<'a>(
    json: &'a str,
    each: impl FnMut(Cow<'a, str>, &'a RawValue),
) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_map(Members(each))?;
    json.end()
}

/// Calls `each` with every element of an array, in order.
///
/// # Errors
///
/// The text is no array, or is none to its end; the elements before the fault were given.
pub(super) fn elements<'a>(
    json: &'a RawValue,
    each: impl FnMut(&'a RawValue),
) -> Result<(), serde_json::Error> {
    serde_json::Deserializer::from_str(json.get()).deserialize_seq(Elements(each))
}

/// The text of a string; `None` for any other value.
pub(super) fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    if !json.get().starts_with('"') {
        return None;
    }
    Text.deserialize(&mut serde_json::Deserializer::from_str(json.get())).ok()
}

/// Whether the value is an object.
pub(super) fn is_object(json: &RawValue) -> bool {
    json.get().starts_with('{')
}

struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Text)? {
            let value: &'de RawValue = map.next_value()?;
            (self.0)(key, value);
        }
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<&'de RawValue>()? {
            (self.0)(element);
        }
        Ok(())
    }
}

/// A string, borrowed where it has no escapes. It is read as bytes, because half a surrogate pair is no
/// fault in bytes: it becomes U+FFFD.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E: Error>(self, text: &'de [u8]) -> Result<Self::Value, E> {
        Ok(String::from_utf8_lossy(text))
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(String::from_utf8_lossy(text).into_owned()))
    }
}
