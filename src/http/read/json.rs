//! Reads JSON without building a tree and without recursion. A value is read when it is asked for; of any other value only
//! the end is found.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// A JSON value, as text. Its kind shows in the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Json<'a> {
    text: &'a str,
    /// Whether it is a string with a `\` in it.
    is_escaped: bool,
    /// Whether the text ends before this array or object does.
    is_cut: bool,
}

/// Where a text stops being JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JsonFault {
    at: usize,
    expected: &'static str,
    /// Whether the text ends there.
    is_end: bool,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, expected, is_end } = self;
        if *is_end {
            write!(f, "it ends at byte {at}; expected {expected}")
        } else {
            write!(f, "expected {expected} at byte {at}")
        }
    }
}

impl<'a> Json<'a> {
    /// The text of the value.
    pub(super) const fn get(self) -> &'a str {
        self.text
    }

    /// Whether only a part of it is there: the members and elements before the cut can be read.
    pub(super) const fn is_cut(self) -> bool {
        self.is_cut
    }

    pub(super) fn is_null(self) -> bool {
        self.text == "null"
    }

    pub(super) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    pub(super) fn is_string(self) -> bool {
        self.text.starts_with('"')
    }

    /// The text of a string; `None` for any other value.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        if self.is_escaped {
            Unescaped.deserialize(&mut serde_json::Deserializer::from_str(self.text)).ok().map(Cow::Owned)
        } else {
            self.text.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
        }
    }
}

/// Calls `each` with every member of an object, in order; a member may stand there twice.
///
/// # Errors
///
/// The text is no object, or is none to its end; the members before the fault were given, and the one that is cut too
/// if it is an array or object.
pub(super) fn members<'a>(text: &'a str, each: impl FnMut(Cow<'a, str>, Json<'a>)) -> Result<(), JsonFault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.object(each)?;
    scanner.end()
}

/// Calls `each` with every element of an array, in order.
///
/// # Errors
///
/// The text is no array, or is none to its end; the elements before the fault were given, and the one that is cut too if
/// it is an array or object.
pub(super) fn values<'a>(text: &'a str, mut each: impl FnMut(Json<'a>)) -> Result<(), JsonFault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.list(b'[', b']', |scanner| {
        scanner.peek();
        let start = scanner.at;
        scanner.value_or_cut(start, &mut each)
    })?;
    scanner.end()
}

/// Calls `each` with every element of an array, in order, made of its members as `member` sets them. With it come
/// its text and why it is no object, or none to its end.
///
/// # Errors
///
/// The text is no array, or is none to its end; the elements before the fault were given.
pub(super) fn objects<'a, T: Default>(
    text: &'a str,
    mut member: impl FnMut(&mut T, Cow<'a, str>, Json<'a>),
    mut each: impl FnMut(T, &'a str, Result<(), JsonFault>),
) -> Result<(), JsonFault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.list(b'[', b']', |scanner| {
        let mut object = T::default();
        scanner.peek();
        let start = scanner.at;
        let read = scanner.object(|name, value| member(&mut object, name, value));
        if read.is_err() {
            // The next element comes after the end of this one, whatever is in it.
            scanner.at = start;
            scanner.value()?;
        }
        let element = scanner.text.get(start..scanner.at).unwrap_or_default();
        each(object, element, read.map_err(|fault| JsonFault { at: fault.at - start, ..fault }));
        Ok(())
    })?;
    scanner.end()
}

/// Finds the ends of values (RFC 8259 §2).
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn fault(&self, expected: &'static str) -> JsonFault {
        JsonFault { at: self.at, expected, is_end: self.at >= self.text.len() }
    }

    /// A fault at the end of the text: what began is cut.
    const fn cut(&self, expected: &'static str) -> JsonFault {
        JsonFault { at: self.text.len(), expected, is_end: true }
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn eat(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonFault> {
        if self.peek() != Some(byte) {
            return Err(self.fault(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space.
    fn end(&mut self) -> Result<(), JsonFault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("nothing more")),
        }
    }

    fn object(&mut self, mut each: impl FnMut(Cow<'a, str>, Json<'a>)) -> Result<(), JsonFault> {
        self.list(b'{', b'}', |scanner| {
            let fault = scanner.fault("a member's name");
            let name =
                if scanner.peek() == Some(b'"') { scanner.value()?.string() } else { None }.ok_or(fault)?;
            scanner.eat(b':', "a colon")?;
            scanner.peek();
            let start = scanner.at;
            scanner.value_or_cut(start, |value| each(name, value))
        })
    }

    /// The value that begins here, or what is there of it.
    fn value_or_cut(&mut self, start: usize, each: impl FnOnce(Json<'a>)) -> Result<(), JsonFault> {
        match self.value() {
            Ok(value) => each(value),
            Err(fault) => {
                if let Some(value) = self.cut_value(start) {
                    each(value);
                }
                return Err(fault);
            }
        }
        Ok(())
    }

    /// What is there of an array or object that begins here and has no end.
    fn cut_value(&self, start: usize) -> Option<Json<'a>> {
        let text = self.text.get(start..).filter(|text| text.starts_with(['{', '[']))?;
        Some(Json { text, is_escaped: false, is_cut: true })
    }

    /// An array or object.
    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonFault>,
    ) -> Result<(), JsonFault> {
        self.eat(open, if open == b'{' { "an object" } else { "an array" })?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or the end")),
            }
        }
    }

    fn value(&mut self) -> Result<Json<'a>, JsonFault> {
        let first = self.peek();
        let start = self.at;
        let mut is_escaped = false;
        match first {
            Some(b'"') => is_escaped = self.skip_string()?,
            Some(b'{' | b'[') => self.skip_nested()?,
            _ => self.skip_word()?,
        }
        let text = self.text.get(start..self.at).ok_or(self.fault("a value"))?;
        Ok(Json { text, is_escaped, is_cut: false })
    }

    /// Whether there is a `\` in the string.
    fn skip_string(&mut self) -> Result<bool, JsonFault> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let (len, is_escaped) = string_len(rest).ok_or(self.cut("the end of a string"))?;
        self.at += 1 + len;
        Ok(is_escaped)
    }

    /// Which bracket closes which is looked at when the value is read.
    fn skip_nested(&mut self) -> Result<(), JsonFault> {
        let mut rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let mut depth = 0_usize;
        while let [byte, after @ ..] = rest {
            rest = after;
            match byte {
                b'"' => {
                    let end = string_len(rest).and_then(|(len, _)| rest.get(len..));
                    rest = end.ok_or(self.cut("the end of a string"))?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = self.text.len() - rest.len();
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        Err(self.cut("the end of a value"))
    }

    /// A number or a name. At the end of the text it may be cut, and is none.
    fn skip_word(&mut self) -> Result<(), JsonFault> {
        let fault = self.fault("a value");
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let len = rest.iter().position(ends);
        let word = len.map_or(rest, |len| rest.get(..len).unwrap_or_default());
        let is_number = |word: &[u8]| {
            !word.is_empty()
                && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        };
        let names: [&[u8]; 3] = [b"true", b"false", b"null"];
        match len {
            Some(len) if names.contains(&word) || is_number(word) => {
                self.at += len;
                Ok(())
            }
            None if is_number(word)
                || names.iter().any(|name| !word.is_empty() && name.starts_with(word)) =>
            {
                Err(self.cut("the end of a value"))
            }
            _ => Err(fault),
        }
    }
}

/// How long the rest of a string is, with its closing `"`, and whether there is a `\` in it.
#[inline]
fn string_len(rest: &[u8]) -> Option<(usize, bool)> {
    let (len, byte) = quote_or_backslash(rest)?;
    if byte == b'"' { Some((len + 1, false)) } else { Some((escaped_len(rest, len)?, true)) }
}

/// How long the rest of a string is whose first `\` is `at` this place.
#[inline(never)]
fn escaped_len(rest: &[u8], mut at: usize) -> Option<usize> {
    loop {
        // Whatever is escaped ends no string.
        at += 2;
        let (len, byte) = quote_or_backslash(rest.get(at..)?)?;
        at += len;
        if byte == b'"' {
            return Some(at + 1);
        }
    }
}

/// The first of the two bytes that mean something in a string, and where it stands.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<(usize, u8)> {
    // Eight bytes at a time: most strings are too short for a call of `memchr` to pay. A byte of a word is zero
    // if it borrows when one is taken from it; above the first such byte there may be false ones.
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let is_found = |byte: &u8| matches!(byte, b'"' | b'\\');
    let (words, rest) = text.as_chunks::<8>();
    let mut at = 0;
    for bytes in words {
        let word = u64::from_le_bytes(*bytes);
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            let place = usize::try_from(found.trailing_zeros() / 8).ok()?;
            return Some((at + place, *bytes.get(place)?));
        }
        at += bytes.len();
    }
    let place = rest.iter().position(is_found)?;
    Some((at + place, *rest.get(place)?))
}

/// A string with escapes. It is read as bytes, because half a surrogate pair is no fault in bytes: it becomes
/// U+FFFD.
struct Unescaped;

impl<'de> DeserializeSeed<'de> for Unescaped {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Unescaped {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Self::Value, E> {
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}
