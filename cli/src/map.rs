//! `codelibra map`.

use std::fmt::Write;
use std::ops::RangeInclusive;

use codelibra::{CodeNumber, GrpcCode, tables};
use serde::Serialize;

use crate::args::{Map, TextFormat};
use crate::failure::Failure;
use crate::nearest::{is_numeric, nearest_names, nearest_numbers, nearest_of, nearest_statuses};
use crate::output::{self, LABEL, STRONG};
use crate::params::excerpt;

/// One row of one table.
#[derive(Debug, Serialize)]
struct Row {
    table: &'static str,
    http_status: u16,
    grpc_code: GrpcCode,
    grpc_status: &'static str,
    /// `CCC000`, for a status without a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<CodeNumber>,
    meaning: &'static str,
}

pub(crate) fn run(table: &Map) -> Result<(), Failure> {
    let (rows, format) = match table {
        Map::Http { status, format } => (http(status)?, format),
        Map::Grpc { code, format } => (grpc(code)?, format),
        Map::Unknown(words) => return Err(no_table(words.first().map_or("", String::as_str))),
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
            "a response of a server with a code of this class, or a REST body",
        ));
    }
    rows.push(row(
        "intermediary_to_grpc",
        tables::intermediary_to_grpc(http_status),
        "a response without grpc-status, which a proxy sent",
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
        code: (grpc_code != GrpcCode::Ok).then(|| CodeNumber::from_class(http_status)),
        meaning: "a status that carries no code",
    }])
}

const STATUSES: RangeInclusive<u16> = 100..=599;

/// The table is missing, or misspelt.
fn no_table(word: &str) -> Failure {
    let is_status = word.parse().is_ok_and(|number: u16| STATUSES.contains(&number));
    let is_grpc = word.parse().is_ok_and(|number: i64| GrpcCode::from_number(number).is_some())
        || GrpcCode::from_name(word).is_some();
    let hint = match (is_status, is_grpc) {
        (true, _) => format!("`codelibra map http {word}`"),
        (_, true) => format!("`codelibra map grpc {word}`"),
        _ => String::from("`codelibra map http 403` or `codelibra map grpc NOT_FOUND`"),
    };
    let word = excerpt(word);
    Failure::bad_input(format_args!("`{word}` is not a table; expected http or grpc, as in {hint}"))
}

fn no_status(wanted: &str) -> Failure {
    let hint = if let Some(code) = GrpcCode::from_name(wanted) {
        format!("; it is a gRPC code: `codelibra map grpc {code}`")
    } else if is_code(wanted) {
        format!("; it is an error code: `codelibra explain {wanted}`")
    } else {
        nearest_of(nearest_statuses(wanted, STATUSES).into_iter().map(output::status))
    };
    let wanted = excerpt(wanted);
    Failure::bad_input(format_args!("`{wanted}` is not an HTTP status; expected 100 to 599{hint}"))
}

/// Whether a text is the number of an error code.
fn is_code(text: &str) -> bool {
    text.parse().is_ok_and(|number| CodeNumber::from_u32(number).is_ok())
}

fn no_grpc_code(wanted: &str) -> Failure {
    let all = || GrpcCode::ALL.iter();
    let hint = if wanted.parse().is_ok_and(|number: u16| STATUSES.contains(&number)) {
        format!("; it is an HTTP status: `codelibra map http {wanted}`")
    } else if is_code(wanted) {
        format!("; it is an error code: `codelibra explain {wanted}`")
    } else if is_numeric(wanted) {
        let numbers = nearest_numbers(all().map(|code| code.number().into()), wanted);
        let codes = numbers.into_iter().filter_map(|number| GrpcCode::from_number(number.into()));
        nearest_of(codes.map(|code| format!("{} {code}", code.number())))
    } else {
        nearest_of(nearest_names(all().map(|code| code.name()), wanted))
    };
    let wanted = excerpt(wanted);
    Failure::bad_input(format_args!("`{wanted}` is not a gRPC code; expected a name or 0 to 16{hint}"))
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
