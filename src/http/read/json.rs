//! JSON where it lies: no tree is built, nothing nests on the stack, and a value is looked at when it is asked
//! for. Of what nobody asks for only the end is found.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// A JSON value, as text. Its kind shows in the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Json<'a>(&'a str);

/// Where a text stops being JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    at: usize,
    expected: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl<'a> Json<'a> {
    /// The text of the value.
    pub(super) const fn get(self) -> &'a str {
        self.0
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// The text of a string; `None` for any other value.
    pub(super) fn string(self) -> Option<Cow<'a, str>> {
        let inside = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', inside.as_bytes()).is_some() {
            Unescaped.deserialize(&mut serde_json::Deserializer::from_str(self.0)).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inside))
        }
    }
}

/// Calls `each` with every member of an object, in order; a member may stand there twice.
///
/// # Errors
///
/// The text is no object, or is none to its end; the members before the fault were given.
pub(super) fn members<'a>(text: &'a str, mut each: impl FnMut(Cow<'a, str>, Json<'a>)) -> Result<(), Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.list(b'{', b'}', |scanner| {
        let fault = scanner.fault("a member's name");
        let name =
            if scanner.peek() == Some(b'"') { scanner.value()?.string() } else { None }.ok_or(fault)?;
        scanner.eat(b':', "a colon")?;
        each(name, scanner.value()?);
        Ok(())
    })
}

/// Calls `each` with every element of an array, in order.
///
/// # Errors
///
/// The text is no array, or is none to its end; the elements before the fault were given.
pub(super) fn elements<'a>(text: &'a str, mut each: impl FnMut(Json<'a>)) -> Result<(), Fault> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.list(b'[', b']', |scanner| {
        each(scanner.value()?);
        Ok(())
    })
}

/// Finds the ends of values (RFC 8259 §2).
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    const fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn eat(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.fault(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// A whole array or object, and nothing behind it.
    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.eat(open, if open == b'{' { "an object" } else { "an array" })?;
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            loop {
                item(self)?;
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(byte) if byte == close => break self.at += 1,
                    _ => return Err(self.fault("a comma or the end")),
                }
            }
        }
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("nothing more")),
        }
    }

    fn value(&mut self) -> Result<Json<'a>, Fault> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => self.skip_string()?,
            Some(b'{' | b'[') => self.skip_nested()?,
            _ => self.skip_word()?,
        }
        self.text.get(start..self.at).map(Json).ok_or(self.fault("a value"))
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        let fault = self.fault("the end of a string");
        let mut at = self.at + 1;
        loop {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            at += memchr::memchr2(b'"', b'\\', rest).ok_or(fault)? + 1;
            if self.text.as_bytes().get(at - 1) == Some(&b'"') {
                self.at = at;
                return Ok(());
            }
            // Whatever is escaped ends no string.
            at += 1;
        }
    }

    /// Which bracket closes which is looked at when the value is read.
    fn skip_nested(&mut self) -> Result<(), Fault> {
        let fault = self.fault("the end of a value");
        let mut depth = 0_usize;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        Err(fault)
    }

    /// A number or a name. At the end of the text it may be cut, and is none.
    fn skip_word(&mut self) -> Result<(), Fault> {
        let fault = self.fault("a value");
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let len = self.rest().iter().position(ends).ok_or(fault)?;
        let word = self.rest().get(..len).unwrap_or_default();
        let is_number = |word: &[u8]| {
            !word.is_empty()
                && word.iter().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        };
        if !matches!(word, b"true" | b"false" | b"null") && !is_number(word) {
            return Err(fault);
        }
        self.at += len;
        Ok(())
    }
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
