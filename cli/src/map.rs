//! `codelibra map`.

use std::fmt::Write;
use std::ops::RangeInclusive;

use codelibra::{GrpcCode, class_code, class_phrase, is_code, tables};
use serde::Serialize;

use crate::args::{Map, TextFormat};
use crate::failure::Failure;
use crate::nearest::{nearest_names, nearest_numbers};
use crate::output::{self, LABEL, STRONG};
use crate::params::excerpt;

/// One row of one table.
#[derive(Debug, Serialize)]
struct Row {
    table: &'static str,
    http_status: u16,
    grpc_code: GrpcCode,
    grpc_status: &'static str,
    /// `CCC000`, for a status that carries no code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    meaning: &'static str,
}

pub(crate) fn run(table: &Map) -> Result<(), Failure> {
    let (rows, format) = match table {
        Map::Http { status, format } => (http(status)?, format),
        Map::Grpc { code, format } => (grpc(code)?, format),
    };
    match format {
        TextFormat::Json => output::json(&rows),
        TextFormat::Text => output::text(&text(&rows)),
    }
}

fn http(status: &str) -> Result<Vec<Row>, Failure> {
    let status = status.trim();
    let number = status.parse().ok().filter(|number| STATUSES.contains(number));
    let http_status = number.ok_or_else(|| no_status(status))?;
    let row = |table, grpc_code: GrpcCode, meaning| Row {
        table,
        http_status,
        grpc_code,
        grpc_status: grpc_code.name(),
        code: None,
        meaning,
    };
    let mut rows = Vec::new();
    if http_status >= 400 {
        rows.push(row(
            "class_to_grpc",
            tables::class_to_grpc(http_status),
            "a server's own answer with a code of this class, or a REST body",
        ));
    }
    rows.push(row(
        "intermediary_to_grpc",
        tables::intermediary_to_grpc(http_status),
        "an answer without grpc-status: a proxy spoke",
    ));
    Ok(rows)
}

fn grpc(wanted: &str) -> Result<Vec<Row>, Failure> {
    let wanted = wanted.trim();
    let found = match wanted.parse::<i64>() {
        Ok(number) => GrpcCode::from_number(number),
        Err(_) => GrpcCode::from_name(wanted),
    };
    let grpc_code = found.ok_or_else(|| no_grpc_code(wanted))?;
    let http_status = tables::grpc_to_class(grpc_code);
    Ok(vec![Row {
        table: "grpc_to_class",
        http_status,
        grpc_code,
        grpc_status: grpc_code.name(),
        code: (grpc_code != GrpcCode::Ok).then(|| class_code(http_status)),
        meaning: "a status that carries no code",
    }])
}

const STATUSES: RangeInclusive<u16> = 100..=599;

fn no_status(wanted: &str) -> Failure {
    let hint = if let Some(code) = GrpcCode::from_name(wanted) {
        format!("; it is a gRPC code: `codelibra map grpc {code}`")
    } else if wanted.parse().is_ok_and(is_code) {
        format!("; it is an error code: `codelibra explain {wanted}`")
    } else {
        nearest(nearest_statuses(wanted).into_iter().map(output::status))
    };
    let wanted = excerpt(wanted);
    Failure::bad_input(format_args!("`{wanted}` is no HTTP status; expected 100 to 599{hint}"))
}

/// By the digits, or by the phrase: `teapot` means 418.
fn nearest_statuses(wanted: &str) -> Vec<u16> {
    // Those that have a phrase of their own, 499 included.
    let known =
        || STATUSES.filter(|status| !matches!(class_phrase(*status), "Client Error" | "Server Error"));
    if is_numeric(wanted) {
        let numbers = nearest_numbers(known().map(u32::from), wanted);
        numbers.into_iter().filter_map(|number| u16::try_from(number).ok()).collect()
    } else {
        let phrases = nearest_names(known().map(class_phrase), wanted);
        phrases
            .into_iter()
            .filter_map(|phrase| known().find(|status| class_phrase(*status) == phrase))
            .collect()
    }
}

fn no_grpc_code(wanted: &str) -> Failure {
    let all = || GrpcCode::ALL.iter();
    let hint = if wanted.parse().is_ok_and(|number: u16| STATUSES.contains(&number)) {
        format!("; it is an HTTP status: `codelibra map http {wanted}`")
    } else if wanted.parse().is_ok_and(is_code) {
        format!("; it is an error code: `codelibra explain {wanted}`")
    } else if is_numeric(wanted) {
        let numbers = nearest_numbers(all().map(|code| code.number().into()), wanted);
        let codes = numbers.into_iter().filter_map(|number| GrpcCode::from_number(number.into()));
        nearest(codes.map(|code| format!("{} {code}", code.number())))
    } else {
        nearest(nearest_names(all().map(|code| code.name()), wanted))
    };
    let wanted = excerpt(wanted);
    Failure::bad_input(format_args!("`{wanted}` is no gRPC code; expected a name or 0 to 16{hint}"))
}

fn is_numeric(wanted: &str) -> bool {
    wanted.bytes().any(|byte| byte.is_ascii_digit())
}

/// `; nearest: 404 Not Found`; nothing where nothing is near.
fn nearest(values: impl IntoIterator<Item = impl Into<String>>) -> String {
    let values: Vec<String> = values.into_iter().map(Into::into).collect();
    if values.is_empty() { String::new() } else { format!("; nearest: {}", values.join(", ")) }
}

fn text(rows: &[Row]) -> String {
    let width = rows.iter().map(|r| r.table.len()).max().unwrap_or(0);
    let mut out = String::new();
    for Row { table, http_status, grpc_code, code, meaning, .. } in rows {
        let number = grpc_code.number();
        let answer = match code {
            Some(code) => format!("{number} {grpc_code} -> {http_status} (code {code})"),
            None if *table == "grpc_to_class" => format!("{number} {grpc_code} -> {http_status}"),
            None => format!("{http_status} -> {number} {grpc_code}"),
        };
        // A `String` takes everything that is written to it.
        let _ = writeln!(out, "{STRONG}{table:<width$}{STRONG:#}  {answer}  {LABEL}{meaning}{LABEL:#}");
    }
    out
}
