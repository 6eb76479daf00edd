//! A text of its own goes wherever private text can get into a failure. The table of cases states what is sent of it and what
//! is only in the log, and every transport is compared with that.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

#[path = "../support/mod.rs"]
mod support;
#[path = "../web/mod.rs"]
mod web;

mod answers;
mod bodies;
mod bridges;
mod carry;
mod faults;
mod grpc;
mod oracle;
mod over_grpc;
mod over_http;
mod single_cases;
mod table;
