//! The five forms of bodies, as structs to serialize.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use super::details::{Attached, ConnectDetails, JsonMetadata, ShedNames, StatusDetails};
use crate::catalog::code::class_phrase;
use crate::catalog::{Catalog, Entry, GrpcCode};
use crate::http::DetailTypes;
use crate::outbound::sent_error::SentError;
use crate::wire::write::WrittenInfos;

/// The reason, if it is not the one that the catalogue lists for the code.
fn own_reason<'a>(error: &SentError<'a>) -> Option<&'a str> {
    let derived = error.entry.map_or("", |entry| entry.reason);
    (error.reason != derived).then_some(error.reason)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Native<'a> {
    code: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    /// Clients of Kratos identify errors by the reason.
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    message: &'a str,
    domain: &'a str,
    metadata: JsonMetadata<'a>,
    details: Attached<'a>,
    #[serde(skip_serializing_if = "ShedNames::is_empty")]
    shed: ShedNames,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

impl<'a> Native<'a> {
    pub(super) fn new(error: &'a SentError<'a>, types: &'a DetailTypes) -> Self {
        Self {
            code: error.code,
            name: error.entry.map(|entry| entry.name),
            reason: error.reason,
            message: &error.message,
            domain: &error.domain,
            metadata: JsonMetadata(&error.metadata),
            details: Attached { error, types },
            shed: ShedNames(error.shed),
            request_id: error.request_id(),
        }
    }
}

/// RFC 9457 §3.1; `code`, `domain`, `reason`, `metadata`, `details` and `shed` are extension members (§3.2).
#[derive(Serialize)]
pub(super) struct Problem<'a> {
    r#type: ProblemType,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<Instance<'a>>,
    code: u32,
    domain: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    metadata: JsonMetadata<'a>,
    #[serde(skip_serializing_if = "Attached::is_empty")]
    details: Attached<'a>,
    #[serde(skip_serializing_if = "ShedNames::is_empty")]
    shed: ShedNames,
}

impl<'a> Problem<'a> {
    pub(super) fn new(error: &'a SentError<'a>, types: &'a DetailTypes) -> Self {
        let class = error.class();
        let pages = error.catalog.map(Catalog::pages).filter(|pages| !pages.is_empty());
        let page = pages.zip(error.entry);
        Self {
            r#type: ProblemType(page),
            title: page.map_or_else(|| class_phrase(class), |(_, entry)| entry.summary),
            status: class,
            detail: &error.message,
            instance: error.request_id().map(Instance),
            code: error.code,
            domain: &error.domain,
            reason: own_reason(error),
            metadata: JsonMetadata(&error.metadata),
            details: Attached { error, types },
            shed: ShedNames(error.shed),
        }
    }
}

/// The member `instance` (§3.1.5): the id of the request, as a reference relative to the requested URI.
struct Instance<'a>(&'a str);

impl Serialize for Instance<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("#{}", utf8_percent_encode(self.0, NO_FRAGMENT)))
    }
}

/// The characters that are escaped in a fragment (RFC 3986 §3.5). Characters that no id contains are escaped too.
const NO_FRAGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'+')
    .remove(b'/')
    .remove(b'=');

/// The page of a listed code; `about:blank` without a page: the type is the HTTP status only, and the title is its phrase
/// (§4.2.1).
struct ProblemType(Option<(&'static str, &'static Entry)>);

impl fmt::Display for ProblemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some((pages, entry)) => write!(f, "{pages}/{}", entry.code),
            None => f.write_str("about:blank"),
        }
    }
}

impl Serialize for ProblemType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// AIP-193: `google.rpc.Status`, with the HTTP status as code and the gRPC code by name.
#[derive(Serialize)]
pub(super) struct Aip193<'a> {
    error: Aip193Error<'a>,
}

#[derive(Serialize)]
struct Aip193Error<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    details: StatusDetails<'a>,
}

impl<'a> Aip193<'a> {
    pub(super) fn new(error: &'a SentError<'a>, types: &'a DetailTypes) -> Self {
        Self {
            error: Aip193Error {
                code: error.class(),
                message: &error.message,
                status: error.grpc_code.name(),
                details: StatusDetails { error, types },
            },
        }
    }
}

/// `google.rpc.Status` in ProtoJSON.
#[derive(Serialize)]
pub(super) struct RpcStatus<'a> {
    code: u8,
    message: &'a str,
    details: StatusDetails<'a>,
}

impl<'a> RpcStatus<'a> {
    pub(super) fn new(error: &'a SentError<'a>, types: &'a DetailTypes) -> Self {
        Self {
            code: error.grpc_code.number(),
            message: &error.message,
            details: StatusDetails { error, types },
        }
    }
}

/// The Connect protocol, "Error Codes" and "Error Details".
#[derive(Serialize)]
pub(super) struct Connect<'a> {
    code: &'static str,
    message: &'a str,
    details: ConnectDetails<'a>,
}

impl<'a> Connect<'a> {
    pub(super) fn new(error: &'a SentError<'a>, types: &'a DetailTypes, infos: WrittenInfos) -> Self {
        let status = error.encode_status(infos);
        Self {
            code: connect_name(error.grpc_code),
            message: &error.message,
            details: ConnectDetails { error, types, status },
        }
    }
}

/// The name in the Connect protocol: lower case, and CANCELLED in the American spelling.
const fn connect_name(code: GrpcCode) -> &'static str {
    match code {
        GrpcCode::Ok => "ok",
        GrpcCode::Cancelled => "canceled",
        GrpcCode::Unknown => "unknown",
        GrpcCode::InvalidArgument => "invalid_argument",
        GrpcCode::DeadlineExceeded => "deadline_exceeded",
        GrpcCode::NotFound => "not_found",
        GrpcCode::AlreadyExists => "already_exists",
        GrpcCode::PermissionDenied => "permission_denied",
        GrpcCode::ResourceExhausted => "resource_exhausted",
        GrpcCode::FailedPrecondition => "failed_precondition",
        GrpcCode::Aborted => "aborted",
        GrpcCode::OutOfRange => "out_of_range",
        GrpcCode::Unimplemented => "unimplemented",
        GrpcCode::Internal => "internal",
        GrpcCode::Unavailable => "unavailable",
        GrpcCode::DataLoss => "data_loss",
        GrpcCode::Unauthenticated => "unauthenticated",
    }
}
