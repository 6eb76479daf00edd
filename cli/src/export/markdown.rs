//! The catalogue as a Markdown page (CommonMark).

use std::fmt::Write;

use codelibra::{Catalog, Entry};

use crate::explain::deprecation;
use crate::output::status;

/// Writes a heading and a list for each entry. A text of the catalogue is never at the start of a line, so that it cannot
/// become a heading or a list of its own.
pub(crate) fn encode(catalog: &Catalog) -> Vec<u8> {
    let mut out = format!("# Error codes of {}\n", escaped(catalog.domain()));
    for entry in catalog.entries() {
        write_entry(&mut out, catalog, entry);
    }
    out.into_bytes()
}

fn write_entry(out: &mut String, catalog: &Catalog, entry: &Entry) {
    // A `String` takes everything that is written to it.
    let _ = write!(out, "\n## {} {}\n\n", entry.code, escaped(entry.name));
    row(out, "Summary", entry.summary);
    row(out, "Reason", entry.reason);
    row(out, "HTTP", &status(entry.class()));
    row(out, "gRPC", &format!("{} {}", entry.grpc_code.number(), entry.grpc_code));
    for (label, text) in [("Cause", entry.cause), ("Resolution", entry.resolution)] {
        text.lines().for_each(|line| row(out, label, line));
    }
    row(out, "Recovery", entry.recovery.name());
    for param in entry.params {
        row(out, "Parameter", &format!("{} ({}): {}", param.name, param.kind, param.description));
    }
    row(out, "Since", entry.since);
    row(out, "Deprecated", &deprecation(entry));
    if !catalog.pages().is_empty() {
        row(out, "Page", &format!("{}/{}", catalog.pages(), entry.code));
    }
}

fn row(out: &mut String, label: &str, value: &str) {
    if !value.is_empty() {
        // A `String` takes everything that is written to it.
        let _ = writeln!(out, "- {label}: {}", escaped(value));
    }
}

/// The characters that Markdown or HTML reads as markup inside of a line.
const MARKUP: &str = r"\`*_[]{}<>#|~&$@";

/// Escapes markup (CommonMark §2.4). White space becomes one space, so that a text cannot start a line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars() {
            if MARKUP.contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}
