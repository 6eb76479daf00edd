//! The exports to programming languages: the table of a catalogue at the edges of what is allowed. `tests/interop` compiles
//! the modules and runs them.

use std::process::Command;

use crate::export;

/// The file that `UPDATE_EXPORTS=1` writes.
fn golden(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export").join(name)
}

/// The lines between the markers, which are made of the catalogue. The lines around them must be those of the runtime.
fn table(module: &str, runtime: &str) -> String {
    let parts = |text: &str| {
        let (head, rest) = text.split_once("BEGIN GENERATED\n").unwrap();
        let (table, tail) = rest.split_once("END GENERATED\n").unwrap();
        let (table, marker) = table.rsplit_once('\n').unwrap();
        (head.to_owned(), format!("{table}\n"), format!("{marker}{tail}"))
    };
    let ((head, table, tail), (expected_head, _, expected_tail)) = (parts(module), parts(runtime));
    assert_eq!((head, tail), (expected_head, expected_tail));
    table
}

fn check(language: &str, arguments: &[&str], runtime: &str, file: &str) {
    let arguments = [&["export", language, "--catalog", "tests/data/hostile.proto"], arguments].concat();
    let table = table(&String::from_utf8(export(&arguments)).unwrap(), runtime);
    if std::env::var_os("UPDATE_EXPORTS").is_some() {
        std::fs::write(golden(file), &table).unwrap();
    }
    assert_eq!(table, std::fs::read_to_string(golden(file)).unwrap(), "UPDATE_EXPORTS=1 writes the file");
}

#[test]
fn typescript() {
    let runtime = include_str!("../../src/export/typescript/runtime.ts");
    check("typescript", &[], runtime, "hostile.ts");
    let module = String::from_utf8(export(&["export", "typescript"])).unwrap();
    for entry in codelibra::CATALOG.entries() {
        assert!(module.contains(&format!("\n  {}: {},\n", entry.reason, entry.code)), "{}", entry.name);
    }
}

#[test]
fn go() {
    let runtime = include_str!("../../src/export/go/runtime.go");
    let package = |name: &str| runtime.replace("ackage sample", &format!("ackage {name}"));
    check("go", &[], &package("hostile"), "hostile.go");
    check("go", &["--package", "codes_2"], &package("codes_2"), "hostile.go");
    let lending = export(&["export", "go", "--catalog", "tests/data/lending.proto"]);
    assert!(String::from_utf8(lending).unwrap().contains("\npackage lending\n"));
    refused(&["export", "go", "--package", "func"], "`func` is not the name of a Go package");
    refused(&["export", "go", "--package", "a.b"], "such as `codelibra`");
}

fn refused(arguments: &[&str], message: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_codelibra")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains(message), "{stderr}");
}

#[test]
fn java() {
    let runtime = include_str!("../../src/export/java/runtime.java");
    let package = |name: &str| runtime.replace("\npackage sample;\n", &format!("\npackage {name};\n"));
    check("java", &[], &package("com.example.hostile"), "hostile.java");
    check("java", &["--package", "a.b_2"], &package("a.b_2"), "hostile.java");
    refused(&["export", "java", "--package", "a.class"], "`a.class` is not the name of a Java package");
    refused(&["export", "java", "--package", ""], "such as `codelibra`");
}

#[test]
fn python() {
    let runtime = include_str!("../../src/export/python/runtime.py");
    check("python", &[], runtime, "hostile.py");
}
