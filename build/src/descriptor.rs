//! From a `.proto` file or a descriptor set to descriptors with positions.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::{FileDescriptorProto, UninterpretedOption};
use protox::file::{ChainFileResolver, File, FileResolver};

use crate::Error;
use crate::error::Diagnostic;
use crate::option_text::{self, Repaired};
use crate::positions::{self, Positions};
use crate::protox_error::from_protox;
use crate::resolve::Input;
use crate::retired::Retired;

/// Descriptors, options included.
pub(crate) struct Source {
    pub(crate) pool: DescriptorPool,
    /// The file that was asked for; `None` where any of the pool may hold the catalogue.
    pub(crate) main: Option<String>,
    /// What was read from disk.
    pub(crate) paths: Vec<PathBuf>,
    /// What [`compile_relaxed`] took out of the enums.
    pub(crate) retired: HashMap<EnumPlace, Retired>,
    /// What [`compile_relaxed`] changed and the rules do not find.
    pub(crate) findings: Vec<Diagnostic>,
    /// What [`compile_relaxed`] changed in options that could not be read.
    pub(crate) repaired: Repaired,
    /// What was compiled; `None` for a descriptor set.
    input: Option<Input>,
    /// The files that were opened, where their positions are not in the pool.
    opened: BTreeMap<String, Opened>,
}

/// A file, and the path of an enum in its descriptor.
type EnumPlace = (String, Vec<i32>);

pub(crate) fn compile(input: &Input) -> Result<Source, Error> {
    open(input, input.resolver()).map_err(|e| from_protox(&e, input))
}

/// As [`compile`], but reads the positions itself, when there is a finding: protox compares each option with each
/// position. `None` where [`compile`] has something to report.
pub(crate) fn compile_quick(input: &Input) -> Option<Source> {
    let resolver = input.resolver();
    let name = resolver.resolve_path(&input.proto);
    let source = open_altered(input, resolver, |_, _| {})?;
    let path = name.and_then(|name| source.opened.get(&name)?.path.as_deref());
    // `./errors.proto` is `errors.proto`.
    let parts =
        |path: &'_ Path| -> PathBuf { path.components().filter(|part| *part != Component::CurDir).collect() };
    let shadowed = path.is_some_and(|path| parts(path) != parts(&input.proto));
    (!shadowed).then_some(source)
}

/// What [`compile_relaxed`] does about a file that does not import the options of catalogues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionsImport {
    AsWritten,
    Added,
}

/// As [`compile`], but changes what protox refuses in a catalogue: numbers and names that are used twice or are
/// reserved, and faults in the text of an option. protox stops at the first of them and does not report what else is
/// wrong. [`Source::findings`] contains a finding for each change that the rules do not report.
pub(crate) fn compile_relaxed(input: &Input, import: OptionsImport) -> Option<Source> {
    let relaxed = Rc::new(RefCell::new(Relaxed::default()));
    let result = Rc::clone(&relaxed);
    let (main, shown) = (input.resolver().resolve_path(&input.proto)?, input.shown.clone());
    let source = open_altered(input, input.resolver(), move |opened, file| {
        let mut relaxed = relaxed.borrow_mut();
        relaxed.retired.extend(relax(opened.name(), file));
        if opened.name() == main {
            if import == OptionsImport::Added {
                relaxed.findings.extend(option_text::add_import(&shown, file, opened));
            }
            relaxed.findings.extend(positions::rename_repeated(&shown, file, opened.file_descriptor_proto()));
            let (findings, repaired) = option_text::repair(&shown, file, opened);
            relaxed.findings.extend(findings);
            relaxed.repaired.extend(repaired);
        }
    })?;
    let Relaxed { retired, findings, repaired } = result.take();
    Some(Source { retired, findings, repaired, ..source })
}

/// What [`compile_relaxed`] changed.
#[derive(Default)]
struct Relaxed {
    retired: HashMap<EnumPlace, Retired>,
    findings: Vec<Diagnostic>,
    repaired: Repaired,
}

/// Takes from every enum what makes protox refuse a number.
fn relax(name: &str, file: &mut FileDescriptorProto) -> Vec<(EnumPlace, Retired)> {
    let is_alias = |option: &UninterpretedOption| matches!(option.name.as_slice(), [part] if !part.is_extension && part.name_part == "allow_alias");
    // Field 5 of FileDescriptorProto. A catalogue in a message is rare enough to keep protox's words.
    let enums = file.enum_type.iter_mut().zip(0..).map(|(the_enum, index)| {
        let options = the_enum.options.get_or_insert_default();
        options.uninterpreted_option.retain(|option| !is_alias(option));
        options.allow_alias = Some(true);
        let ranges = the_enum.reserved_range.drain(..).map(|range| range.start()..=range.end());
        let mut retired = Retired::default();
        retired.extend(ranges, std::mem::take(&mut the_enum.reserved_name));
        ((name.to_owned(), vec![5, index]), retired)
    });
    enums.collect()
}

fn open(input: &Input, resolver: impl FileResolver + 'static) -> Result<Source, protox::Error> {
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_source_info(true).include_imports(true);
    compiler.open_file(&input.proto)?;

    let files = || compiler.files();
    Ok(Source {
        main: files().find(|f| !f.is_import()).map(|f| f.name().to_owned()),
        paths: files().filter_map(|f| f.path().map(Path::to_owned)).collect(),
        input: Some(input.clone()),
        ..Source::from_pool(compiler.descriptor_pool())
    })
}

/// The names of enum values that the file uses twice.
pub(crate) fn repeated_names(input: &Input) -> Vec<Diagnostic> {
    let resolver = input.resolver();
    let name = resolver.resolve_path(&input.proto);
    let file = name.and_then(|name| resolver.open_file(&name).ok());
    file.map_or_else(Vec::new, |file| {
        let parsed = file.file_descriptor_proto();
        positions::rename_repeated(&input.shown, &mut parsed.clone(), parsed)
    })
}

impl Source {
    /// The positions of one of the files.
    pub(crate) fn positions(&self, file: &FileDescriptor) -> Positions {
        let positions = match self.opened.get(file.name()) {
            Some(opened) => Positions::of_parsed(&opened.parsed, Some(&self.pool)),
            None => Positions::from_file(file),
        };
        positions.with_file(self.shown(file.name()))
    }

    /// The file as findings name it.
    pub(crate) fn shown(&self, name: &str) -> String {
        self.input.as_ref().map_or_else(|| name.to_owned(), |input| input.shown(name))
    }

    fn from_pool(pool: DescriptorPool) -> Self {
        Self {
            pool,
            main: None,
            paths: Vec::new(),
            retired: HashMap::new(),
            findings: Vec::new(),
            repaired: Repaired::default(),
            input: None,
            opened: BTreeMap::new(),
        }
    }

    pub(crate) fn from_descriptor_set(bytes: &[u8]) -> Result<Self, Error> {
        let set = prost_types::FileDescriptorSet::decode(bytes)
            .map_err(|e| format!("not a google.protobuf.FileDescriptorSet: {e}"))?;
        if set.file.is_empty() {
            return Err("the descriptor set holds no file".into());
        }
        // prost-reflect 0.16 panics on a syntax that it does not know, editions included.
        for file in &set.file {
            if !matches!(file.syntax.as_deref(), None | Some("proto2" | "proto3")) {
                return Err(format!(
                    "syntax {:?} of `{}` is not supported; expected \"proto2\" or \"proto3\"",
                    file.syntax(),
                    file.name()
                )
                .into());
            }
        }
        // From the bytes and not from `set`: prost drops custom options.
        let pool = DescriptorPool::decode(bytes).map_err(|e| format!("{e:?}"))?;
        Ok(Self::from_pool(pool))
    }
}

/// A file as it was read.
#[derive(Debug)]
struct Opened {
    /// Where it is, if on disk.
    path: Option<PathBuf>,
    parsed: FileDescriptorProto,
}

fn open_altered(
    input: &Input,
    inner: ChainFileResolver,
    alter: impl Fn(&File, &mut FileDescriptorProto) + 'static,
) -> Option<Source> {
    let opened = Rc::new(RefCell::new(BTreeMap::new()));
    let resolver = AlteredFileResolver { inner, alter, opened: Rc::clone(&opened) };
    let source = open(input, resolver).ok()?;
    let opened = opened.take();
    let paths = opened.values().filter_map(|file: &Opened| file.path.clone()).collect();
    Some(Source { paths, opened, ..source })
}

/// Changes every file before protox looks at it, and keeps it as it was.
struct AlteredFileResolver<F> {
    inner: ChainFileResolver,
    alter: F,
    opened: Rc<RefCell<BTreeMap<String, Opened>>>,
}

impl<F: Fn(&File, &mut FileDescriptorProto)> FileResolver for AlteredFileResolver<F> {
    fn resolve_path(&self, path: &Path) -> Option<String> {
        self.inner.resolve_path(path)
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let file = self.inner.open_file(name)?;
        let parsed = file.file_descriptor_proto().clone();
        let mut altered = FileDescriptorProto { source_code_info: None, ..parsed.clone() };
        (self.alter)(&file, &mut altered);
        let opened = Opened { path: file.path().map(Path::to_owned), parsed };
        self.opened.borrow_mut().insert(name.to_owned(), opened);
        Ok(File::from_file_descriptor_proto(altered))
    }
}

/// The folder that a proto lies in according to its package: see [`package_root`](crate::package_root).
pub(crate) fn package_root(proto: &Path) -> Option<PathBuf> {
    let name = proto.file_name()?.to_str()?;
    let file = File::open(name, proto).ok()?;
    let package = file.file_descriptor_proto().package.as_deref()?;
    let folder = proto.parent()?;
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder_above(package, folder).or_else(|| folder_above(package, &here.canonicalize().ok()?))
}

/// See [`package_root_from_text`](crate::package_root_from_text).
pub(crate) fn package_root_from_text(proto: &Path, text: &str) -> Option<PathBuf> {
    let file = File::from_source(proto.file_name()?.to_str()?, text).ok()?;
    let package = file.file_descriptor_proto().package.as_deref()?;
    folder_above(package, proto.parent()?)
}

/// The folder above those of a package: `proto` for `shop.v1` in `proto/shop/v1`.
fn folder_above(package: &str, folder: &Path) -> Option<PathBuf> {
    let parts: PathBuf = package.split('.').collect();
    let root = folder.ancestors().nth(parts.components().count())?;
    folder.ends_with(parts).then(|| root.to_owned())
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shop/v1/errors.proto");

    /// Each position costs a comparison with each option and each name: 20,000 entries took 46 seconds.
    #[test]
    fn protox_gets_no_positions_and_they_are_known_all_the_same() {
        let proto = Path::new(SHOP);
        let input = Input::from_path(proto, &[package_root(proto).unwrap()]);
        let with_positions = compile(&input).unwrap();
        let main = with_positions.main.as_deref().unwrap();
        let path = [5, 0, 2, 1, 1];
        let position = |source: &Source| {
            let file = source.pool.get_file_by_name(main).unwrap();
            source.positions(&file).diagnostic(&path, String::new()).position
        };
        assert!(position(&with_positions).is_some_and(|(line, _)| line > 1));
        let relaxed = compile_relaxed(&input, OptionsImport::AsWritten);
        for source in [compile_quick(&input).unwrap(), relaxed.unwrap()] {
            assert_eq!(source.main.as_deref(), Some(main));
            for file in source.pool.files() {
                let positions = &file.file_descriptor_proto().source_code_info;
                assert_eq!(*positions, None, "{}", file.name());
            }
            assert_eq!(position(&source), position(&with_positions));
        }
    }

    /// The folder `.` gives `./errors.proto` for `errors.proto`. Taken for two files, it cost protox's comparisons.
    #[test]
    fn a_file_below_the_current_folder_is_read_without_positions() {
        let input = Input::from_path(Path::new("tests/cases/summary_missing.proto"), &["."]);
        assert!(compile_quick(&input).is_some());
    }
}
