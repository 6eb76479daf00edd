//! `codelibra export`.

use std::io::IsTerminal;
use std::path::Path;

use codelibra::http::DetailTypes;

use crate::args::{CatalogFile, Export};
use crate::catalog;
use crate::descriptors;
use crate::failure::Failure;
use crate::{output, write};

pub(crate) fn run(catalog: &CatalogFile, what: &Export) -> Result<(), Failure> {
    match what {
        Export::DescriptorSet { output } => descriptor_set(catalog, output.as_deref()),
    }
}

/// What a transcoder needs to know: the service, the catalogue, and whatever an error may carry.
fn descriptor_set(catalog: &CatalogFile, output: Option<&Path>) -> Result<(), Failure> {
    if output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::bad_input(
            "a descriptor set is binary and stdout is a terminal; expected `--output FILE` or a pipe",
        ));
    }
    let theirs = catalog::descriptor_set(catalog)?;
    let details = DetailTypes::standard().to_descriptor_set();
    let sets = [descriptors::OURS, details.as_slice()];
    let set = descriptors::merge(sets.into_iter().chain(theirs.as_deref()))?;
    match output {
        Some(file) => write::file(file, &set),
        None => output::bytes(&set),
    }
}
