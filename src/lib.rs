#![cfg_attr(all(feature = "derive", feature = "tonic"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "derive", feature = "tonic")),
    doc = "Six-digit error codes that survive every hop between gRPC and HTTP."
)]

// Generated modules name this crate as `::codelibra`, here as everywhere else.
extern crate self as codelibra;

#[cfg(feature = "axum")]
pub mod axum;
mod catalog;
#[cfg(feature = "client")]
pub mod client;
mod error;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
mod guard;
#[cfg(feature = "gateway")]
pub mod http;
mod inbound;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
mod outbound;
pub mod rpc;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "tonic")]
mod tonic;
mod wire;

/// Compiles the examples of the page.
#[cfg(all(doctest, feature = "axum", feature = "client"))]
#[doc = include_str!("../docs/gateway.md")]
struct GatewayPage;

#[cfg(feature = "tonic")]
pub use self::tonic::{StatusCodeExt, default_status};
pub use catalog::{
    Catalog, CatalogCode, Entry, GrpcCode, InvalidCode, Param, ParamKind, Recovery, class_code, class_of,
    class_phrase, grpc_code, http_status, is_code, params, tables,
};
#[cfg(feature = "derive")]
pub use codelibra_derive::ApiError;
#[cfg(feature = "derive")]
#[doc(hidden)]
pub use error::derive;
pub use error::{ApiError, TypedError};
pub use inbound::{Note, ReceivedError, RetryAdvice};
pub use wire::details::Detail;
pub use wire::error_infos::ErrorInfos;
pub use wire::metadata::Metadata;
pub use wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO};
pub use wire::shed::Shed;
pub use wire::{ERROR_CODE_HEADER, RECEIVED_HEADER, STATUS_DETAILS_HEADER};

#[doc(hidden)]
#[cfg(feature = "tonic")]
pub use ::tonic as tonic_types;
#[doc(hidden)]
#[cfg(feature = "axum")]
pub use axum_core as axum_types;
#[doc(hidden)]
#[cfg(any(feature = "gateway", feature = "server"))]
pub use outbound::log_limit::is_hidden;
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
