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
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "tonic")]
mod tonic;
mod wire;

#[cfg(feature = "tonic")]
pub use self::tonic::StatusCodeExt;
pub use catalog::{
    Catalog, CatalogCode, CodeNumber, Entry, GrpcCode, InvalidCode, Param, ParamKind, Recovery, params,
    tables,
};
#[cfg(feature = "derive")]
pub use codelibra_derive::ApiError;
pub use error::{ApiError, TypedError};
pub use inbound::{Note, ReceivedError, RetryAdvice};
#[cfg(any(feature = "gateway", feature = "server", all(feature = "client", feature = "tracing")))]
pub use outbound::log_limit::LogLimit;
#[cfg(any(feature = "gateway", feature = "server"))]
pub use outbound::{boundary::Boundary, budget::Budget, fallback::Fallback};
pub use wire::details::Detail;
pub use wire::error_infos::ErrorInfos;
pub use wire::header::{ERROR_CODE_HEADER, STATUS_DETAILS_HEADER};
pub use wire::metadata::Metadata;
pub use wire::rpc;
pub use wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO};
pub use wire::shed::Shed;

/// CodeLibra's own catalogue: its codes, and a struct for each code that declares parameters.
///
/// It is the module that `codelibra-build` generates from `proto/codelibra/error/v1/catalog.proto`; a catalogue of your
/// own becomes a module like it. [`ErrorCode`] and [`CATALOG`] are re-exported at the root of the crate.
///
/// ```
/// use codelibra::ApiError;
/// use codelibra::codes::NotFound;
///
/// let error = ApiError::from(NotFound { resource: Some("order 7".into()) });
/// assert_eq!(error.number(), 404003);
/// ```
pub mod codes {
    include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
}
pub use codes::{CATALOG, ErrorCode};

/// What the macros, generated modules and the other crates of the workspace use. It is not part of the public API and
/// can change in any version.
#[doc(hidden)]
pub mod __private {
    pub use crate::catalog::encode;
    #[cfg(feature = "derive")]
    pub use crate::error::derive;
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub use crate::outbound::log_limit::is_hidden;
    #[cfg(feature = "tonic")]
    pub use crate::tonic::default_status;
    pub use crate::{
        __entry as entry, __error_code as error_code, __generated_by as generated_by,
        __into_response as into_response, __into_status as into_status, __typed_error as typed_error,
        __with_methods as with_methods,
    };
    #[cfg(feature = "tonic")]
    pub use ::tonic;
    #[cfg(feature = "axum")]
    pub use axum_core;
    pub use {::http, prost, serde};
}

/// The messages of `proto/codelibra/error/v1`.
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/codelibra.error.v1.rs"));
}

/// Compiles the examples of the guides.
#[cfg(all(
    doctest,
    feature = "axum",
    feature = "client",
    feature = "metrics",
    feature = "retry",
    feature = "server",
    feature = "tracing"
))]
mod guides {
    macro_rules! guides {
        ($($name:ident: $file:literal,)*) => {
            $(#[doc = include_str!(concat!("../docs/guides/", $file))] mod $name {})*
        };
    }
    guides! {
        getting_started: "getting-started.md",
        server: "server.md",
        client: "client.md",
        gateway: "gateway.md",
        own_catalogue: "own-catalogue.md",
        migrating: "migrating.md",
        layer_order: "layer-order.md",
        operations: "operations.md",
        other_languages: "other-languages.md",
        faq: "faq.md",
    }
}
