use std::error::Error;
use std::fmt::{self, Write};

/// An error and its sources, each once, for a log: in one line, whatever a peer's text in it contains.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        let mut line = OneLine(f);
        line.write_str(&last)?;
        let mut error = self.0;
        while let Some(source) = error.source() {
            let text = source.to_string();
            // An error that shows its source has said it.
            if !last.contains(&text) {
                write!(line, ": {text}")?;
            }
            (error, last) = (source, text);
        }
        Ok(())
    }
}

/// Escapes control characters, with which a text could forge lines of a log.
struct OneLine<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(char::is_control) {
            let end = piece.chars().next_back().filter(|last| last.is_control());
            let plain = end.map_or(piece.len(), |end| piece.len() - end.len_utf8());
            self.0.write_str(piece.get(..plain).unwrap_or_default())?;
            if let Some(end) = end {
                write!(self.0, "{}", end.escape_debug())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Chain;

    #[test]
    fn a_text_stays_in_its_line() {
        let error = std::io::Error::other("no \"such\" file\r\n2026-01-01 INFO forged\u{1b}[2J");
        let expected = r#"no "such" file\r\n2026-01-01 INFO forged\u{1b}[2J"#;
        assert_eq!(Chain(&error).to_string(), expected);
    }
}
