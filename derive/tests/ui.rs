//! The messages about what does not compile. `TRYBUILD=overwrite cargo test -p codelibra-derive --test ui` writes the expected
//! messages. What compiles is in `tests/core/derives` of the library: with such a case, trybuild builds every dependency
//! instead of checking it.

#![allow(clippy::unwrap_used, missing_docs)]

/// The compiler that the messages in `ui/rustc` are of.
const RUSTC: &str = "rustc 1.95.";

/// `fail` has the derive's own words, which are the same for every compiler. `rustc` has what the compiler says around
/// them, which changes between its versions.
#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/*.rs");
    let rustc = std::process::Command::new("rustc").arg("--version").output().unwrap();
    if rustc.stdout.starts_with(RUSTC.as_bytes()) {
        cases.compile_fail("tests/ui/rustc/*.rs");
    } else {
        eprintln!("tests/ui/rustc is left out: its messages are those of {RUSTC}x");
    }
}
