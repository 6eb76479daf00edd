//! Reads JSON without building a tree and without recursion. Only the values that the caller uses are decoded; for any other
//! value, only its end is found.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// The text of a JSON value. Its first byte shows its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Json<'a> {
    text: &'a str,
    /// Whether the value is a string that contains a `\`.
    is_escaped: bool,
    /// Whether the text ends before this array or object does.
    is_cut: bool,
}

/// The place where a text is not valid JSON.
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
    /// Returns the text of the value.
    pub(super) const fn get(self) -> &'a str {
        self.text
    }

    /// Returns whether the value is cut off. The members or elements before the cut can be read.
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

    /// Returns the decoded text of a string, or `None` for any other value.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        if self.is_escaped {
            Unescaped.deserialize(&mut serde_json::Deserializer::from_str(self.text)).ok().map(Cow::Owned)
        } else {
            self.text.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
        }
    }
}

/// Calls `each` with every member of an object, in order. Two members may have the same name.
///
/// # Errors
///
/// The text is not a valid object. `each` was called with the members before the fault, and with a member that is cut off if it
/// is an array or object.
pub(super) fn members<'a>(text: &'a str, each: impl FnMut(Cow<'a, str>, Json<'a>)) -> Result<(), JsonFault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.object(each)?;
    scanner.end()
}

/// Calls `each` with every element of an array, in order.
///
/// # Errors
///
/// The text is not a valid array. `each` was called with the elements before the fault, and with an element that is cut off if it
/// is an array or object.
pub(super) fn values<'a>(text: &'a str, mut each: impl FnMut(Json<'a>)) -> Result<(), JsonFault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.list(b'[', b']', |scanner| {
        scanner.peek();
        let start = scanner.at;
        scanner.value_or_cut(start, &mut each)
    })?;
    scanner.end()
}

/// Calls `each` with every element of an array of objects, in order. `member` sets the members of the element that `each` receives.
/// `each` also receives the text of the element, and the fault if it is not a valid object.
///
/// # Errors
///
/// The text is not a valid array. `each` was called with the elements before the fault.
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
            // The next element begins after the end of this one, also if this one is not valid.
            scanner.at = start;
            scanner.value()?;
        }
        let element = scanner.text.get(start..scanner.at).unwrap_or_default();
        each(object, element, read.map_err(|fault| JsonFault { at: fault.at - start, ..fault }));
        Ok(())
    })?;
    scanner.end()
}

/// A scanner that finds the ends of values (RFC 8259 §2).
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn fault(&self, expected: &'static str) -> JsonFault {
        JsonFault { at: self.at, expected, is_end: self.at >= self.text.len() }
    }

    /// Returns the fault of a text that ends inside a value.
    const fn cut(&self, expected: &'static str) -> JsonFault {
        JsonFault { at: self.text.len(), expected, is_end: true }
    }

    /// Skips white space and returns the next byte.
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

    /// Checks that only white space follows.
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

    /// Calls `each` with the value that begins at `start`, also if it is an array or object that is cut off.
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

    /// Returns the part that is present of an array or object that begins at `start` and is cut off.
    fn cut_value(&self, start: usize) -> Option<Json<'a>> {
        let text = self.text.get(start..).filter(|text| text.starts_with(['{', '[']))?;
        Some(Json { text, is_escaped: false, is_cut: true })
    }

    /// Reads an array or object.
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

    /// Skips a string and returns whether it contains a `\`.
    fn skip_string(&mut self) -> Result<bool, JsonFault> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let (len, is_escaped) = string_len(rest).ok_or(self.cut("the end of a string"))?;
        self.at += 1 + len;
        Ok(is_escaped)
    }

    /// Skips an array or object. It counts brackets only: whether they match is checked when the value is read.
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

    /// Skips a number, `true`, `false` or `null`. At the end of the text it may be cut off, so it is not accepted there.
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

/// Returns the length of the rest of a string, with its closing `"`, and whether it contains a `\`.
#[inline]
fn string_len(rest: &[u8]) -> Option<(usize, bool)> {
    let (len, byte) = quote_or_backslash(rest)?;
    if byte == b'"' { Some((len + 1, false)) } else { Some((escaped_len(rest, len)?, true)) }
}

/// Returns the length of the rest of a string whose first `\` is at the index `at`.
#[inline(never)]
fn escaped_len(rest: &[u8], mut at: usize) -> Option<usize> {
    loop {
        // An escaped character never ends the string.
        at += 2;
        let (len, byte) = quote_or_backslash(rest.get(at..)?)?;
        at += len;
        if byte == b'"' {
            return Some(at + 1);
        }
    }
}

/// Returns the index of the first `"` or `\`, and which one it is.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<(usize, u8)> {
    // The loop reads eight bytes at a time, because most strings are too short for `memchr` to be faster. A byte of a word is zero
    // if subtracting one from it borrows. Above the first such byte there may be false matches, so only the first one is used.
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

/// A string with escapes. It is read as bytes, because serde_json accepts half a surrogate pair only in bytes. It becomes U+FFFD.
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
