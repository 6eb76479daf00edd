//! The `google.protobuf.FileDescriptorSet` for transcoders.

use codelibra::http::DetailTypes;

use crate::args::CatalogFile;
use crate::failure::Failure;
use crate::{catalog, descriptors};

/// What a transcoder needs to know: the service, the catalogue, and whatever an error may carry.
pub(crate) fn encode(catalog: &CatalogFile) -> Result<Vec<u8>, Failure> {
    let theirs = catalog::descriptor_set(catalog)?;
    let details = DetailTypes::standard().to_descriptor_set();
    let sets = [descriptors::SERVICE, descriptors::CATALOG, details.as_slice()];
    descriptors::merge(sets.into_iter().chain(theirs.as_deref()))
}
