//! The limit on the length of each field of a log event.

use std::borrow::Cow;
#[cfg(any(feature = "gateway", feature = "server"))]
use std::fmt::{self, Write};

/// The longest field of a log event in bytes, escapes included. The default is 4 KiB.
///
/// A longer text is cut between two characters. A mark with the length of the whole text in bytes follows: `… (15600000 bytes)`,
/// or `… (more than 5000 bytes)` if the rest was not formatted. A peer decides how long a message is, so only this many bytes of it
/// are formatted or copied.
///
/// ```
/// use codelibra::server::ServerLayer;
/// use codelibra::{ErrorCode, LogLimit};
///
/// let limit = LogLimit::from_bytes(1024);
/// assert_eq!(LogLimit::default(), LogLimit::KIB_4);
/// let layer = ServerLayer::new::<ErrorCode>().log_limit(limit);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimit(usize);

impl LogLimit {
    /// 4 KiB, the default.
    pub const KIB_4: Self = Self::from_bytes(4 << 10);

    /// Returns a limit of this number of bytes, without the mark. Names of methods, request ids and similar fields have the same
    /// limit, so a number below 64 becomes 64.
    pub const fn from_bytes(bytes: usize) -> Self {
        Self(if bytes < 64 { 64 } else { bytes })
    }

    /// Returns the text, or its beginning with a mark.
    pub(crate) fn cut(self, text: &str) -> Cow<'_, str> {
        let mut room = self.0;
        for (at, c) in text.char_indices() {
            // The length of the character if the text is in quotes and escaped.
            let escaped = c.escape_debug().len();
            let len = if escaped > 1 { escaped } else { c.len_utf8() };
            let Some(rest) = room.checked_sub(len) else {
                return Cow::Owned(format!("{}… ({} bytes)", beginning(text, at), text.len()));
            };
            room = rest;
        }
        Cow::Borrowed(text)
    }

    /// Writes the text of `write`, or its beginning with a mark. It is escaped, so that it stays in one line.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn in_one_line(
        self,
        f: &mut fmt::Formatter<'_>,
        write: impl FnOnce(&mut OneLine<'_, '_>),
    ) -> fmt::Result {
        let mut line = OneLine { f, room: self.0, len: 0, is_cut: false, is_open: false, result: Ok(()) };
        write(&mut line);
        line.finish()
    }

    /// Formats the beginning of a value, without escapes.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn beginning_of(self, value: &dyn fmt::Display) -> Beginning {
        let mut writer = Collector { beginning: Beginning::default(), limit: self.0, calls: 0 };
        // `Display` is foreign code: it may fail, and it may panic.
        if crate::guard::catch(|| write!(writer, "{value}")).is_err() {
            return Beginning { text: String::from("an error whose Display panics"), ..Beginning::default() };
        }
        writer.beginning
    }
}

impl Default for LogLimit {
    fn default() -> Self {
        Self::KIB_4
    }
}

/// Returns the longest beginning of at most `len` bytes that ends between two characters.
fn beginning(text: &str, len: usize) -> &str {
    let mut end = len.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The beginning of a text that was formatted.
#[cfg(any(feature = "gateway", feature = "server"))]
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    pub(crate) text: String,
    /// How many bytes follow, as far as it is known.
    pub(crate) rest: usize,
    /// Whether more follows that was not formatted.
    pub(crate) is_open: bool,
}

#[cfg(any(feature = "gateway", feature = "server"))]
impl Beginning {
    pub(crate) fn is_whole(&self) -> bool {
        self.rest == 0 && !self.is_open
    }
}

#[cfg(any(feature = "gateway", feature = "server"))]
struct Collector {
    beginning: Beginning,
    limit: usize,
    calls: usize,
}

/// How many more pieces are counted after the limit is reached. So the mark of a text in one piece contains its length.
#[cfg(any(feature = "gateway", feature = "server"))]
const COUNTED_CALLS: usize = 64;

#[cfg(any(feature = "gateway", feature = "server"))]
impl Write for Collector {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Beginning { text: kept, rest, is_open } = &mut self.beginning;
        if *rest > 0 {
            self.calls += 1;
            if self.calls > COUNTED_CALLS {
                *is_open = true;
                return Err(fmt::Error);
            }
            *rest += text.len();
            return Ok(());
        }
        let fits = beginning(text, self.limit - kept.len());
        kept.push_str(fits);
        *rest = text.len() - fits.len();
        Ok(())
    }
}

/// A writer of text in one line, up to a limit. The text of a peer is escaped.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) struct OneLine<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    room: usize,
    /// The length of the whole text, in bytes.
    len: usize,
    is_cut: bool,
    is_open: bool,
    result: fmt::Result,
}

#[cfg(any(feature = "gateway", feature = "server"))]
impl OneLine<'_, '_> {
    pub(crate) fn push(&mut self, text: &str) {
        self.len += text.len();
        for piece in text.split_inclusive(is_hidden) {
            if self.is_cut || self.result.is_err() {
                return;
            }
            let end = piece.chars().next_back().filter(|end| is_hidden(*end));
            let plain = piece.get(..piece.len() - end.map_or(0, char::len_utf8)).unwrap_or_default();
            let fits = beginning(plain, self.room);
            self.is_cut = fits.len() < plain.len();
            self.room -= fits.len();
            self.result = self.f.write_str(fits);
            if let Some(end) = end.map(char::escape_unicode).filter(|_| !self.is_cut) {
                self.push_escaped(piece, end);
            }
        }
    }

    fn push_escaped(&mut self, piece: &str, unicode: std::char::EscapeUnicode) {
        let escaped = match piece.as_bytes().last() {
            Some(b'\n') => Cow::Borrowed("\\n"),
            Some(b'\r') => Cow::Borrowed("\\r"),
            Some(b'\t') => Cow::Borrowed("\\t"),
            _ => Cow::Owned(unicode.to_string()),
        };
        if escaped.len() > self.room {
            self.is_cut = true;
            return;
        }
        self.room -= escaped.len();
        self.result = self.result.and_then(|()| self.f.write_str(&escaped));
    }

    /// Writes the beginning of a text.
    pub(crate) fn push_beginning(&mut self, beginning: &Beginning) {
        self.push(&beginning.text);
        self.len += beginning.rest;
        self.is_open |= beginning.is_open;
        self.is_cut |= !beginning.is_whole();
    }

    /// Counts text that is not written because the limit is reached.
    pub(crate) fn skip(&mut self, len: usize) {
        self.len += len;
        self.is_cut = true;
    }

    pub(crate) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn finish(self) -> fmt::Result {
        self.result?;
        match (self.is_cut, self.is_open) {
            (false, _) => Ok(()),
            (true, false) => write!(self.f, "… ({} bytes)", self.len),
            (true, true) => write!(self.f, "… (more than {} bytes)", self.len),
        }
    }
}

/// Returns whether a character is invisible in a terminal or controls it: control characters (general category Cc), line and
/// paragraph separators, and the characters with Unicode's property `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt,
/// 16.0), which are marks that change the direction of text, characters without a width, and tags. With such characters a text
/// could forge lines, or look like another text (Unicode TR 36).
#[cfg(any(feature = "gateway", feature = "server"))]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
#[cfg(any(feature = "gateway", feature = "server"))]
mod tests {
    use super::*;

    struct Line<'a>(LogLimit, &'a [&'a str]);

    impl fmt::Display for Line<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.in_one_line(f, |line| self.1.iter().for_each(|text| line.push(text)))
        }
    }

    #[test]
    fn a_text_is_cut_between_characters_and_marked() {
        let limit = LogLimit::from_bytes(0);
        assert_eq!(limit.cut(&"a".repeat(64)), "a".repeat(64));
        assert_eq!(limit.cut(&"a".repeat(65)), "a".repeat(64) + "… (65 bytes)");
        assert_eq!(limit.cut(&format!("{}ü", "a".repeat(63))), "a".repeat(63) + "… (65 bytes)");
        assert_eq!(limit.cut(&"\u{7f}".repeat(11)), "\u{7f}".repeat(10) + "… (11 bytes)");
        for text in ["a".repeat(64), "\n".repeat(32), "ü".repeat(32)] {
            let line = Line(limit, &[&text]).to_string();
            assert!(!line.contains('…'), "{line}");
            let line = Line(limit, &[&text, "b"]).to_string();
            assert!(line.ends_with(&format!("… ({} bytes)", text.len() + 1)), "{line}");
        }
        assert_eq!(Line(limit, &["a\u{202e}b\u{7}\r\n"]).to_string(), r"a\u{202e}b\u{7}\r\n");
        let hidden = "\u{61c}\u{ad}\u{180e}\u{e0041}é";
        assert_eq!(Line(limit, &[hidden]).to_string(), r"\u{61c}\u{ad}\u{180e}\u{e0041}é");
    }

    #[test]
    fn no_more_than_the_limit_is_formatted() {
        /// Writes pieces without an end.
        struct Endless<'a>(&'a std::cell::Cell<usize>);

        impl fmt::Display for Endless<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    self.0.set(self.0.get() + 1);
                    f.write_str("piece")?;
                }
            }
        }

        let count = std::cell::Cell::new(0);
        let beginning = LogLimit::from_bytes(64).beginning_of(&Endless(&count));
        assert_eq!((beginning.text.len(), beginning.is_open), (64, true));
        assert!(count.get() < 100);

        let whole = LogLimit::from_bytes(64).beginning_of(&"x".repeat(100));
        assert_eq!((whole.text.len(), whole.rest, whole.is_open), (64, 36, false));
    }
}
