#![cfg_attr(all(feature = "derive", feature = "tonic"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "derive", feature = "tonic")),
    doc = "Six-digit error codes that survive every hop between gRPC and HTTP."
)]

// Generated modules name this crate as `::codelibra`, here as everywhere else.
extern crate self as codelibra;

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(any(feature = "gateway", feature = "server"))]
mod boundary;
mod catalog;
#[cfg(any(feature = "gateway", feature = "server"))]
mod chain;
#[cfg(feature = "client")]
pub mod client;
mod code;
#[cfg(feature = "derive")]
#[doc(hidden)]
pub mod derive;
mod error;
mod error_infos;
#[cfg(any(feature = "gateway", feature = "server"))]
mod fallback;
mod grpc_code;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
mod guard;
#[cfg(feature = "gateway")]
pub mod http;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
mod known_error;
#[cfg(any(feature = "gateway", feature = "server"))]
mod log;
#[cfg(any(feature = "gateway", feature = "server", all(feature = "client", feature = "tracing")))]
mod log_limit;
mod macros;
mod metadata;
mod note;
#[cfg(any(feature = "gateway", feature = "server"))]
mod outgoing;
pub mod params;
mod received;
#[cfg(any(feature = "gateway", feature = "server"))]
mod request_id;
#[cfg(any(feature = "gateway", feature = "server"))]
mod request_line;
mod retry;
pub mod rpc;
#[cfg(feature = "server")]
pub mod server;
#[cfg(any(feature = "gateway", feature = "server"))]
mod service;
mod shed;
#[cfg(feature = "tonic")]
mod status;
pub mod tables;
mod typed;
mod wire;

/// Compiles the examples of the page.
#[cfg(all(doctest, feature = "axum", feature = "client"))]
#[doc = include_str!("../docs/gateway.md")]
struct GatewayPage;

pub use catalog::{Catalog, Entry, Param, ParamKind, Recovery};
pub use code::{
    CatalogCode, InvalidCode, class_code, class_of, class_phrase, grpc_code, http_status, is_code,
};
#[cfg(feature = "derive")]
pub use codelibra_derive::ApiError;
pub use error::ApiError;
pub use error_infos::ErrorInfos;
pub use grpc_code::GrpcCode;
pub use metadata::Metadata;
pub use note::Note;
pub use received::ReceivedError;
pub use retry::RetryAdvice;
pub use shed::Shed;
#[cfg(feature = "tonic")]
pub use status::{StatusCodeExt, default_status};
pub use typed::TypedError;
pub use wire::details::Detail;
pub use wire::{ERROR_CODE_HEADER, ERROR_INFO, GOOGLE_ERROR_INFO, RECEIVED_HEADER, STATUS_DETAILS_HEADER};

#[doc(hidden)]
#[cfg(feature = "axum")]
pub use axum_core as axum_types;
#[doc(hidden)]
#[cfg(feature = "tonic")]
pub use tonic as tonic_types;
#[doc(hidden)]
pub use {::http as http_types, prost, serde};

/// CodeLibra's own catalogue, generated from `proto/codelibra/error/v1/catalog.proto`.
mod generated {
    include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
}
pub use generated::*;

/// The messages of `proto/codelibra/error/v1`.
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/codelibra.error.v1.rs"));
}

/// The examples of the page compile.
#[cfg(all(doctest, feature = "gateway", feature = "server"))]
#[doc = include_str!("../docs/other-languages.md")]
mod other_languages {}
