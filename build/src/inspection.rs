//! A catalogue with all that is found in its file.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::rc::Rc;

use crate::Error;
use crate::descriptor::{self, OptionsImport, Source};
use crate::error::{Diagnostic, Severity};
use crate::model::{Catalog, Entry};
use crate::positions::Positions;
use crate::resolve::Input;
use crate::retired::Retired;
use crate::rules::{self, CATALOG_DOMAIN, CATALOG_FALLBACK, CATALOG_PAGES, VALUE_NAME, VALUE_NUMBER};

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
/// let inspection = Inspection::from_proto("../proto/codelibra/error/v1/catalog.proto", &["../proto"]);
/// let entry = &inspection.catalog().unwrap().entries[0];
/// let finding = inspection.finding(Severity::Warning, Part::Code(entry), "not in the list".to_owned());
/// let (line, column) = finding.position.unwrap();
/// let file = "../proto/codelibra/error/v1/catalog.proto";
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
    /// Reads a `.proto` file. Imports as for [`compile`](crate::compile).
    ///
    /// A file that cannot be read or parsed has no catalogue, and a finding with the reason.
    pub fn from_proto(proto: impl AsRef<Path>, includes: &[impl AsRef<Path>]) -> Self {
        Self::read(&Input::from_path(proto.as_ref(), includes)).0
    }

    /// Reads a proto that is not on disk. `read` returns the text of the file with a name, of `name` itself and of each
    /// file that is imported, and `None` if there is no such file. Findings name the file `shown`.
    ///
    /// The protos that come with this crate are not asked for. As for [`Inspection::from_proto`], a file that cannot be
    /// parsed has no catalogue.
    pub fn from_reader(
        name: &str,
        shown: &str,
        read: impl Fn(&str) -> io::Result<Option<String>> + 'static,
    ) -> Self {
        Self::read(&Input::from_reader(name, shown, Rc::new(read))).0
    }

    /// Reads an encoded `google.protobuf.FileDescriptorSet`, as
    /// [`Catalog::from_descriptor_set`](Catalog::from_descriptor_set) does.
    ///
    /// Bytes that are no descriptor set have no catalogue.
    pub fn from_descriptor_set(bytes: &[u8]) -> Self {
        match Source::from_descriptor_set(bytes) {
            Ok(source) => rules::read(&source),
            Err(error) => Self::failed(error),
        }
    }

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
            Part::Domain => rules::catalog_path(catalog, CATALOG_DOMAIN),
            Part::Pages => rules::catalog_path(catalog, CATALOG_PAGES),
            Part::Fallback => rules::catalog_path(catalog, CATALOG_FALLBACK),
            Part::Reason(entry) => value(entry, &[VALUE_NAME]),
            Part::Code(entry) => value(entry, &[VALUE_NUMBER]),
            Part::Option(entry) => value(entry, &rules::entry_path()),
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

    /// Also returns the paths of the files that were read, if the file can be compiled.
    pub(crate) fn read(input: &Input) -> (Self, Vec<std::path::PathBuf>) {
        // Asked for first: protox reports a missing file as one that lies in no include folder.
        if input.is_on_disk()
            && let Err(error) = std::fs::metadata(&input.proto)
        {
            return (Self::failed(Error::io("cannot read", &input.proto, error)), Vec::new());
        }
        if let Some(source) = descriptor::compile_quick(input) {
            return (rules::read(&source), source.paths);
        }
        // protox refuses the file. What the rules of catalogues find counts before what it reports.
        let relaxed = [OptionsImport::AsWritten, OptionsImport::Added];
        if let Some(source) =
            relaxed.into_iter().find_map(|import| descriptor::compile_relaxed(input, import))
        {
            let found = rules::read(&source);
            if found.has_errors() {
                return (found, Vec::new());
            }
        }
        let repeated = descriptor::repeated_names(input);
        if !repeated.is_empty() {
            return (Self::failed(Error::new(repeated)), Vec::new());
        }
        match descriptor::compile(input) {
            Ok(source) => (rules::read(&source), source.paths),
            Err(error) => (Self::failed(error), Vec::new()),
        }
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
