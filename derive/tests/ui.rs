//! What compiles, and what is said of what does not. `TRYBUILD=overwrite cargo test -p codelibra-derive --test ui` writes
//! the expected messages.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;

/// The compiler that the messages in `ui/rustc` are of.
const RUSTC: &str = "rustc 1.95.";

/// `fail` has the derive's own words, which are the same for every compiler. `rustc` has what the compiler says around
/// them, which changes between its versions.
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
    let rustc = std::process::Command::new("rustc").arg("--version").output().unwrap();
    if rustc.stdout.starts_with(RUSTC.as_bytes()) {
        cases.compile_fail("tests/ui/rustc/*.rs");
    } else {
        eprintln!("tests/ui/rustc is left out: its messages are those of {RUSTC}x");
    }
}

/// `data/shop.rs` is what the build crate makes of `data/shop.proto`. `UPDATE_SHOP=1` writes it.
#[test]
fn the_catalogue_of_the_cases_is_generated() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let module = codelibra_build::Catalog::from_proto(data.join("shop.proto"), &[&data]).unwrap().to_rust();
    let path = data.join("shop.rs");
    if std::env::var_os("UPDATE_SHOP").is_some() {
        std::fs::write(path, module).unwrap();
        return;
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        module,
        "run UPDATE_SHOP=1 cargo test -p codelibra-derive"
    );
}
