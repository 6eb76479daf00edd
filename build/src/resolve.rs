//! Where the files of a catalogue are looked up.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

/// The protos that every catalogue may import without having the files.
const BUNDLED: [(&str, &str); 2] = [
    ("codelibra/error/v1/options.proto", include_str!("../proto/codelibra/error/v1/options.proto")),
    ("codelibra/error/v1/error_info.proto", include_str!("../proto/codelibra/error/v1/error_info.proto")),
];

/// The bundled protos come first: a file in a folder of the user cannot break or replace them.
pub(crate) fn resolver(includes: &[impl AsRef<Path>]) -> ChainFileResolver {
    let mut resolver = ChainFileResolver::new();
    resolver.add(BundledFileResolver);
    resolver.add(GoogleFileResolver::new());
    for include in includes {
        let folder = include.as_ref().to_owned();
        resolver.add(FolderFileResolver { inner: IncludeFileResolver::new(folder.clone()), folder });
    }
    resolver
}

/// Looks files up in one folder.
struct FolderFileResolver {
    folder: PathBuf,
    inner: IncludeFileResolver,
}

impl FileResolver for FolderFileResolver {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.inner.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        // protox takes `NotADirectory` for a failure that ends the search. The folder does not contain the file.
        match std::fs::metadata(self.folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotADirectory => {
                Err(protox::Error::file_not_found(name))
            }
            _ => self.inner.open_file(name),
        }
    }
}

struct BundledFileResolver;

impl FileResolver for BundledFileResolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match BUNDLED.iter().find(|(bundled, _)| *bundled == name) {
            Some((_, source)) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}
