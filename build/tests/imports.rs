//! Where the imports of a catalogue are looked up.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use codelibra_build::{Catalog, package_root};

const CATALOGUE: &str = "syntax = \"proto3\";
package shop.v1;
import \"codelibra/error/v1/options.proto\";
import \"codelibra/own.proto\";
enum ErrorCode {
  option (codelibra.error.v1.catalog) = {domain: \"shop.example.com\"};
  ERROR_CODE_UNSPECIFIED = 0;
  ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {summary: \"The item is sold out.\"}];
}
";

/// An empty folder of one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imports").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// As the binary of the command in a temporary folder.
#[test]
fn a_file_named_as_the_folder_of_an_import_ends_no_search() {
    let folder = folder("file");
    let [first, second] = ["first", "second"].map(|name| folder.join(name));
    let proto = first.join("errors.proto");
    write(&proto, CATALOGUE);
    write(first.join("codelibra"), "no folder");
    let error = Catalog::from_proto(&proto, &[&first]).unwrap_err();
    assert!(error.is_missing_import(), "{error}");
    assert!(error.to_string().contains("import 'codelibra/own.proto' not found"), "{error}");
    write(second.join("codelibra/own.proto"), "syntax = \"proto3\";");
    Catalog::from_proto(&proto, &[&first, &second]).unwrap();
}

#[test]
fn a_failure_to_read_has_the_reason_of_the_system() {
    let folder = folder("reason");
    let proto = folder.join("errors.proto");
    write(&proto, CATALOGUE);
    fs::create_dir_all(folder.join("codelibra/own.proto")).unwrap();
    let error = Catalog::from_proto(&proto, &[&folder]).unwrap_err();
    let reason = fs::read(folder.join("codelibra/own.proto")).unwrap_err();
    assert!(error.to_string().ends_with(&reason.to_string()) && !error.is_missing_import(), "{error}");
}

#[test]
fn the_root_of_a_package_is_found_by_the_names_of_the_folders() {
    let folder = folder("root");
    for (path, package, root) in [
        ("proto/shop/v1/errors.proto", "package shop.v1;", Some("proto")),
        ("proto/v1/errors.proto", "package v1;", Some("proto")),
        ("shop/v1/errors.proto", "package shop.v1;", Some("")),
        ("shop/v1/../v1/errors.proto", "package shop.v1;", Some("")),
        ("shop/v2/errors.proto", "package shop.v1;", None),
        ("v1/shop/errors.proto", "package shop.v1;", None),
        ("shop.v1/errors.proto", "package shop.v1;", None),
        ("shop/v1/none.proto", "", None),
        ("shop/v1/broken.proto", "package shop.v1", None),
    ] {
        write(folder.join(path), &format!("syntax = \"proto3\";\n{package}\n"));
        let found = package_root(folder.join(path)).map(|root| root.canonicalize().unwrap());
        assert_eq!(found, root.map(|root| folder.join(root).canonicalize().unwrap()), "{path}");
    }
    assert_eq!(package_root(folder.join("nowhere.proto")), None);
}
