//! A catalogue with all that is found in its file.

use std::collections::{HashMap, HashSet};

use crate::Error;
use crate::error::{Diagnostic, Severity};
use crate::field_numbers::{
    CATALOG_DOMAIN, CATALOG_FALLBACK, CATALOG_PAGES, ENTRY_PATH, VALUE_NAME, VALUE_NUMBER, catalog_path,
};
use crate::model::{Catalog, Entry};
use crate::positions::Positions;
use crate::retired::Retired;

/// What a file contains: its catalogue, the numbers and names that are retired, and every finding.
///
/// A catalogue that breaks rules can be looked at as well: that is what distinguishes it from [`Catalog::from_proto`].
///
/// ```
/// use codelibra_build::Inspection;
///
/// let text = r#"
///     syntax = "proto3";
///     import "codelibra/error/v1/options.proto";
///     enum ErrorCode {
///       option (codelibra.error.v1.catalog) = {domain: "shop.example.com"};
///       ERROR_CODE_UNSPECIFIED = 0;
///       ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {summary: "The item is sold out."}];
///     }
/// "#;
/// let read = |name: &str| Ok((name == "errors.proto").then(|| text.to_owned()));
/// let inspection = Inspection::from_reader("errors.proto", "errors.proto", read);
/// assert!(!inspection.has_errors());
/// assert_eq!(inspection.catalog().unwrap().entries[0].reason, "SOLD_OUT");
/// assert_eq!(inspection.next_code(409, |_| false), Some(409_002));
/// ```
#[derive(Debug)]
pub struct Inspection {
    pub(crate) catalog: Option<Catalog>,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) retired: Retired,
    pub(crate) places: Places,
    is_missing_import: bool,
}

/// Where the parts of a catalogue are in its file.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub(crate) positions: Option<Positions>,
    pub(crate) catalog: Vec<i32>,
    /// By number and reason.
    pub(crate) entries: HashMap<(u32, String), Vec<i32>>,
}

/// A part of a catalogue that a finding is about.
///
/// ```
/// use codelibra_build::{Inspection, Part, Severity};
///
/// let inspection = Inspection::from_proto("proto/codelibra/error/v1/catalog.proto", &["proto"]);
/// let entry = &inspection.catalog().unwrap().entries[0];
/// let finding = inspection.finding(Severity::Warning, Part::Code(entry), "not in the list".to_owned());
/// let (line, column) = finding.position.unwrap();
/// let file = "proto/codelibra/error/v1/catalog.proto";
/// assert_eq!(finding.to_string(), format!("{file}:{line}:{column}: not in the list"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Part<'a> {
    /// The enum.
    Catalog,
    /// The domain, in the option of the enum.
    Domain,
    /// The address of the pages, in the option of the enum.
    Pages,
    /// The codes of failures that have none, in the option of the enum.
    Fallback,
    /// The name of the value, which is the reason.
    Reason(&'a Entry),
    /// The number of the value, which is the code.
    Code(&'a Entry),
    /// The option of the value.
    Option(&'a Entry),
}

impl Inspection {
    /// The catalogue, even one that breaks rules; `None` if the file cannot be read as one catalogue. An entry without
    /// an option has empty texts.
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()
    }

    /// Every finding, in the order of the file.
    pub fn findings(&self) -> &[Diagnostic] {
        &self.findings
    }

    /// Whether a rule is broken, or the file cannot be read.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Whether the only error is that the catalogue has no entry yet. [`add_entry`](crate::add_entry) can add the first one.
    pub fn is_only_empty(&self) -> bool {
        let Some(catalog) = &self.catalog else { return false };
        let mut errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let (first, rest) = (errors.next(), errors.next());
        let name = catalog.enum_name.rsplit('.').next().unwrap_or_default();
        rest.is_none() && first.is_some_and(|finding| finding.message == lists_no_code(name))
    }

    /// Whether an import is in none of the folders that were searched.
    pub fn is_missing_import(&self) -> bool {
        self.is_missing_import
    }

    /// Whether a `reserved` statement of the catalogue retires this code.
    pub fn is_retired(&self, code: u32) -> bool {
        i32::try_from(code).is_ok_and(|code| self.retired.has_number(code))
    }

    /// Whether a `reserved` statement of the catalogue retires this reason, with or without the prefix of the enum.
    pub fn is_retired_reason(&self, reason: &str) -> bool {
        let prefix = self.catalog.as_ref().map_or("", |catalog| catalog.prefix.as_str());
        self.retired.has_name(reason) || self.retired.has_name(&format!("{prefix}{reason}"))
    }

    /// The next free number of a class: the one after the highest number that the catalogue uses, or the lowest free one
    /// if there is none after it. Retired numbers and those of `taken` are skipped. `None` if the class has no free
    /// number, or if it is not in 400 to 599.
    pub fn next_code(&self, class: u16, taken: impl Fn(u32) -> bool) -> Option<u32> {
        let class = u32::from(class);
        if !(400..=599).contains(&class) {
            return None;
        }
        let entries = self.catalog.as_ref().map_or(&[][..], |catalog| &catalog.entries);
        let used: HashSet<u32> = entries.iter().map(|e| e.code).filter(|code| code / 1000 == class).collect();
        let free = |code: &u32| !used.contains(code) && !self.is_retired(*code) && !taken(*code);
        let (first, last) = (class * 1000 + 1, class * 1000 + 999);
        let after = used.iter().max().map_or(first, |highest| highest + 1);
        (after..=last).find(free).or_else(|| (first..after).find(free))
    }

    /// Returns a finding about a part of the catalogue, at its place in the file.
    pub fn finding(&self, severity: Severity, part: Part<'_>, message: String) -> Diagnostic {
        let Places { positions, catalog, entries } = &self.places;
        let value = |entry: &Entry, field: &[i32]| {
            let path = entries.get(&(entry.code, entry.reason.clone()));
            path.map_or_else(Vec::new, |path| [path, field].concat())
        };
        let path = match part {
            Part::Catalog => catalog.clone(),
            Part::Domain => catalog_path(catalog, CATALOG_DOMAIN),
            Part::Pages => catalog_path(catalog, CATALOG_PAGES),
            Part::Fallback => catalog_path(catalog, CATALOG_FALLBACK),
            Part::Reason(entry) => value(entry, &[VALUE_NAME]),
            Part::Code(entry) => value(entry, &[VALUE_NUMBER]),
            Part::Option(entry) => value(entry, &ENTRY_PATH),
        };
        let finding = match positions {
            Some(positions) => positions.diagnostic(&path, message),
            None => Diagnostic::error(None, None, message),
        };
        Diagnostic { severity, ..finding }
    }

    pub(crate) fn failed(error: Error) -> Self {
        let is_missing_import = error.is_missing_import();
        let findings = error.into_diagnostics();
        let (retired, places) = Default::default();
        Self { catalog: None, findings, retired, places, is_missing_import }
    }

    pub(crate) fn new(
        catalog: Option<Catalog>,
        mut findings: Vec<Diagnostic>,
        retired: Retired,
        places: Places,
    ) -> Self {
        findings.sort_by_key(|finding| (finding.position, finding.severity));
        Self { catalog, findings, retired, places, is_missing_import: false }
    }

    pub(crate) fn into_result(self) -> Result<Catalog, Error> {
        let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
        let Self { catalog, findings, is_missing_import, .. } = self;
        let errors: Vec<Diagnostic> = findings.into_iter().filter(is_error).collect();
        match catalog.filter(|_| errors.is_empty()) {
            Some(catalog) => Ok(catalog),
            None => Err(Error::new(errors).with_missing_import(is_missing_import)),
        }
    }
}

/// The finding about a catalogue without entries.
pub(crate) fn lists_no_code(the_enum: &str) -> String {
    format!("`{the_enum}` lists no code")
}
