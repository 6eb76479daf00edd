//! `codelibra new`.

use std::fs;
use std::path::Path;

use codelibra_build::{
    Inspection, NewEntry, Part, Severity, add_entry, reason_faults, reason_from_name, summary_from_reason,
};
use serde::Serialize;

use crate::args::{CatalogFile, New, TextFormat};
use crate::branches::{self, Branch};
use crate::failure::{Failure, warn};
use crate::lock::Lock;
use crate::visible::visible;
use crate::{catalog, output, source, write};

/// What was added, in JSON.
#[derive(Serialize)]
struct Added<'a> {
    code: u32,
    name: &'a str,
    reason: &'a str,
    file: String,
    line: Option<usize>,
}

pub(crate) fn run(catalog: &CatalogFile, args: &New) -> Result<(), Failure> {
    let file = catalog.file.as_deref().ok_or_else(|| {
        Failure::bad_input("`new` needs --catalog FILE: the .proto that gets the entry; the bundled catalogue cannot be changed")
    })?;
    if !catalog::is_proto(file) {
        return Err(Failure::bad_input(format_args!(
            "`{}` is not a .proto file; expected the source of the catalogue",
            file.display()
        )));
    }
    let branches = branches::unmerged(file, &inspected(file, catalog)?, &args.against, &catalog.include)?;
    let lock = Lock::new(file)?;
    // Another process may have added an entry before.
    let before = inspected(file, catalog)?;
    let reason = reason_from_name(&args.name);
    check_reason(&before, &reason, &branches)?;
    let code = next_code(&before, args.class, &branches)?;
    let entry = NewEntry {
        code,
        summary: args.summary.clone().unwrap_or_else(|| summary_from_reason(&reason)),
        reason,
        cause: args.cause.clone(),
        resolution: args.resolution.clone(),
        recovery: args.recovery.map_or_else(String::new, |recovery| recovery.name().to_owned()),
    };

    let cannot = |error: &dyn std::fmt::Display| {
        Failure::bad_input(format_args!("cannot read `{}`: {error}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| cannot(&error))?;
    let text = add_entry(&text, &before, &entry).map_err(|error| cannot(&error))?;
    let after = checked(file, catalog, text.clone(), &entry, &before)?;
    write::file(file, text.as_bytes())?;
    // The output may be read slowly.
    drop(lock);
    match print(args.format, file, &after, &entry) {
        // The entry is written: exit 2 would mean that the file is as it was.
        Err(Failure::BadInput(message)) => {
            warn("warning", &format!("{} {} was added, but {message}", entry.code, entry.reason));
            Ok(())
        }
        printed => printed,
    }
}

/// Reads a catalogue that breaks no rule, or only has no entry yet.
fn inspected(file: &Path, catalog: &CatalogFile) -> Result<Inspection, Failure> {
    let inspection = source::inspect(file, &catalog.include)?;
    if inspection.has_errors() && !inspection.is_only_empty() {
        let summary = format!("`{}` breaks the rules of catalogues:", file.display());
        return Err(Failure::errors(summary, &inspection));
    }
    Ok(inspection)
}

/// Refuses a reason that is misspelt or in use.
fn check_reason(own: &Inspection, reason: &str, branches: &[Branch]) -> Result<(), Failure> {
    let used = |inspection: &Inspection| {
        let entries = inspection.catalog().map_or(&[][..], |catalog| &catalog.entries);
        entries.iter().find(|entry| entry.reason == reason).map(|entry| entry.code)
    };
    if let Some(fault) = reason_faults(reason).first() {
        return Err(Failure::bad_input(fault));
    }
    let refused =
        |why: String| Err(Failure::bad_input(format_args!("reason {reason} {why}; expected another name")));
    if let Some(code) = used(own) {
        return refused(format!("is {code} already"));
    }
    if own.is_retired_reason(reason) {
        return refused(String::from("is reserved: a retired reason is never used again"));
    }
    for Branch { whose, catalog, .. } in branches {
        if let Some(code) = used(catalog) {
            return refused(format!("is {code} in {whose}"));
        }
        if catalog.is_retired_reason(reason) {
            return refused(format!("is reserved in {whose}"));
        }
    }
    Ok(())
}

fn next_code(own: &Inspection, class: u16, branches: &[Branch]) -> Result<u32, Failure> {
    let domain = own.catalog().map(|catalog| &catalog.domain);
    // Another domain has numbers of its own.
    let same = |branch: &&Branch| branch.catalog.catalog().map(|catalog| &catalog.domain) == domain;
    let others: Vec<&Branch> = branches.iter().filter(same).collect();
    let used: std::collections::HashSet<u32> = others
        .iter()
        .filter_map(|branch| branch.catalog.catalog())
        .flat_map(|catalog| &catalog.entries)
        .map(|entry| entry.code)
        .collect();
    let is_taken = |code| used.contains(&code) || others.iter().any(|branch| branch.catalog.is_retired(code));
    own.next_code(class, is_taken).ok_or_else(|| {
        Failure::bad_input(format_args!(
            "class {class} has no free number: {class}001 to {class}999 are used or reserved; expected another class"
        ))
    })
}

/// Reads the new text as the file will be read. It must have the new entry, and no new error.
fn checked(
    file: &Path,
    catalog: &CatalogFile,
    text: String,
    entry: &NewEntry,
    before: &Inspection,
) -> Result<Inspection, Failure> {
    let folders = catalog::folders(file, &catalog.include)?;
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let main = name.clone();
    let read = move |import: &str| {
        if import == main {
            return Ok(Some(text.clone()));
        }
        let mut paths = folders.iter().map(|folder| folder.join(import));
        paths.find(|path| path.is_file()).map(fs::read_to_string).transpose()
    };
    let after = Inspection::from_reader(&name, &file.display().to_string(), read);
    if after.has_errors() {
        let summary =
            format!("{} {} is not added, because it would break the rules:", entry.code, entry.reason);
        return Err(Failure::errors(summary, &after));
    }
    let count = |inspection: &Inspection| inspection.catalog().map_or(0, |catalog| catalog.entries.len());
    if count(&after) != count(before) + 1 || find(&after, entry).is_none() {
        return Err(Failure::bad_input(format_args!(
            "cannot find the place of {} in `{}`; expected one value of the enum a line",
            entry.code,
            file.display()
        )));
    }
    Ok(after)
}

fn find<'a>(inspection: &'a Inspection, new: &NewEntry) -> Option<&'a codelibra_build::Entry> {
    let entries = &inspection.catalog()?.entries;
    entries.iter().find(|entry| entry.code == new.code && entry.reason == new.reason)
}

fn print(format: TextFormat, file: &Path, after: &Inspection, entry: &NewEntry) -> Result<(), Failure> {
    let Some(added) = find(after, entry) else { return Ok(()) };
    let place = after.finding(Severity::Warning, Part::Reason(added), String::new());
    let line = place.position.map(|(line, _)| line);
    let shown = file.display().to_string();
    match format {
        TextFormat::Json => output::json(&Added {
            code: added.code,
            name: &added.name,
            reason: &added.reason,
            file: shown,
            line,
        }),
        TextFormat::Text => {
            let place = line.map_or_else(|| shown.clone(), |line| format!("{shown}:{line}"));
            output::text(&format!("{}: added {} {}\n", visible(&place), added.code, added.name))
        }
    }
}
