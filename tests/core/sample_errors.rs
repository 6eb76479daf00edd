//! Errors of every kind: every code, and the messages, metadata and details that a service can attach.

use std::collections::{BTreeMap, HashMap};

use codelibra::{ApiError, CATALOG, ErrorCode, rpc};
use prost::Name;

pub(crate) fn codes() -> impl Iterator<Item = ErrorCode> {
    CATALOG.entries().iter().map(|entry| ErrorCode::from_u32(entry.code).unwrap())
}

/// A message that only the program of a user defines.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Order {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) parts: Vec<Order>,
    #[prost(double, tag = "100")]
    pub(crate) price: f64,
}

impl Name for Order {
    const NAME: &'static str = "Order";
    const PACKAGE: &'static str = "shop.v1";
}

pub(crate) fn messages() -> [&'static str; 5] {
    [
        "",
        "The caller reads this.",
        "größer 尺寸 حجم 🦀 \u{202e}",
        "\0 \u{7} \t \r\n \u{7f} \u{85}",
        "% %41 %zz \"quoted\", 'and', {braces}",
    ]
}

pub(crate) fn metadata(entries: usize) -> BTreeMap<String, String> {
    (0..entries).map(|i| (format!("key_{i:03}"), format!("wert ß {i}\n{}", "x".repeat(i)))).collect()
}

pub(crate) fn metadatas() -> Vec<BTreeMap<String, String>> {
    let mut all: Vec<_> = [0, 1, 8, 9, 100].into_iter().map(metadata).collect();
    // The difficult cases: the key that google.rpc.ErrorInfo uses itself, empty texts, and texts outside ASCII.
    let difficult = [("code", "not a number"), ("", "of no key"), ("empty", ""), ("schlüssel", "🦀")];
    all.push(difficult.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    all.push(BTreeMap::from([("code".to_owned(), "403004".to_owned())]));
    all
}

pub(crate) fn violation(i: i32) -> rpc::bad_request::FieldViolation {
    rpc::bad_request::FieldViolation {
        field: format!("user.emails[{i}].address"),
        description: "no @".into(),
        reason: "EMAIL".into(),
        localized_message: Some(localized_message()),
    }
}

pub(crate) fn localized_message() -> rpc::LocalizedMessage {
    rpc::LocalizedMessage { locale: "fr-CH".into(), message: "Réessayez à 9 h".into() }
}

pub(crate) fn quota_failure() -> rpc::QuotaFailure {
    let dimensions = HashMap::from([("region".to_owned(), "eu".to_owned())]);
    rpc::QuotaFailure {
        violations: vec![rpc::quota_failure::Violation {
            subject: "clientip:192.0.2.1".into(),
            description: "too many".into(),
            api_service: "shop.example.com".into(),
            quota_metric: "requests".into(),
            quota_id: "per-minute".into(),
            quota_dimensions: dimensions,
            quota_value: -1,
            future_quota_value: Some(0),
        }],
    }
}

pub(crate) fn precondition_failure() -> rpc::PreconditionFailure {
    rpc::PreconditionFailure {
        violations: vec![rpc::precondition_failure::Violation {
            r#type: "TOS".into(),
            subject: "codelibra/terms".into(),
            description: "accept them".into(),
        }],
    }
}

pub(crate) fn retry_info() -> rpc::RetryInfo {
    rpc::RetryInfo { retry_delay: Some(prost_types::Duration { seconds: 7, nanos: 500 }) }
}

pub(crate) fn debug_info() -> rpc::DebugInfo {
    rpc::DebugInfo { stack_entries: vec!["main.rs:1".into(), String::new()], detail: "why".into() }
}

pub(crate) fn bad_request() -> rpc::BadRequest {
    rpc::BadRequest { field_violations: vec![violation(0), violation(1)] }
}

pub(crate) fn request_info() -> rpc::RequestInfo {
    rpc::RequestInfo { request_id: "4711".into(), serving_data: "abc".into() }
}

pub(crate) fn resource_info() -> rpc::ResourceInfo {
    rpc::ResourceInfo {
        resource_type: "book".into(),
        resource_name: "shelves/1/books/2".into(),
        owner: "user:1".into(),
        description: "lent".into(),
    }
}

pub(crate) fn help() -> rpc::Help {
    let link = rpc::help::Link { description: "the page".into(), url: "https://example.com/403003".into() };
    rpc::Help { links: vec![link.clone(), link] }
}

pub(crate) fn order() -> Order {
    let part = Order { id: "part".into(), parts: vec![], price: f64::MIN_POSITIVE };
    Order { id: "order 1".into(), parts: vec![part.clone(), part], price: 9.5 }
}

/// Attaches everything that a service can attach: the nine of the ten standard details that are not ErrorInfo, a message that
/// the user defines, and a message of an unknown type whose bytes are not protobuf.
pub(crate) fn with_every_detail(error: ApiError) -> ApiError {
    error
        .with_detail(&retry_info())
        .with_detail(&debug_info())
        .with_detail(&quota_failure())
        .with_detail(&precondition_failure())
        .with_detail(&bad_request())
        .with_detail(&request_info())
        .with_detail(&resource_info())
        .with_detail(&help())
        .with_detail(&localized_message())
        .with_detail(&order())
        .with_raw_detail("example.com/types/some.Unknown", &[0xff, 0x00, 0xfe])
}

pub(crate) const EVERY_DETAIL: [&str; 11] = [
    "google.rpc.RetryInfo",
    "google.rpc.DebugInfo",
    "google.rpc.QuotaFailure",
    "google.rpc.PreconditionFailure",
    "google.rpc.BadRequest",
    "google.rpc.RequestInfo",
    "google.rpc.ResourceInfo",
    "google.rpc.Help",
    "google.rpc.LocalizedMessage",
    "shop.v1.Order",
    "some.Unknown",
];
