//! Fuzz targets: functions that take any bytes and panic if a promise of the library is broken.
//!
//! Each target runs in two ways: under `cargo fuzz`, which is guided by coverage and needs a nightly toolchain, and
//! in the program of this crate (`fuzz/run`), which mutates seeds and needs a stable toolchain. `fuzz/README.md` shows both.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a fuzz target panics if it finds a fault"
)]

mod answer;
mod cursor;
pub mod mutate;
mod oracle;
pub mod running;
mod seeds;
pub mod targets;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name on the command line.
    pub name: &'static str,
    /// Runs one input. Panics if a promise is broken. Returns a number that differs for different outcomes.
    pub run: fn(&[u8]) -> u64,
    /// Returns the first inputs of the runner.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    targets::DETAILS_HEADER,
    targets::CLIENT,
    targets::SERVER,
    targets::SERVER_WEB,
    targets::BODIES,
    targets::STREAM_READER,
    targets::TO_HTTP,
    targets::TO_GRPC,
    targets::BASE64,
    targets::CATALOG,
    targets::DIFFERENTIAL,
    targets::ROUND_TRIP,
];

/// Declares the entry point of one target for `cargo fuzz`, which sets `cfg(fuzzing)`. Built without it, the program does
/// nothing.
#[macro_export]
macro_rules! libfuzzer {
    ($target:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            let _ = ($crate::targets::$target.run)(data);
        });
        #[cfg(not(fuzzing))]
        fn main() {}
    };
}
