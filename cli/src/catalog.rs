//! The catalogue that a command works on: ours, or the one of `--catalog`.

use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};

use codelibra::{Catalog, CatalogCode, CodeNumber, Entry, ErrorCode, GrpcCode, Param, ParamKind, Recovery};

use crate::args::CatalogFile;
use crate::failure::Failure;

/// A descriptor set of ten thousand codes has a few megabytes.
pub(crate) const MAX_FILE: u64 = 256 << 20;

/// Reads the catalogue. It lives as long as the process.
pub(crate) fn load(source: &CatalogFile) -> Result<&'static Catalog, Failure> {
    let folders = includes(source)?;
    let Some(file) = source.file.as_deref() else { return Ok(ErrorCode::catalog()) };
    if let Err(error) = std::fs::File::open(file) {
        return Err(Failure::bad_input(format_args!("cannot read `{}`: {error}", file.display())));
    }
    let read = if is_proto(file) {
        codelibra_build::Catalog::from_proto(file, &folders)
    } else {
        let bytes = bytes(file)?;
        codelibra_build::Catalog::from_descriptor_set(&bytes).map_err(|error| {
            let hint =
                if bytes.is_ascii() { "; a file of proto source has a name that ends in .proto" } else { "" };
            format!("{error}{hint}").into()
        })
    };
    convert(&read.map_err(|error| broken(file, &folders, &error))?)
}

/// The file of `--catalog` and its imports as an encoded `google.protobuf.FileDescriptorSet`.
pub(crate) fn descriptor_set(source: &CatalogFile) -> Result<Option<Vec<u8>>, Failure> {
    let Some(file) = source.file.as_deref() else { return Ok(None) };
    if !is_proto(file) {
        return bytes(file).map(Some);
    }
    let folders = includes(source)?;
    codelibra_build::descriptor_set(file, &folders).map(Some).map_err(|error| broken(file, &folders, &error))
}

pub(crate) fn is_proto(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "proto")
}

/// The folders where imports are looked up: the folder of the file, the root of its package, and those of `--include`.
fn includes(source: &CatalogFile) -> Result<Vec<PathBuf>, Failure> {
    let Some(file) = source.file.as_deref() else {
        return match source.include.first() {
            Some(_) => {
                Err(Failure::bad_input("--include is given without --catalog, whose imports it is for"))
            }
            None => Ok(Vec::new()),
        };
    };
    folders(file, &source.include)
}

/// As [`includes`], for any file.
pub(crate) fn folders(file: &Path, include: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    check_include(include)?;
    if !is_proto(file) {
        return Ok(Vec::new());
    }
    let own = file.parent().map(Path::to_owned);
    let given = include.iter().cloned();
    let mut folders = Vec::new();
    for folder in own.into_iter().chain(codelibra_build::package_root(file)).chain(given).map(or_here) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Checks that the folders of `--include` are folders.
pub(crate) fn check_include(include: &[PathBuf]) -> Result<(), Failure> {
    for folder in include {
        let wrong =
            |why: &dyn Display| Failure::bad_input(format_args!("--include `{}`: {why}", folder.display()));
        let found = std::fs::metadata(folder).map_err(|error| wrong(&error))?;
        if !found.is_dir() {
            return Err(wrong(&"it is a file; expected a folder"));
        }
    }
    Ok(())
}

pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |e| Failure::bad_input(format_args!("cannot read `{}`: {e}", file.display()));
    let mut bytes = Vec::new();
    let len = std::fs::File::open(file)
        .and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(cannot)?;
    if u64::try_from(len).is_ok_and(|len| len > MAX_FILE) {
        return Err(Failure::bad_input(format_args!(
            "`{}` has more than {MAX_FILE} bytes; expected a catalogue",
            file.display()
        )));
    }
    Ok(bytes)
}

fn broken(file: &Path, folders: &[PathBuf], error: &codelibra_build::Error) -> Failure {
    let is_named = error.diagnostics().iter().any(|finding| finding.file.is_some());
    let named = if is_named { error.to_string() } else { format!("`{}`: {error}", file.display()) };
    if error.is_missing_import() {
        return Failure::bad_input(format_args!("{named}{}", searched(folders)));
    }
    match error.diagnostics() {
        [one] if one.position.is_none() => Failure::bad_input(named),
        _ => Failure::Findings {
            summary: format!("`{}` breaks the rules of catalogues:", file.display()),
            lines: error.to_string(),
        },
    }
}

/// Where an import was looked up that was not found, and what would help.
pub(crate) fn searched(folders: &[PathBuf]) -> String {
    let folders: Vec<String> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
    format!("; searched in {}; `--include DIR` adds a folder", folders.join(", "))
}

pub(crate) fn or_here(path: PathBuf) -> PathBuf {
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

fn convert(catalog: &codelibra_build::Catalog) -> Result<&'static Catalog, Failure> {
    let domain = text(&catalog.domain);
    let entries =
        catalog.entries.iter().map(|entry| convert_entry(domain, entry)).collect::<Result<Vec<_>, _>>()?;
    let fallback = catalog.fallback.iter().map(|fallback| {
        let grpc_code = GrpcCode::from_name(&fallback.grpc_code);
        let unknown = || Failure::bad_input(format_args!("gRPC code {} is not known", fallback.grpc_code));
        Ok((grpc_code.ok_or_else(unknown)?, fallback.code))
    });
    let fallback = fallback.collect::<Result<Vec<_>, Failure>>()?;
    Ok(Catalog::leak(domain, text(&catalog.pages), entries, fallback))
}

fn convert_entry(domain: &'static str, entry: &codelibra_build::Entry) -> Result<Entry, Failure> {
    let unknown = |what: &str, value: &str| {
        Failure::bad_input(format_args!("{what} {value} of {} is not known to this version", entry.name))
    };
    let params = entry.params.iter().map(|param| {
        Ok(Param {
            name: text(&param.name),
            kind: ParamKind::from_name(&param.kind).ok_or_else(|| unknown("type", &param.kind))?,
            description: text(&param.description),
        })
    });
    let params = params.collect::<Result<Vec<_>, Failure>>()?;
    let of_class = || CodeNumber::from_u32(entry.code).map(CodeNumber::grpc_code).map_err(Failure::bad_input);
    let grpc_code = |name: &String| GrpcCode::from_name(name).ok_or_else(|| unknown("gRPC code", name));
    Ok(Entry {
        code: entry.code,
        name: text(&entry.name),
        reason: text(&entry.reason),
        domain,
        summary: text(&entry.summary),
        cause: text(&entry.cause),
        resolution: text(&entry.resolution),
        recovery: Recovery::from_name(&entry.recovery).ok_or_else(|| unknown("recovery", &entry.recovery))?,
        params: params.leak(),
        grpc_code: entry.grpc_code.as_ref().map_or_else(of_class, grpc_code)?,
        since: text(&entry.since),
        deprecated: text(&entry.deprecated),
        replaced_by: text(&entry.replaced_by),
        attached: &[],
        details: &[],
    })
}

fn text(text: &str) -> &'static str {
    String::leak(text.to_owned())
}
