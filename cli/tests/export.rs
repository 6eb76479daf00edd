//! `codelibra export`: what other tools are given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

#[path = "export/languages.rs"]
mod languages;

use std::collections::HashSet;
use std::process::Command;

use codelibra::{CatalogCode, ErrorCode};
use prost_reflect::{DescriptorPool, Value};

const DETAILS: [&str; 10] = [
    "BadRequest",
    "DebugInfo",
    "ErrorInfo",
    "Help",
    "LocalizedMessage",
    "PreconditionFailure",
    "QuotaFailure",
    "RequestInfo",
    "ResourceInfo",
    "RetryInfo",
];

fn export(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_codelibra")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn descriptor_set(arguments: &[&str]) -> DescriptorPool {
    DescriptorPool::decode(export(&[&["export", "descriptor-set"], arguments].concat()).as_slice()).unwrap()
}

#[test]
fn the_descriptor_set_is_whole() {
    let pool = descriptor_set(&[]);
    for detail in DETAILS {
        assert!(pool.get_message_by_name(&format!("google.rpc.{detail}")).is_some(), "{detail}");
    }
    for message in ["google.rpc.Status", "codelibra.error.v1.ErrorInfo", "google.protobuf.Any"] {
        assert!(pool.get_message_by_name(message).is_some(), "{message}");
    }
    assert!(pool.get_service_by_name("codelibra.catalog.v1.ErrorCatalogService").is_some());
}

#[test]
fn each_file_is_there_once_and_after_its_imports() {
    use prost_reflect::prost::Message;
    let set =
        prost_types::FileDescriptorSet::decode(export(&["export", "descriptor-set"]).as_slice()).unwrap();
    let mut seen = HashSet::new();
    for file in &set.file {
        for import in &file.dependency {
            assert!(seen.contains(import.as_str()), "{} comes before {import}", file.name());
        }
        assert!(seen.insert(file.name()), "{} is there twice", file.name());
    }
}

#[test]
fn the_http_annotations_are_kept() {
    let pool = descriptor_set(&[]);
    let http = pool.get_extension_by_name("codelibra.api.v1.http").unwrap();
    assert_eq!(http.number(), 72_295_728, "the number of google.api.http");
    let service = pool.get_service_by_name("codelibra.catalog.v1.ErrorCatalogService").unwrap();
    let paths = |method: &str| {
        let method = service.methods().find(|m| m.name() == method).unwrap();
        let rule = method.options().get_extension(&http).as_message().unwrap().clone();
        let text = |name| rule.get_field_by_name(name).unwrap().as_str().unwrap().to_owned();
        (text("get"), text("post"))
    };
    assert_eq!(paths("ListErrors").0, "/v1/errors");
    assert_eq!(paths("RaiseError").1, "/v1/errors/{code}:raise");
}

#[test]
fn the_catalogue_keeps_its_entries() {
    let pool = descriptor_set(&[]);
    let entry = pool.get_extension_by_name("codelibra.error.v1.entry").unwrap();
    let codes = pool.get_enum_by_name("codelibra.error.v1.ErrorCode").unwrap();
    for ours in ErrorCode::catalog().entries() {
        let value = codes.get_value(i32::try_from(ours.code).unwrap()).unwrap();
        let options = value.options();
        let Value::Message(entry) = options.get_extension(&entry).into_owned() else {
            panic!("{}", ours.name)
        };
        assert_eq!(entry.get_field_by_name("summary").unwrap().as_str(), Some(ours.summary));
    }
}

#[test]
fn another_catalogue_comes_along() {
    let shop = descriptor_set(&["--catalog", "tests/data/shop.proto"]);
    assert!(shop.files().any(|file| file.name().ends_with("shop.proto")));

    // The set that was written is a catalogue file itself.
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("export.descriptors");
    let path = file.to_str().unwrap();
    assert!(export(&["export", "descriptor-set", "--output", path]).is_empty(), "the file has it");
    assert_eq!(std::fs::read(&file).unwrap(), export(&["export", "descriptor-set"]));
    let listed = export(&["--catalog", path, "list", "--format", "json"]);
    assert_eq!(listed, export(&["list", "--format", "json"]));
}

#[test]
fn json_has_every_entry() {
    let document: serde_json::Value = serde_json::from_slice(&export(&["export", "json"])).unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&export(&["list", "--format", "json"])).unwrap();
    assert_eq!(document["domain"], "codelibra");
    assert_eq!(document["entries"], listed);
}

#[test]
fn markdown_has_every_entry_and_its_deprecation() {
    let page = String::from_utf8(export(&["export", "markdown"])).unwrap();
    for entry in ErrorCode::catalog().entries() {
        assert!(page.contains(&format!("\n## {} {}\n", entry.code, entry.name)), "{}", entry.name);
    }
    let lending = ["export", "markdown", "--catalog", "tests/data/lending.proto"];
    let lending = String::from_utf8(export(&lending)).unwrap();
    assert!(lending.contains("- Deprecated: since 2.1; use NOT\\_FOUND\n"), "{lending}");
}

#[test]
fn markup_in_a_text_is_escaped() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("markup.proto");
    let proto = std::fs::read_to_string("tests/data/lending.proto").unwrap();
    let markup = "</script> <b> *x* [a](b) | `c` {@link d} */ % é & e.";
    std::fs::write(&file, proto.replace("The book is gone.", markup)).unwrap();
    let arguments = |format| ["export", format, "--catalog", file.to_str().unwrap()];
    let page = String::from_utf8(export(&arguments("markdown"))).unwrap();
    let escaped = r"\</script\> \<b\> \*x\* \[a\](b) \| \`c\` \{\@link d\} \*/ % é \& e.";
    assert!(page.contains(&format!("- Summary: {escaped}\n")), "{page}");
    let document: serde_json::Value = serde_json::from_slice(&export(&arguments("json"))).unwrap();
    assert!(document["entries"].as_array().unwrap().iter().any(|entry| entry["summary"] == markup));
}

#[test]
fn check_compares_with_the_file() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("check.md");
    let path = file.to_str().unwrap();
    let _ = std::fs::remove_file(&file);
    let check = || {
        let arguments = ["export", "markdown", "--output", path, "--check"];
        let output = Command::new(env!("CARGO_BIN_EXE_codelibra")).args(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check().0, 2, "there is no file");
    export(&["export", "markdown", "--output", path]);
    assert_eq!(check(), (0, String::new()));
    std::fs::write(&file, "old").unwrap();
    let (status, message) = check();
    assert_eq!(status, 1);
    let expected = format!("`{path}` is not up to date; run the same command without `--check`");
    assert!(message.contains(&expected), "{message}");
    assert_eq!(std::fs::read(&file).unwrap(), b"old", "nothing is written");
    // The first bytes are equal.
    std::fs::write(&file, [export(&["export", "markdown"]), b"more".to_vec()].concat()).unwrap();
    assert_eq!(check().0, 1);
}

#[test]
fn a_full_device_is_bad_input() {
    let arguments = ["export", "json", "--output", "/dev/full"];
    let output = Command::new(env!("CARGO_BIN_EXE_codelibra")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
