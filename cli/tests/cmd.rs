//! The command line, as data: each file of `tests/cmd` is a session. `TRYCMD=overwrite cargo test --test cmd`
//! writes what the command prints now.

#![allow(missing_docs)]

#[test]
fn sessions() {
    trycmd::TestCases::new().env("NO_COLOR", "1").case("tests/cmd/*.trycmd");
}
