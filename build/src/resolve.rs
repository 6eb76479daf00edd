//! Where the files of a catalogue are looked up.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

/// The proto of the options of catalogues, as imports name it.
pub(crate) const OPTIONS_PROTO: &str = "codelibra/error/v1/options.proto";

/// The protos that every catalogue may import without having the files.
const BUNDLED: [(&str, &str); 2] = [
    (OPTIONS_PROTO, include_str!("../proto/codelibra/error/v1/options.proto")),
    ("codelibra/error/v1/error_info.proto", include_str!("../proto/codelibra/error/v1/error_info.proto")),
];

/// What a file of this name contains; `None` if there is no such file.
pub(crate) type ReadFile = dyn Fn(&str) -> io::Result<Option<String>>;

/// The file that is asked for, and where it and its imports are read.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) proto: PathBuf,
    /// The file as findings name it.
    pub(crate) shown: String,
    folders: Vec<PathBuf>,
    /// Reads what is in no folder.
    read: Option<Rc<ReadFile>>,
}

impl Input {
    /// A file on disk, as the user wrote its path.
    pub(crate) fn from_path(proto: &Path, includes: &[impl AsRef<Path>]) -> Self {
        let folders = includes.iter().map(|folder| folder.as_ref().to_owned()).collect();
        Self { proto: proto.to_owned(), shown: proto.display().to_string(), folders, read: None }
    }

    /// A file that `read` gives, as it gives the imports.
    pub(crate) fn from_reader(name: &str, shown: &str, read: Rc<ReadFile>) -> Self {
        Self { proto: PathBuf::from(name), shown: shown.to_owned(), folders: Vec::new(), read: Some(read) }
    }

    pub(crate) fn is_on_disk(&self) -> bool {
        self.read.is_none()
    }

    /// The bundled protos come first: a file in a folder of the user cannot break or replace them.
    pub(crate) fn resolver(&self) -> ChainFileResolver {
        let mut resolver = ChainFileResolver::new();
        resolver.add(BundledFileResolver);
        resolver.add(GoogleFileResolver::new());
        for folder in &self.folders {
            let inner = IncludeFileResolver::new(folder.clone());
            resolver.add(FolderFileResolver { folder: folder.clone(), inner });
        }
        if let Some(read) = &self.read {
            resolver.add(ReadFileResolver { main: self.proto.clone(), read: Rc::clone(read) });
        }
        resolver
    }

    /// The file as the user wrote it: with its folder, and not as imports name it.
    pub(crate) fn shown(&self, name: &str) -> String {
        if self.resolver().resolve_path(&self.proto).as_deref() == Some(name) {
            return self.shown.clone();
        }
        let is_bundled = BUNDLED.iter().any(|(bundled, _)| *bundled == name);
        let mut paths = self.folders.iter().map(|folder| folder.join(name));
        match paths.find(|path| !is_bundled && path.is_file()) {
            Some(path) => path.display().to_string(),
            None => name.to_owned(),
        }
    }
}

/// Reads files that are not in a folder.
struct ReadFileResolver {
    main: PathBuf,
    read: Rc<ReadFile>,
}

impl FileResolver for ReadFileResolver {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        (path == self.main).then(|| path.to_str().map(str::to_owned)).flatten()
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match (self.read)(name) {
            Ok(Some(text)) => File::from_source(name, &text),
            Ok(None) => Err(protox::Error::file_not_found(name)),
            Err(error) => Err(protox::Error::new(error)),
        }
    }
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

/// Has the protos that come with this crate.
pub(crate) struct BundledFileResolver;

impl FileResolver for BundledFileResolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match BUNDLED.iter().find(|(bundled, _)| *bundled == name) {
            Some((_, source)) => File::from_source(name, source),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}
