//! `codelibra list`.

use std::fmt::Write;

use codelibra::{Catalog, Entry};

use crate::args::{List, TableFormat};
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
    let name_width = entries.iter().map(|e| e.name.len()).max().unwrap_or(0).max(4);
    let grpc_width = entries.iter().map(|e| e.grpc_code.name().len()).max().unwrap_or(0).max(4);
    let mut out = String::new();
    // A `String` takes everything that is written to it.
    let _ = writeln!(
        out,
        "{STRONG}{:<6}  {:<name_width$}  {:<grpc_width$}  SUMMARY{STRONG:#}",
        "CODE", "NAME", "GRPC"
    );
    for entry in entries {
        let Entry { code, name, summary, .. } = entry;
        let style = class_style(entry.class());
        let grpc = entry.grpc_code;
        let _ = writeln!(
            out,
            "{style}{code}{style:#}  {name:<name_width$}  {grpc:<grpc_width$}  {}",
            visible(summary)
        );
    }
    out
}
