//! From a `.proto` file or a descriptor set to descriptors with positions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver};

use crate::Error;
use crate::error::Diagnostic;

/// The protos that every catalogue may import without having the files.
const BUNDLED: [(&str, &str); 2] = [
    ("codelibra/error/v1/options.proto", include_str!("../proto/codelibra/error/v1/options.proto")),
    ("codelibra/error/v1/error_info.proto", include_str!("../proto/codelibra/error/v1/error_info.proto")),
];

/// Descriptors, options included.
pub(crate) struct Source {
    pub(crate) pool: DescriptorPool,
    /// The file that was asked for; `None` where any of the pool may hold the catalogue.
    pub(crate) main: Option<String>,
    /// What was read from disk.
    pub(crate) paths: Vec<PathBuf>,
}

pub(crate) fn compile(proto: &Path, includes: &[impl AsRef<Path>]) -> Result<Source, Error> {
    // Asked for first: protox reports a missing file as one that lies in no include folder.
    std::fs::metadata(proto).map_err(|e| Error::io("cannot read", proto, e))?;

    let mut resolver = ChainFileResolver::new();
    for include in includes {
        resolver.add(IncludeFileResolver::new(include.as_ref().to_owned()));
    }
    resolver.add(BundledFileResolver);
    resolver.add(GoogleFileResolver::new());

    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_source_info(true).include_imports(true);
    compiler.open_file(proto).map_err(from_protox)?;

    let files = || compiler.files();
    Ok(Source {
        main: files().find(|f| !f.is_import()).map(|f| f.name().to_owned()),
        paths: files().filter_map(|f| f.path().map(Path::to_owned)).collect(),
        pool: compiler.descriptor_pool(),
    })
}

impl Source {
    pub(crate) fn from_descriptor_set(bytes: &[u8]) -> Result<Self, Error> {
        let set = prost_types::FileDescriptorSet::decode(bytes)
            .map_err(|e| format!("not a google.protobuf.FileDescriptorSet: {e}"))?;
        if set.file.is_empty() {
            return Err("the descriptor set holds no file".into());
        }
        // From the bytes and not from `set`: prost drops custom options.
        let pool = DescriptorPool::decode(bytes).map_err(|e| format!("{e:?}"))?;
        Ok(Self { pool, main: None, paths: Vec::new() })
    }
}

/// protox writes `file:line:column: message` with `Debug`, and the message alone with `Display`.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn from_protox(error: protox::Error) -> Error {
    let text = format!("{error:?}");
    let message = error.to_string();
    let position = text
        .strip_suffix(&message)
        .and_then(|place| place.trim_end_matches([' ', ':']).rsplit_once(':'))
        .and_then(|(rest, column)| Some((rest.rsplit_once(':')?.1.parse().ok()?, column.parse().ok()?)));
    match error.file() {
        Some(file) => Error::new(vec![Diagnostic { file: Some(file.to_owned()), position, message }]),
        None => text.into(),
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

/// Where things stand in one file.
pub(crate) struct Positions {
    file: String,
    by_path: HashMap<Vec<i32>, (usize, usize)>,
}

impl Positions {
    pub(crate) fn of(file: &FileDescriptor) -> Self {
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        let one_based = |n: &i32| usize::try_from(*n).map_or(1, |n| n + 1);
        let by_path = info
            .into_iter()
            .flat_map(|info| &info.location)
            .filter_map(|location| match location.span.as_slice() {
                [line, column, ..] => Some((location.path.clone(), (one_based(line), one_based(column)))),
                _ => None,
            })
            .collect();
        Self { file: file.name().to_owned(), by_path }
    }

    /// A finding about what stands at `path`, or about the nearest thing around it.
    pub(crate) fn diagnostic(&self, path: &[i32], message: String) -> Diagnostic {
        let position = (0..=path.len())
            .rev()
            .filter_map(|end| path.get(..end))
            .find_map(|around| self.by_path.get(around).copied());
        Diagnostic { file: Some(self.file.clone()), position, message }
    }
}
