//! From a `.proto` file or a descriptor set to descriptors with positions.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use miette::Diagnostic as _;
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::{FileDescriptorProto, UninterpretedOption};
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
    /// What [`compile_relaxed`] took out of the enums.
    pub(crate) retired: HashMap<EnumPlace, Retired>,
}

/// A file, and the path of an enum in its descriptor.
type EnumPlace = (String, Vec<i32>);

/// What the `reserved` statements of an enum say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Retired {
    pub(crate) ranges: Vec<RangeInclusive<i32>>,
    pub(crate) names: Vec<String>,
}

pub(crate) fn compile(proto: &Path, includes: &[impl AsRef<Path>]) -> Result<Source, Error> {
    // Asked for first: protox reports a missing file as one that lies in no include folder.
    std::fs::metadata(proto).map_err(|e| Error::io("cannot read", proto, e))?;
    open(proto, resolver(includes)).map_err(|e| from_protox(&e))
}

/// As [`compile`], without positions: they are most of the time that a large catalogue takes, and only findings
/// have them. `None` where [`compile`] has something to say.
pub(crate) fn compile_quick(proto: &Path, includes: &[impl AsRef<Path>]) -> Option<Source> {
    let resolver = resolver(includes);
    let name = resolver.resolve_path(proto);
    let (source, seen) = open_altered(proto, resolver, |_, file| file.source_code_info = None)?;
    let shadowed = name
        .and_then(|name| seen.get(&name)?.clone())
        .is_some_and(|path| !path.components().eq(proto.components()));
    (!shadowed).then(|| Source { paths: seen.into_values().flatten().collect(), ..source })
}

/// As [`compile`], but takes numbers that stand twice or are reserved. protox stops at the first of them,
/// says nothing of what else is wrong, and looks up the place of a reserved one under the wrong path.
pub(crate) fn compile_relaxed(proto: &Path, includes: &[impl AsRef<Path>]) -> Option<Source> {
    let retired = Rc::new(RefCell::new(HashMap::new()));
    let taken = Rc::clone(&retired);
    let (source, _) = open_altered(proto, resolver(includes), move |name, file| {
        taken.borrow_mut().extend(relax(name, file));
    })?;
    Some(Source { retired: retired.take(), ..source })
}

/// Takes from every enum what makes protox refuse a number.
fn relax(name: &str, file: &mut FileDescriptorProto) -> Vec<(EnumPlace, Retired)> {
    let is_alias = |option: &UninterpretedOption| matches!(option.name.as_slice(), [part] if !part.is_extension && part.name_part == "allow_alias");
    // Field 5 of FileDescriptorProto. A catalogue in a message is rare enough to keep protox's words.
    let enums = file.enum_type.iter_mut().zip(0..).map(|(the_enum, index)| {
        let options = the_enum.options.get_or_insert_default();
        options.uninterpreted_option.retain(|option| !is_alias(option));
        options.allow_alias = Some(true);
        let ranges = the_enum.reserved_range.drain(..).map(|range| range.start()..=range.end()).collect();
        let names = std::mem::take(&mut the_enum.reserved_name);
        ((name.to_owned(), vec![5, index]), Retired { ranges, names })
    });
    enums.collect()
}

/// The bundled protos come first: a file in a folder of the user cannot break or replace them.
fn resolver(includes: &[impl AsRef<Path>]) -> ChainFileResolver {
    let mut resolver = ChainFileResolver::new();
    resolver.add(BundledFileResolver);
    resolver.add(GoogleFileResolver::new());
    for include in includes {
        let folder = include.as_ref().to_owned();
        resolver.add(FolderFileResolver { inner: IncludeFileResolver::new(folder.clone()), folder });
    }
    resolver
}

fn open(proto: &Path, resolver: impl FileResolver + 'static) -> Result<Source, protox::Error> {
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_source_info(true).include_imports(true);
    compiler.open_file(proto)?;

    let files = || compiler.files();
    Ok(Source {
        main: files().find(|f| !f.is_import()).map(|f| f.name().to_owned()),
        paths: files().filter_map(|f| f.path().map(Path::to_owned)).collect(),
        pool: compiler.descriptor_pool(),
        retired: HashMap::new(),
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
        Ok(Self { pool, main: None, paths: Vec::new(), retired: HashMap::new() })
    }
}

fn from_protox(error: &protox::Error) -> Error {
    let Some(file) = error.file() else { return format!("{error:?}").into() };
    let source = error.source_code();
    let diagnostic = |finding: &dyn miette::Diagnostic| {
        let mut message = finding.to_string();
        // Why the text of an option is none of its type.
        if let Some(reason) = finding.diagnostic_source() {
            message = format!("{message}: {reason}");
        }
        // protox names the file that it cannot open; the reason of the system is in the source.
        if let Some(reason) = finding.source().filter(|_| error.is_io()) {
            message = format!("{message}: {reason}");
        }
        if message.ends_with("is defined twice") {
            message.push_str("; expected each name once");
        }
        let label = finding.labels().into_iter().flatten().last();
        let place = label.and_then(|label| source?.read_span(label.inner(), 0, 0).ok());
        let position = place.map(|place| (place.line() + 1, place.column() + 1));
        Diagnostic { file: Some(file.to_owned()), position, message }
    };
    let first: &dyn miette::Diagnostic = error;
    let all = std::iter::once(first).chain(error.related().into_iter().flatten());
    let mut diagnostics: Vec<Diagnostic> = all.map(diagnostic).collect();
    diagnostics.sort_by_key(|d| d.position);
    Error::new(diagnostics).with_missing_import(error.is_file_not_found())
}

/// Where the files that were opened lie, if on disk.
type Seen = BTreeMap<String, Option<PathBuf>>;

fn open_altered(
    proto: &Path,
    inner: ChainFileResolver,
    alter: impl Fn(&str, &mut FileDescriptorProto) + 'static,
) -> Option<(Source, Seen)> {
    let seen = Rc::new(RefCell::new(Seen::new()));
    let resolver = AlteredFileResolver { inner, alter, seen: Rc::clone(&seen) };
    let source = open(proto, resolver).ok()?;
    Some((source, seen.take()))
}

/// Changes every file before protox looks at it.
struct AlteredFileResolver<F> {
    inner: ChainFileResolver,
    alter: F,
    seen: Rc<RefCell<Seen>>,
}

impl<F: Fn(&str, &mut FileDescriptorProto)> FileResolver for AlteredFileResolver<F> {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.inner.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let file = self.inner.open_file(name)?;
        self.seen.borrow_mut().insert(name.to_owned(), file.path().map(Path::to_owned));
        let mut descriptor = file.file_descriptor_proto().clone();
        (self.alter)(name, &mut descriptor);
        Ok(File::from_file_descriptor_proto(descriptor))
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

/// The folder that a proto lies in according to its package: see [`package_root`](crate::package_root).
pub(crate) fn package_root(proto: &Path) -> Option<PathBuf> {
    let name = proto.file_name()?.to_str()?;
    let file = File::open(name, proto).ok()?;
    let parts: Vec<&str> = file.file_descriptor_proto().package.as_deref()?.split('.').collect();
    let root = |folder: &Path| {
        let root = folder.ancestors().nth(parts.len())?;
        folder.ends_with(parts.iter().collect::<PathBuf>()).then(|| root.to_owned())
    };
    let folder = proto.parent()?;
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    root(folder).or_else(|| root(&here.canonicalize().ok()?))
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
