//! Counts of allocations. The counting allocator applies to the whole process, so these tests have their own binary.

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
#[path = "../in_process/mod.rs"]
mod in_process;
#[path = "../web/mod.rs"]
mod web;

mod http;
mod layers;
mod linear;
mod wire;
