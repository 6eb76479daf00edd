//! `codelibra map`.

use std::fmt::Write;

use codelibra::{GrpcCode, class_code, tables};
use serde::Serialize;

use crate::args::{Map, TextFormat};
use crate::failure::Failure;
use crate::nearest::nearest_name as nearest;
use crate::output::{self, LABEL, STRONG};

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
    let number = status.trim().parse::<i64>().ok();
    let Some(http_status) = number.and_then(|n| u16::try_from(n).ok()).filter(|n| (100..=599).contains(n))
    else {
        let nearest = number.map_or(400, |n| n.clamp(100, 599));
        return Err(Failure::bad_input(format_args!(
            "`{status}` is no HTTP status; expected 100 to 599; nearest: {nearest}"
        )));
    };
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
    let trimmed = wanted.trim();
    let found = match trimmed.parse::<i64>() {
        Ok(number) => GrpcCode::from_number(number),
        Err(_) => GrpcCode::from_name(trimmed),
    };
    let Some(grpc_code) = found else {
        let nearest = match trimmed.parse::<i64>() {
            Ok(number) => GrpcCode::from_number(number.clamp(0, 16)).map(GrpcCode::name),
            Err(_) => nearest(GrpcCode::ALL.iter().map(|code| code.name()), trimmed),
        };
        return Err(Failure::bad_input(format_args!(
            "`{wanted}` is no gRPC code; expected a name or 0 to 16; nearest: {}",
            nearest.unwrap_or("UNKNOWN")
        )));
    };
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
