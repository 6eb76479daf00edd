//! `details_header` for `cargo fuzz`.
#![cfg_attr(fuzzing, no_main)]
codelibra_fuzz::libfuzzer!(DETAILS_HEADER);
