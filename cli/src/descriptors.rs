//! Sets of descriptors, as bytes. prost drops custom options when it decodes a set, and the HTTP annotations and the entries of
//! a catalogue are custom options.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message;
use prost_types::FileDescriptorProto;

use crate::failure::Failure;

/// The service of `serve`, ErrorInfo, and their imports.
pub(crate) const SERVICE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/service.descriptors"));

/// Our catalogue and its imports.
pub(crate) const CATALOG: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.descriptors"));

/// `google.protobuf.FileDescriptorSet` with its files as bytes.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// Merges sets. Of several files with one name, the first is kept. Each file comes after its imports, because Envoy and the
/// pools of protobuf add the files in order and reject a file whose imports come later.
pub(crate) fn merge<'a>(sets: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Failure> {
    let invalid = |e| Failure::bad_input(format_args!("not a google.protobuf.FileDescriptorSet: {e}"));
    let mut order = Vec::new();
    let mut waiting = BTreeMap::new();
    for set in sets {
        for bytes in Files::decode(set).map_err(invalid)?.file {
            let file = FileDescriptorProto::decode(bytes.clone()).map_err(invalid)?;
            let name = file.name().to_owned();
            waiting.entry(name.clone()).or_insert_with(|| {
                order.push(name);
                (file.dependency, bytes)
            });
        }
    }
    let mut merged = Files::default();
    while !order.is_empty() {
        let (ready, blocked): (Vec<_>, Vec<_>) = order.into_iter().partition(|name| {
            let imports = waiting.get(name).map(|(imports, _)| imports.as_slice()).unwrap_or_default();
            !imports.iter().any(|import| waiting.contains_key(import))
        });
        if ready.is_empty() {
            return Err(Failure::bad_input(format_args!(
                "these files import each other: {}",
                blocked.join(", ")
            )));
        }
        merged.file.extend(ready.iter().filter_map(|name| waiting.remove(name)).map(|(_, bytes)| bytes));
        order = blocked;
    }
    Ok(merged.encode_to_vec())
}
