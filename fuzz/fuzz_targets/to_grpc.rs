//! `to_grpc` for `cargo fuzz`.
#![cfg_attr(fuzzing, no_main)]
codelibra_fuzz::libfuzzer!(TO_GRPC);
