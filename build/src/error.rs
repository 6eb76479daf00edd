//! [`Error`] and [`Diagnostic`]: the findings about a catalogue.

use std::{fmt, io, path::Path};

/// Why a catalogue could not be compiled. Its text lists every finding, one a line.
///
/// ```
/// use codelibra_build::Catalog;
///
/// let error = Catalog::from_proto("tests/cases/no_code.proto", &["tests/cases"]).unwrap_err();
/// assert_eq!(error.diagnostics().len(), 1);
/// assert_eq!(error.to_string(), "tests/cases/no_code.proto:7:1: `ErrorCode` lists no code");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    diagnostics: Vec<Diagnostic>,
    is_missing_import: bool,
}

/// Whether a finding fails a build.
///
/// No third kind will be added: every finding fails the build, or does not.
///
/// ```
/// use codelibra_build::{Inspection, Severity};
///
/// let inspection = Inspection::from_proto("tests/cases/no_code.proto", &["tests/cases"]);
/// assert_eq!(inspection.findings()[0].severity, Severity::Error);
/// assert_eq!(Severity::Error.name(), "error");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A rule of catalogues is broken: the build fails.
    Error,
    /// The catalogue can be used, but something in it is probably a mistake.
    Warning,
}

impl Severity {
    /// Returns `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding: where, what, and what would be right.
///
/// ```
/// use codelibra_build::Catalog;
///
/// let error = Catalog::from_proto("tests/cases/no_code.proto", &["tests/cases"]).unwrap_err();
/// let finding = &error.diagnostics()[0];
/// assert_eq!(finding.file.as_deref(), Some("tests/cases/no_code.proto"));
/// assert_eq!(finding.position, Some((7, 1)));
/// assert_eq!(finding.message, "`ErrorCode` lists no code");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether it fails a build.
    pub severity: Severity,
    /// The file as the user wrote it, its include folder included, if one is known. Files in a descriptor set have the
    /// names that imports use.
    pub file: Option<String>,
    /// Line and column, counted from 1, where they are known.
    pub position: Option<(usize, usize)>,
    /// The value at fault and what would be right.
    pub message: String,
}

impl Diagnostic {
    pub(crate) fn error(file: Option<String>, position: Option<(usize, usize)>, message: String) -> Self {
        Self { severity: Severity::Error, file, position, message }
    }

    /// Returns the same finding as a warning.
    pub(crate) fn into_warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl Error {
    /// What was found, in the order of the file.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// Whether an import is in none of the folders that were searched.
    pub fn is_missing_import(&self) -> bool {
        self.is_missing_import
    }

    pub(crate) fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, is_missing_import: false }
    }

    pub(crate) fn with_missing_import(self, is_missing_import: bool) -> Self {
        Self { is_missing_import, ..self }
    }

    pub(crate) fn io(what: &str, path: &Path, error: io::Error) -> Self {
        format!("{what} `{}`: {error}", path.display()).into()
    }
}

impl<S: Into<String>> From<S> for Error {
    fn from(message: S) -> Self {
        Self::new(vec![Diagnostic::error(None, None, message.into())])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let Some((line, column)) = self.position {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

/// The same text as `Display`, after a line break: cargo prints what `main` of a build script
/// returns with `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl std::error::Error for Error {}
