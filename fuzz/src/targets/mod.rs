//! The targets, one per file. The docs of each constant state the promise that its target checks.

mod base64;
mod bodies;
mod bridges;
mod catalog;
mod client;
mod details_header;
mod differential;
mod round_trip;
mod server;
mod server_web;
mod stream_reader;

pub use base64::BASE64;
pub use bodies::BODIES;
pub use bridges::{TO_GRPC, TO_HTTP};
pub use catalog::CATALOG;
pub use client::CLIENT;
pub use details_header::DETAILS_HEADER;
pub use differential::DIFFERENTIAL;
pub use round_trip::ROUND_TRIP;
pub use server::SERVER;
pub use server_web::SERVER_WEB;
pub use stream_reader::STREAM_READER;
