//! The library without a transport: codes, errors, bytes.

#![allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

#[path = "../bad/mod.rs"]
mod bad;
#[path = "../bad/read_all.rs"]
mod read_all;

mod bad_input;
mod catalog;
mod corrupt_infos;
mod derive;
mod derives;
mod google_details;
mod interceptor;
mod peer_codes;
mod peer_contents;
mod peer_status;
mod properties;
mod readme;
mod round_trip;
mod sample_errors;
mod tables;
mod two_hops;
