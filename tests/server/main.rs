//! The layer of servers.

#![allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on panics"
)]

#[path = "../support/mod.rs"]
mod support;
#[path = "../web/mod.rs"]
mod web;

mod answers;
mod budget;
mod fields_of_success;
mod grpc_web;
mod grpc_web_bridges;
mod grpc_web_frames;
mod layer;
mod layer_order;
mod protocol_fields;
