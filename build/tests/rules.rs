//! Every rule of catalogues fails with file, line, column, the value at fault, and what would be right.
//!
//! A case is a catalogue that breaks one, `cases/NAME.proto`, and what the build says about it,
//! `cases/NAME.txt`. `UPDATE_CASES=1 cargo test -p codelibra-build --test rules` writes the latter; read the
//! difference before it is committed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use codelibra_build::{Catalog, Error};

/// As a user writes it: tests run in the folder of their package.
const CASES: &str = "tests/cases";
const OUR_PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
const OUR_CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/codelibra/error/v1/catalog.proto");

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(CASES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "proto"))
        .collect();
    cases.sort();
    cases
}

fn findings(path: &Path) -> Error {
    match Catalog::from_proto(path, &[CASES]) {
        Ok(_) => panic!("{} breaks no rule", path.display()),
        Err(error) => error,
    }
}

#[test]
fn every_case_says_what_its_text_says() {
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut wrong = Vec::new();
    for path in cases() {
        let said = format!("{}\n", findings(&path));
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, &said).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{}:\nsaid\n{said}expected\n{expected}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_has_both_files() {
    let texts = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<PathBuf> = texts.filter(|path| path.extension().is_some_and(|ext| ext == "txt")).collect();
    assert_eq!(texts.len(), cases().len());
    assert!(texts.iter().all(|text| text.with_extension("proto").exists()));
    assert!(texts.len() >= 35, "only {} cases", texts.len());
}

/// All but those about what stands nowhere: a catalogue that is not there, and the end of a file.
#[test]
fn every_finding_has_file_line_and_column() {
    for path in cases() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let nowhere = ["no_catalog.proto", "no_options.proto", "empty_file.proto"].contains(&name);
        for diagnostic in findings(&path).diagnostics() {
            assert_eq!(diagnostic.file, path.to_str().map(str::to_owned), "{diagnostic}");
            let at_the_end = diagnostic.message.ends_with("reached end of file");
            assert_eq!(diagnostic.position.is_some(), !nowhere && !at_the_end, "{diagnostic}");
        }
    }
}

#[test]
fn debug_is_display_on_lines_of_its_own() {
    // cargo prints what a build script's `main` returns with `Debug`.
    let error = findings(&Path::new(CASES).join("several_at_once.proto"));
    assert_eq!(format!("{error:?}"), format!("\n{error}"));
}

#[test]
fn a_missing_file_is_named() {
    let error = Catalog::from_proto("nowhere/errors.proto", &[CASES]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read `nowhere/errors.proto`: "), "{error}");
}

#[test]
fn a_file_outside_the_include_folders_is_named() {
    let error = Catalog::from_proto(OUR_CATALOG, &[CASES]).unwrap_err().to_string();
    assert!(error.contains("catalog.proto") && error.contains("include"), "{error}");
}

#[test]
fn a_file_that_another_include_folder_hides_is_named() {
    let (seen, hidden) = (Folder::new("shadow-seen"), Folder::new("shadow-hidden"));
    for folder in [&seen, &hidden] {
        fs::copy(OUR_CATALOG, folder.0.join("errors.proto")).unwrap();
    }
    let path = hidden.0.join("errors.proto");
    let error = Catalog::from_proto(&path, &[&seen.0, &hidden.0]).unwrap_err().to_string();
    assert!(error.contains("shadowed"), "{error}");
    assert!(Catalog::from_proto(&path, &[&hidden.0, &seen.0]).is_ok());
}

#[test]
fn a_folder_in_place_of_a_file_is_named() {
    let error = Catalog::from_proto(CASES, &[CASES]).unwrap_err().to_string();
    assert!(error.contains("cases"), "{error}");
}

#[test]
fn a_file_that_is_not_utf8_is_an_error() {
    let folder = Folder::new("not_utf8");
    let error = folder.check(b"syntax = \"proto3\"; // \xff\xfe").unwrap_err();
    assert!(error.to_string().contains("errors.proto"), "{error}");
}

/// A folder for one test's files.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rules-{test}"));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn check(&self, proto: &[u8]) -> Result<Catalog, Error> {
        let path = self.0.join("errors.proto");
        fs::write(&path, proto).unwrap();
        Catalog::from_proto(path, &[&self.0])
    }
}

mod descriptor_set {
    use super::*;

    fn compile(path: &Path, include: &str, source_info: bool) -> Vec<u8> {
        // The options that codelibra-build brings along are the ones of its own folder.
        let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
        let mut compiler = protox::Compiler::new([include, bundled]).unwrap();
        compiler.include_imports(true).include_source_info(source_info);
        compiler.open_file(path).unwrap();
        compiler.encode_file_descriptor_set()
    }

    #[test]
    fn says_the_same_as_the_file_itself() {
        let from_proto = Catalog::from_proto(OUR_CATALOG, &[OUR_PROTO]).unwrap();
        for source_info in [true, false] {
            let set = compile(Path::new(OUR_CATALOG), OUR_PROTO, source_info);
            assert_eq!(Catalog::from_descriptor_set(&set).unwrap(), from_proto);
        }
    }

    #[test]
    fn has_the_same_findings_as_the_file_itself() {
        let mut compared = 0;
        for path in cases() {
            let parses = protox::Compiler::new([CASES, concat!(env!("CARGO_MANIFEST_DIR"), "/proto")])
                .unwrap()
                .open_file(&path)
                .is_ok();
            let catalog = !path.ends_with("no_catalog.proto")
                && !path.ends_with("no_options.proto")
                && !path.ends_with("empty_file.proto");
            if !parses || !catalog {
                continue;
            }
            compared += 1;
            let expected = findings(&path);
            let set = compile(&path, CASES, true);
            // A descriptor set has the names that imports use.
            let in_set = expected.to_string().replace("tests/cases/", "");
            assert_eq!(Catalog::from_descriptor_set(&set).unwrap_err().to_string(), in_set);

            // Without source info: the file and the messages, and no line.
            let set = compile(&path, CASES, false);
            let found = Catalog::from_descriptor_set(&set).unwrap_err();
            let messages = |error: &Error| {
                let mut messages: Vec<_> = error.diagnostics().iter().map(|d| d.message.clone()).collect();
                messages.sort();
                messages
            };
            assert_eq!(messages(&found), messages(&expected));
            assert!(found.diagnostics().iter().all(|d| d.position.is_none()), "{found}");
        }
        assert!(compared >= 20, "only {compared} cases could be compared");
    }

    #[test]
    fn that_is_none_is_an_error() {
        for (garbage, expected) in [
            (&b"<html>"[..], "not a google.protobuf.FileDescriptorSet: "),
            (&[0xff; 100][..], "not a google.protobuf.FileDescriptorSet: "),
            (&[][..], "the descriptor set holds no file"),
            (&[0x0a, 0][..], ""),
        ] {
            let error = Catalog::from_descriptor_set(garbage).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.is_empty());
        }
    }

    #[test]
    fn without_the_imports_is_an_error() {
        let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
        let mut compiler = protox::Compiler::new([OUR_PROTO, bundled]).unwrap();
        compiler.open_file(OUR_CATALOG).unwrap();
        let set = compiler.encode_file_descriptor_set();
        let error = Catalog::from_descriptor_set(&set).unwrap_err().to_string();
        assert!(error.contains("codelibra/error/v1/options.proto"), "{error}");
    }

    /// `FileDescriptorProto.syntax` is field 12.
    #[test]
    fn of_an_unknown_syntax_is_an_error() {
        let error =
            Catalog::from_descriptor_set(b"\x0a\x0d\x0a\x01a\x62\x08editions").unwrap_err().to_string();
        assert_eq!(error, "syntax \"editions\" of `a` is not supported; expected \"proto2\" or \"proto3\"");
    }

    #[test]
    fn that_is_damaged_never_panics() {
        let set = compile(Path::new(OUR_CATALOG), OUR_PROTO, true);
        for end in (0..set.len()).step_by(97) {
            let _ = Catalog::from_descriptor_set(&set[..end]);
        }
        for at in (0..set.len()).step_by(31) {
            let mut damaged = set.clone();
            damaged[at] ^= 1 << (at % 8);
            let _ = Catalog::from_descriptor_set(&damaged);
        }
    }
}

#[test]
fn a_truncated_catalog_never_panics_and_is_never_accepted_with_fewer_codes() {
    let folder = Folder::new("truncated");
    let text = fs::read(OUR_CATALOG).unwrap();
    let end_of_enum = text.iter().rposition(|byte| *byte == b'}').unwrap();
    for end in (0..end_of_enum).step_by(127).chain([end_of_enum]) {
        let found = folder.check(&text[..end]);
        assert!(found.is_err(), "{end} bytes of {} are a catalogue", text.len());
    }
    assert_eq!(folder.check(&text).unwrap().entries.len(), 39);
}

#[test]
fn a_catalog_with_flipped_bits_never_panics() {
    let folder = Folder::new("flipped");
    let text = fs::read(OUR_CATALOG).unwrap();
    for at in (0..text.len()).step_by(101) {
        let mut damaged = text.clone();
        damaged[at] ^= 1 << (at % 7);
        if let Err(error) = folder.check(&damaged) {
            assert!(!error.diagnostics().is_empty());
        }
    }
}
