//! `codelibra diff`.

use std::path::{Path, PathBuf};

use codelibra_build::{Change, Inspection};
use serde::Serialize;

use crate::args::{CatalogFile, Diff};
use crate::failure::{Failure, warn};
use crate::findings::{self, Finding, count};
use crate::source;

/// A change in JSON.
#[derive(Serialize)]
struct ChangeJson<'a> {
    breaking: bool,
    change: &'a str,
    code: Option<u32>,
    name: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}

pub(crate) fn run(catalog: &CatalogFile, args: &Diff) -> Result<(), Failure> {
    if let Some(file) = &catalog.file {
        return Err(Failure::bad_input(format_args!(
            "--catalog `{}` is given to `diff`; expected OLD and NEW as arguments",
            file.display()
        )));
    }
    // A version that callers know may break a rule that is newer.
    let old = read(&args.old, &catalog.include)?;
    let new = read(&args.new, &catalog.include)?;
    if new.has_errors() {
        return Err(broken(&args.new, &new));
    }
    let changes = new.changes_since(&old);
    let findings: Vec<Finding<'_, ChangeJson<'_>>> = changes.iter().map(finding).collect();
    findings::print(&findings, args.format)?;
    let breaking = changes.iter().filter(|change| change.is_breaking()).count();
    warn(
        "compared",
        &format!(
            "{}, {}",
            count(breaking, "breaking change"),
            count(changes.len() - breaking, "safe change")
        ),
    );
    if breaking > 0 { Err(Failure::AnswerIsNo) } else { Ok(()) }
}

fn read(version: &Path, include: &[PathBuf]) -> Result<Inspection, Failure> {
    let inspection = source::inspect_version(version, include)?;
    if inspection.catalog().is_none() { Err(broken(version, &inspection)) } else { Ok(inspection) }
}

fn broken(version: &Path, inspection: &Inspection) -> Failure {
    let what = match inspection.catalog() {
        Some(_) => "breaks the rules of catalogues",
        None => "cannot be read as a catalogue",
    };
    Failure::errors(format!("`{}` {what}:", version.display()), inspection)
}

fn finding(change: &Change) -> Finding<'_, ChangeJson<'_>> {
    let breaking = change.is_breaking();
    let diagnostic = &change.diagnostic;
    let (line, column) = diagnostic.position.unzip();
    let json = ChangeJson {
        breaking,
        change: change.kind.name(),
        code: change.code,
        name: change.name.as_deref(),
        file: diagnostic.file.as_deref(),
        line,
        column,
        message: &diagnostic.message,
    };
    let (label, level) = if breaking { ("breaking", "error") } else { ("safe", "notice") };
    Finding { label, level, diagnostic, json }
}
