//! `codelibra serve`, over real sockets: every code, over gRPC and over HTTP, there and back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod call;
mod catalogue;
mod codes;
mod foreign;
mod headers;
mod held;
mod pages;
mod process;
mod raise;
mod refused;
mod running;
mod slow;
mod streams;
mod uncoded;
mod undeclared;

#[allow(unreachable_pub, clippy::all, clippy::as_conversions, reason = "generated")]
mod pb {
    include!(concat!(env!("OUT_DIR"), "/codelibra.catalog.v1.rs"));
}
