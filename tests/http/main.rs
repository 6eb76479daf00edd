//! HTTP: bodies, bridges, axum; and tables of cases that run through every transport.

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
#[path = "../support/mod.rs"]
mod support;
#[path = "../hostile/upstream.rs"]
mod upstream;

mod answers;
mod axum;
mod bad_input;
mod bodies;
mod bridge;
mod clients;
mod details;
mod error_infos;
mod errors_that_panic;
mod examples;
mod gateway_error;
mod hostile;
mod known_errors;
mod log_events;
mod one_port;
mod panics;
mod stream;
mod stream_panics;

/// Another catalogue.
#[allow(unused, unreachable_pub, clippy::all)]
mod shop {
    include!("../data/shop.rs");
}
