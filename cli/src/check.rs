//! `codelibra check`.

use std::collections::HashSet;
use std::path::Path;

use codelibra_build::{Diagnostic, Inspection, Severity};
use serde::Serialize;

use crate::args::{CatalogFile, Check};
use crate::catalog::{folders, searched};
use crate::failure::{Failure, warn};
use crate::findings::{self, Finding, count};
use crate::{branches, source};

/// A finding in JSON.
#[derive(Serialize)]
struct FindingJson<'a> {
    severity: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
}

pub(crate) fn run(catalog: &CatalogFile, args: &Check) -> Result<(), Failure> {
    if let Some(file) = &catalog.file {
        return Err(Failure::bad_input(format_args!(
            "--catalog `{}` is given to `check`; expected the file as an argument",
            file.display()
        )));
    }
    let mut inspected: Vec<(&Path, Inspection)> = Vec::new();
    let mut all = Vec::new();
    let mut paths = HashSet::new();
    for file in &args.files {
        // A file that is named twice is checked once.
        if !paths.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
            continue;
        }
        let inspection = source::inspect(file, &catalog.include)?;
        let hint = match inspection.is_missing_import() {
            true => searched(&folders(file, &catalog.include)?),
            false => String::new(),
        };
        all.extend(inspection.findings().iter().map(|finding| in_file(file, finding, &hint)));
        for (other_file, other) in &inspected {
            let whose = format!("`{}`", other_file.display());
            all.extend(inspection.conflicts(other, &whose, None));
        }
        if inspection.catalog().is_some() {
            for branch in branches::unmerged(file, &inspection, &args.against, &catalog.include)? {
                all.extend(inspection.conflicts(&branch.catalog, &branch.whose, branch.base.as_deref()));
            }
        }
        inspected.push((file, inspection));
    }

    let findings: Vec<Finding<'_, FindingJson<'_>>> = all.iter().map(finding).collect();
    findings::print(&findings, args.format)?;
    let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
    let errors = all.iter().filter(is_error).count();
    warn(
        "checked",
        &format!(
            "{}: {}, {}",
            count(inspected.len(), "file"),
            count(errors, "error"),
            count(all.len() - errors, "warning")
        ),
    );
    let unreadable = inspected.iter().find(|(_, inspection)| inspection.catalog().is_none());
    match unreadable {
        Some((file, _)) => {
            Err(Failure::bad_input(format_args!("`{}` cannot be read as a catalogue", file.display())))
        }
        None if errors > 0 => Err(Failure::AnswerIsNo),
        None => Ok(()),
    }
}

/// Names the file of a finding about the whole file, and adds a hint.
fn in_file(file: &Path, finding: &Diagnostic, hint: &str) -> Diagnostic {
    let mut finding = finding.clone();
    finding.message.push_str(hint);
    finding.file.get_or_insert_with(|| file.display().to_string());
    finding
}

fn finding(diagnostic: &Diagnostic) -> Finding<'_, FindingJson<'_>> {
    let severity = diagnostic.severity.name();
    let (line, column) = diagnostic.position.unzip();
    let file = diagnostic.file.as_deref();
    let json = FindingJson { severity, file, line, column, message: &diagnostic.message };
    Finding { label: severity, level: severity, diagnostic, json }
}
