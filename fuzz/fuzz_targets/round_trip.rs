//! `round_trip` for `cargo fuzz`.
#![cfg_attr(fuzzing, no_main)]
codelibra_fuzz::libfuzzer!(ROUND_TRIP);
