//! Prints text of peers and users on a terminal: characters that are invisible or control the terminal are escaped.

use std::io::{self, Write};

use codelibra::__private::is_hidden;

/// The text in one line, with its hidden characters escaped as Rust does: `\u{202e}`, `\n`.
pub(crate) fn visible(text: &str) -> String {
    escaped(text, is_hidden)
}

/// The lines of the text, each as [`visible`] makes it.
pub(crate) fn visible_lines(text: &str) -> String {
    escaped(text, |c| c != '\n' && is_hidden(c))
}

/// Text with styles of ours, which are ASCII: other hidden characters are escaped.
pub(crate) fn visible_styled(text: &str) -> String {
    escaped(text, |c| !c.is_ascii() && is_hidden(c))
}

fn escaped(text: &str, is_hidden: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Writes text as [`visible_styled`] makes it. Each write must be whole text, as events of the log are.
pub(crate) struct VisibleWriter<W>(pub(crate) W);

impl<W: Write> Write for VisibleWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(visible_styled(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Indented JSON in which hidden characters are escaped. A parser reads the same values.
pub(crate) struct VisibleJson<'a>(serde_json::ser::PrettyFormatter<'a>);

impl VisibleJson<'_> {
    pub(crate) fn new() -> Self {
        Self(serde_json::ser::PrettyFormatter::new())
    }
}

impl serde_json::ser::Formatter for VisibleJson<'_> {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut shown = text;
        while let Some((at, c)) = shown.char_indices().find(|(_, c)| is_hidden(*c)) {
            let (before, rest) = shown.split_at(at);
            writer.write_all(before.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            shown = rest.strip_prefix(c).unwrap_or_default();
        }
        writer.write_all(shown.as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_escaped_and_what_is_seen_is_not() {
        for hidden in
            ['\0', '\n', '\r', '\u{1b}', '\u{7f}', '\u{80}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}']
                .into_iter()
                .chain(['\u{200d}', '\u{feff}', '\u{2028}', '\u{2029}', '\u{e0041}', '\u{61c}', '\u{ad}'])
        {
            let escaped = visible(&format!("a{hidden}b"));
            assert!(escaped.starts_with("a\\") && escaped.ends_with('b'), "{escaped:?}");
            assert!(!escaped.contains(hidden));
        }
        // Accents, scripts with combining marks, right-to-left letters, emoji.
        for seen in
            ["naïve \"quoted\" \\ back", "e\u{301}", "हिन्दी", "עברית", "العربية", "漢字", "🦀", "\u{fffd}"]
        {
            assert_eq!(visible(seen), seen);
        }
        assert_eq!(visible_lines("a\nb\u{1b}\r"), "a\nb\\u{1b}\\r");
        assert_eq!(visible_styled("\u{1b}[1ma\u{202e}\u{9b}\n"), "\u{1b}[1ma\\u{202e}\\u{9b}\n");
    }

    /// What Rust's own `Debug` prints as it is, is seen.
    #[test]
    fn hidden_characters_are_not_printable() {
        let marks = "\u{34f}\u{17b4}\u{17b5}\u{180b}\u{180c}\u{180d}\u{180f}";
        for c in ('\0'..=char::MAX).filter(|c| is_hidden(*c)) {
            let printed = format!("x{c}").escape_debug().to_string();
            let is_mark = marks.contains(c)
                || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
                || matches!(c, '\u{115f}'..='\u{1160}' | '\u{3164}' | '\u{ffa0}');
            assert_eq!(printed.contains(c), is_mark, "{}", c.escape_unicode());
        }
    }

    #[test]
    fn json_has_the_same_values() {
        let value = serde_json::json!({"a\u{202e}": ["\u{1b}[1m\u{9b}\u{7f}\"\\\n", "\u{e0041} é 🦀"], "b": {"c": []}});
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, VisibleJson::new());
        serde::Serialize::serialize(&value, &mut serializer).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(|c| c != '\n' && is_hidden(c)), "{text}");
        assert!(text.contains(r"a\u202e") && text.contains(r"\udb40\udc41 é 🦀"), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        let plain = serde_json::json!({"a": [1, {"b": null}], "c": "d"});
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, VisibleJson::new());
        serde::Serialize::serialize(&plain, &mut serializer).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string_pretty(&plain).unwrap());
    }
}
