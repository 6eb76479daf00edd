//! `to_http` for `cargo fuzz`.
#![cfg_attr(fuzzing, no_main)]
codelibra_fuzz::libfuzzer!(TO_HTTP);
