//! The layer of clients.

#![allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

#[path = "../hostile/cases.rs"]
mod cases;
#[path = "../in_process/mod.rs"]
mod in_process;
#[path = "../hostile/upstream.rs"]
mod upstream;

mod deadline;
mod examples;
mod grpc_web;
mod hostile;
mod layer;
mod retry;
