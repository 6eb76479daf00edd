//! The catalogue as one JSON object.

use std::io;

use codelibra::{Catalog, Entry};
use serde::Serialize;

use crate::failure::Failure;
use crate::visible::VisibleJson;

#[derive(Serialize)]
struct Document {
    domain: &'static str,
    pages: &'static str,
    entries: &'static [Entry],
}

/// Writes the domain, the address of the pages, and each entry as `list --format json` prints it.
pub(crate) fn encode(catalog: &Catalog) -> Result<Vec<u8>, Failure> {
    let document = Document { domain: catalog.domain(), pages: catalog.pages(), entries: catalog.entries() };
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, VisibleJson::new());
    document.serialize(&mut serializer).map_err(io::Error::from)?;
    out.push(b'\n');
    Ok(out)
}
