//! Data on stdout: coloured on a terminal only, `NO_COLOR` honoured, a closed pipe no panic.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::failure::Failure;

/// What a reader looks for first.
pub(crate) const STRONG: Style = Style::new().bold();
/// Labels.
pub(crate) const LABEL: Style = Style::new().dimmed();

/// 4xx and 5xx are told apart at a glance.
pub(crate) fn class_style(class: u16) -> Style {
    let color = if class < 500 { AnsiColor::Yellow } else { AnsiColor::Red };
    color.on_default().bold()
}

/// Writes text with its styles.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// Writes a value as JSON for people and programs: indented, a line break at the end.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut stdout, value).map_err(io::Error::from)?;
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

/// A line `  label  value` of a text answer; nothing where there is no value.
pub(crate) fn row(out: &mut String, label: &str, value: &str) {
    use std::fmt::Write;
    if !value.is_empty() {
        // A `String` takes everything that is written to it.
        let _ = writeln!(out, "  {LABEL}{label:<12}{LABEL:#}{}", visible(value));
    }
}

/// A peer's text for a terminal: control characters are shown and not obeyed.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}
