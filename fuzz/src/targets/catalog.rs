use std::cell::RefCell;
use std::io::Write;

use codelibra_build::Catalog;
use tempfile::TempDir;

use crate::oracle::outcome;
use crate::{Target, seeds};

/// Any text is read as a catalogue, or is refused with findings. The same applies to any bytes as a descriptor set.
pub const CATALOG: Target = Target { name: "catalog", run, seeds: seeds::catalogs };

thread_local! {
    static FOLDER: RefCell<TempDir> = RefCell::new(TempDir::new().expect("a temporary folder"));
}

fn run(data: &[u8]) -> u64 {
    // protox reads groups of brackets by recursion.
    if data.iter().filter(|byte| matches!(byte, b'{' | b'[' | b'<')).count() > 1000 {
        return 0;
    }
    FOLDER.with_borrow(|folder| {
        let path = folder.path().join("catalog.proto");
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(data).expect("a file");
        let from_proto = Catalog::from_proto(&path, &[folder.path()]);
        let from_bytes = Catalog::from_descriptor_set(data);
        outcome([from_proto, from_bytes].map(|read| match read {
            Ok(catalog) => {
                assert!(!catalog.entries.is_empty());
                catalog.to_rust().len()
            }
            Err(error) => {
                assert!(!error.diagnostics().is_empty());
                error.to_string().lines().count()
            }
        }))
    })
}
