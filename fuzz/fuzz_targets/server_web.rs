//! `server_web` for `cargo fuzz`.
#![cfg_attr(fuzzing, no_main)]
codelibra_fuzz::libfuzzer!(SERVER_WEB);
