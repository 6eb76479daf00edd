//! Findings about catalogues: as lines, as JSON, and as annotations of GitHub.

use std::fmt::Write;

use codelibra_build::Diagnostic;

use crate::args::FindingFormat;
use crate::failure::Failure;
use crate::output;
use crate::visible::visible;

/// A finding and what it is called.
pub(crate) struct Finding<'a, T> {
    /// `error`, `breaking`.
    pub(crate) label: &'a str,
    /// What GitHub calls it: `error`, `warning` or `notice`.
    pub(crate) level: &'a str,
    pub(crate) diagnostic: &'a Diagnostic,
    /// What JSON has of it.
    pub(crate) json: T,
}

/// Prints findings; nothing but an empty list where there are none.
pub(crate) fn print<T: serde::Serialize>(
    findings: &[Finding<'_, T>],
    format: FindingFormat,
) -> Result<(), Failure> {
    match format {
        FindingFormat::Json => {
            output::json(&findings.iter().map(|finding| &finding.json).collect::<Vec<_>>())
        }
        FindingFormat::Text => output::text(&lines(findings, text)),
        FindingFormat::Github => output::text(&lines(findings, github)),
    }
}

fn lines<T>(findings: &[Finding<'_, T>], line: fn(&Finding<'_, T>) -> String) -> String {
    findings.iter().map(|finding| line(finding) + "\n").collect()
}

/// `proto/errors.proto:12:3: error: …`
fn text<T>(finding: &Finding<'_, T>) -> String {
    let Diagnostic { file, position, message, .. } = finding.diagnostic;
    let mut place = file.as_deref().map(visible).unwrap_or_default();
    if let (Some((line, column)), false) = (position, place.is_empty()) {
        // A `String` takes everything that is written to it.
        let _ = write!(place, ":{line}:{column}");
    }
    let between = if place.is_empty() { "" } else { ": " };
    format!("{place}{between}{}: {}", finding.label, visible(message))
}

/// A workflow command of GitHub Actions: `::error file=…,line=…,col=…::…`.
fn github<T>(finding: &Finding<'_, T>) -> String {
    let Diagnostic { file, position, message, .. } = finding.diagnostic;
    let escaped = |text: &str| visible(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"));
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let mut properties = Vec::new();
    properties.extend(file.as_deref().map(|file| format!("file={}", property(file))));
    if let (Some((line, column)), Some(_)) = (position, file) {
        properties.push(format!("line={line},col={column}"));
    }
    let between = if properties.is_empty() { "" } else { " " };
    format!("::{}{between}{}::{}", finding.level, properties.join(","), escaped(message))
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
