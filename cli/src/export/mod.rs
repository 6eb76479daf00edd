//! `codelibra export`: one file for each format, which makes the bytes of the whole output. This file writes them, or
//! compares them with a file.

mod descriptor_set;
mod json;
mod markdown;

use std::io::IsTerminal;

use codelibra::Catalog;

use crate::args::{CatalogFile, Destination, Export};
use crate::failure::{Failure, warn};
use crate::{catalog, output, write};

pub(crate) fn run(catalog: &'static Catalog, file: &CatalogFile, what: &Export) -> Result<(), Failure> {
    match what {
        Export::DescriptorSet(to) => {
            if to.output.is_none() && std::io::stdout().is_terminal() {
                return Err(Failure::bad_input(
                    "a descriptor set is binary and stdout is a terminal; expected `--output FILE` or a pipe",
                ));
            }
            finish(to, "descriptor-set", file, &descriptor_set::encode(file)?)
        }
        Export::Json(to) => finish(to, "json", file, &json::encode(catalog)?),
        Export::Markdown(to) => finish(to, "markdown", file, &markdown::encode(catalog)),
    }
}

/// Writes the output, or compares it with the file for `--check`.
fn finish(to: &Destination, format: &str, catalog: &CatalogFile, bytes: &[u8]) -> Result<(), Failure> {
    let Some(path) = to.output.as_deref() else { return output::bytes(bytes) };
    if !to.check {
        return write::file(path, bytes);
    }
    if catalog::bytes(path)? == bytes {
        return Ok(());
    }
    let mut command = format!("codelibra export {format} --output {}", path.display());
    if let Some(file) = &catalog.file {
        command += &format!(" --catalog {}", file.display());
    }
    for folder in &catalog.include {
        command += &format!(" --include {}", folder.display());
    }
    warn("error", &format!("`{}` is not up to date; run `{command}`", path.display()));
    Err(Failure::AnswerIsNo)
}
