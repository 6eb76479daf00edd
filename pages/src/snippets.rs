//! How programs raise and match an error.

use codelibra::{Catalog, Entry};

/// The programs of one language.
pub(crate) struct Snippet {
    pub(crate) language: &'static str,
    /// The library that the programs use.
    pub(crate) with: &'static str,
    pub(crate) parts: Vec<Part>,
}

pub(crate) struct Part {
    pub(crate) title: &'static str,
    pub(crate) code: String,
}

pub(crate) fn snippets(_catalog: &'static Catalog, _entry: &'static Entry) -> Vec<Snippet> {
    Vec::new()
}
