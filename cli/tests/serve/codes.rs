//! Every code that there is, how it is asked for, and what has to arrive of it.

use std::collections::HashMap;

use codelibra::{CatalogCode, ErrorCode, ParamKind, ReceivedError, StatusCodeExt};
use tonic::Status;

use crate::pb::{RaiseErrorRequest, RaiseErrorStreamRequest};

/// A row of the real catalogue.
pub(crate) struct Row {
    pub(crate) code: u32,
    pub(crate) name: String,
    pub(crate) reason: String,
    pub(crate) http_status: u16,
    pub(crate) grpc_code: u8,
}

pub(crate) fn rows() -> Vec<Row> {
    let csv = include_str!("../data/codes.csv");
    let rows: Vec<Row> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Row {
                code: cells[0].parse().unwrap(),
                name: cells[1].into(),
                reason: cells[2].into(),
                http_status: cells[3].parse().unwrap(),
                grpc_code: cells[4].parse().unwrap(),
            }
        })
        .collect();
    assert_eq!(rows.len(), 39);
    rows
}

/// A value for every declared parameter of a code.
pub(crate) fn metadata(code: u32) -> HashMap<String, String> {
    let params = ErrorCode::catalog().by_code(code).map_or(&[][..], |entry| entry.params);
    let value = |kind| match kind {
        ParamKind::Int64 => "-9223372036854775808",
        ParamKind::Timestamp => "2026-01-31T09:30:00Z",
        ParamKind::Bool => "true",
        ParamKind::Duration => "1.5s",
        _ => "a \"quoted\", ünïcode & 100% value\n",
    };
    params.iter().map(|p| (p.name.to_owned(), value(p.kind).to_owned())).collect()
}

pub(crate) const MESSAGES: [&str; 2] = ["", "line one\nline two, 100% \"öffentlich\""];

pub(crate) fn raise(code: u32, message: &str) -> RaiseErrorRequest {
    RaiseErrorRequest { code, message: message.into(), metadata: metadata(code) }
}

pub(crate) fn raise_stream(code: u32, message: &str, after_items: u32) -> RaiseErrorStreamRequest {
    RaiseErrorStreamRequest { code, message: message.into(), metadata: metadata(code), after_items }
}

pub(crate) fn received(status: &Status) -> ReceivedError {
    status.to_received::<ErrorCode>()
}

pub(crate) fn check(row: &Row, error: &ReceivedError, message: &str) {
    let code = row.code;
    assert_eq!(error.number(), Some(code));
    assert_eq!(error.entry().unwrap().name, row.name, "{code}");
    assert_eq!(error.reason(), row.reason, "{code}");
    assert_eq!(error.domain(), "codelibra", "{code}");
    assert_eq!(error.http_status(), row.http_status, "{code}");
    assert_eq!(error.grpc_code().number(), row.grpc_code, "{code}");
    let summary = error.entry().unwrap().summary;
    assert_eq!(error.message(), if message.is_empty() { summary } else { message }, "{code}");
    let params: HashMap<String, String> =
        error.metadata().to_map().into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    assert_eq!(params, metadata(code), "{code}");
    assert_eq!(error.notes(), [], "{code}");
}
