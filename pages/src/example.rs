//! Examples for the reader of a terminal and of the pages: entries of the catalogue, and values of parameters.

use codelibra::{Catalog, Entry, ParamKind};

/// An entry for an example without parameters: one that has none, if there is one.
pub fn without_params(catalog: &'static Catalog) -> Option<&'static Entry> {
    current(catalog).find(|entry| entry.params.is_empty()).or_else(|| current(catalog).next())
}

/// An entry with parameters.
pub fn with_params(catalog: &'static Catalog) -> Option<&'static Entry> {
    current(catalog).find(|entry| !entry.params.is_empty())
}

/// The entries that are not deprecated; all entries if all are deprecated.
fn current(catalog: &'static Catalog) -> impl Iterator<Item = &'static Entry> {
    let is_current = |entry: &&Entry| entry.deprecated.is_empty();
    let any = catalog.entries().iter().any(|entry| is_current(&entry));
    catalog.entries().iter().filter(move |entry| !any || is_current(entry))
}

/// The parameters of an entry as the query of `:raise`.
pub fn query<'a>(params: impl Iterator<Item = (&'a str, ParamKind)>) -> String {
    let pairs: Vec<String> = params.map(|(name, kind)| format!("{name}={}", value(kind))).collect();
    pairs.join("&")
}

/// An example value of a parameter.
pub fn value(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Int64 => "500",
        ParamKind::Bool => "true",
        ParamKind::Timestamp => "2026-01-31T09:30:00Z",
        ParamKind::Duration => "1.5s",
        _ => "example",
    }
}
