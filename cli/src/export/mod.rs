//! `codelibra export`: one file for each format, which makes the bytes of the whole output. This file writes them, or
//! compares them with a file.

mod descriptor_set;
mod go;
mod html;
mod java;
mod json;
mod language;
mod markdown;
mod python;
mod typescript;

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;

use codelibra::Catalog;

use crate::args::{CatalogFile, Destination, Export};
use crate::failure::{Failure, warn};
use crate::{output, write};

pub(crate) fn run(catalog: &'static Catalog, file: &CatalogFile, what: &Export) -> Result<(), Failure> {
    match what {
        Export::DescriptorSet(to) => {
            if to.output.is_none() && std::io::stdout().is_terminal() {
                return Err(Failure::bad_input(
                    "a descriptor set is binary and stdout is a terminal; expected `--output FILE` or a pipe",
                ));
            }
            finish(to, &descriptor_set::encode(file)?)
        }
        Export::Go(args) => finish(&args.to, &go::encode(catalog, args.package.as_deref())?),
        Export::Java(args) => finish(&args.to, &java::encode(catalog, args.package.as_deref())?),
        Export::Html(to) => html::run(catalog, to),
        Export::Json(to) => finish(to, &json::encode(catalog)?),
        Export::Markdown(to) => finish(to, &markdown::encode(catalog)),
        Export::Python(to) => finish(to, &python::encode(catalog)),
        Export::Typescript(to) => finish(to, &typescript::encode(catalog)),
    }
}

/// Writes the output, or compares it with the file for `--check`.
fn finish(to: &Destination, bytes: &[u8]) -> Result<(), Failure> {
    let Some(path) = to.output.as_deref() else { return output::bytes(bytes) };
    if !to.check {
        return write::file(path, bytes);
    }
    if is_content(path, bytes)? {
        return Ok(());
    }
    warn("error", &format!("`{}` is not up to date; run the same command without `--check`", path.display()));
    Err(Failure::AnswerIsNo)
}

/// Returns whether the file contains these bytes and nothing else. Reads at most one byte more, however large the file is.
fn is_content(path: &Path, bytes: &[u8]) -> Result<bool, Failure> {
    let limit = u64::try_from(bytes.len()).map_or(u64::MAX, |len| len + 1);
    let mut found = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut found))
        .map_err(|error| Failure::bad_input(format_args!("cannot read `{}`: {error}", path.display())))?;
    Ok(found == bytes)
}
