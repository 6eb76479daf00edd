//! Writes data to stdout. Colours are used on a terminal only, and not with `NO_COLOR`. A closed pipe does not panic.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use codelibra::CodeNumber;
use http::StatusCode;

use crate::failure::Failure;
use crate::visible::{VisibleJson, visible, visible_styled};

/// The style of the most important text.
pub(crate) const STRONG: Style = Style::new().bold();
/// The style of labels.
pub(crate) const LABEL: Style = Style::new().dimmed();

/// The style of a class: 4xx and 5xx have different colours.
pub(crate) fn class_style(class: u16) -> Style {
    let color = if class < 500 { AnsiColor::Yellow } else { AnsiColor::Red };
    color.on_default().bold()
}

/// Writes text with its styles. Values in it that a peer or a user chose must be [`visible`].
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(visible_styled(text).as_bytes())?;
    Ok(stdout.flush()?)
}

/// Writes a value as JSON for people and programs: indented, a line break at the end.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let mut serializer = serde_json::Serializer::with_formatter(&mut stdout, VisibleJson::new());
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

/// Writes bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    Ok(stdout.flush()?)
}

/// Writes bytes as they are, and a line break.
pub(crate) fn line(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.write_all(b"\n")?;
    Ok(stdout.flush()?)
}

/// `403 Forbidden`; the number alone for a status that has no phrase.
pub(crate) fn status(status: u16) -> String {
    match phrase(status) {
        Some(phrase) => format!("{status} {phrase}"),
        None => status.to_string(),
    }
}

/// The reason phrase of any HTTP status. A 4xx or 5xx always has one: `http` has none for 499, which is not registered.
pub(crate) fn phrase(status: u16) -> Option<&'static str> {
    match status {
        400..=599 => Some(CodeNumber::from_class(status).phrase()),
        _ => StatusCode::from_u16(status).ok()?.canonical_reason(),
    }
}

/// Appends a line `  label  value`, or nothing if the value is empty.
pub(crate) fn row(out: &mut String, label: &str, value: &str) {
    use std::fmt::Write;
    if !value.is_empty() {
        // A `String` takes everything that is written to it.
        let _ = writeln!(out, "  {LABEL}{label:<12}{LABEL:#}{}", visible(value));
    }
}
