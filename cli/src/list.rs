//! `codelibra list`.

use std::fmt::Write;

use codelibra::{Catalog, Entry};

use crate::args::{List, TableFormat};
use crate::explain::deprecation;
use crate::failure::{Failure, warn};
use crate::output::{self, STRONG, class_style};
use crate::visible::visible;

pub(crate) fn run(catalog: &'static Catalog, args: &List) -> Result<(), Failure> {
    let of_class = |entry: &&Entry| args.class.is_none_or(|class| entry.class() == class);
    let entries: Vec<&Entry> = catalog.entries().iter().filter(of_class).collect();
    if let Some(class) = args.class
        && entries.is_empty()
    {
        let mut classes: Vec<String> = catalog.entries().iter().map(|e| e.class().to_string()).collect();
        classes.dedup();
        warn("note", &format!("the catalogue lists no code of class {class}; it has {}", classes.join(", ")));
    }
    match args.format {
        TableFormat::Json => output::json(&entries),
        TableFormat::Table => output::text(&table(&entries)),
    }
}

fn table(entries: &[&Entry]) -> String {
    let width = |heading: usize, text: fn(&Entry) -> &str| {
        entries.iter().map(|entry| text(entry).len()).max().unwrap_or(0).max(heading)
    };
    let name_width = width(4, |entry| entry.name);
    let grpc_width = width(4, |entry| entry.grpc_code.name());
    // A catalogue without versions needs no column for them.
    let has_versions = entries.iter().any(|entry| !entry.since.is_empty());
    let since_width = width(5, |entry| entry.since);
    let since = |text: &str| if has_versions { format!("{text:<since_width$}  ") } else { String::new() };
    let mut out = String::new();
    // A `String` takes everything that is written to it.
    let _ = writeln!(
        out,
        "{STRONG}{:<6}  {:<name_width$}  {:<grpc_width$}  {}SUMMARY{STRONG:#}",
        "CODE",
        "NAME",
        "GRPC",
        since("SINCE")
    );
    for entry in entries {
        let Entry { code, name, summary, .. } = entry;
        let style = class_style(entry.class());
        let (grpc, since) = (entry.grpc_code, since(entry.since));
        let _ = write!(
            out,
            "{style}{code}{style:#}  {name:<name_width$}  {grpc:<grpc_width$}  {since}{}",
            visible(summary)
        );
        let _ = match deprecation(entry).as_str() {
            "" => writeln!(out),
            deprecation => writeln!(out, " (deprecated {})", visible(deprecation)),
        };
    }
    out
}
