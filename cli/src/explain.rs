//! `codelibra explain`.

use std::fmt::Write;

use codelibra::{Catalog, CodeNumber, Entry, GrpcCode, Param};
use serde::Serialize;

use crate::args::{Explain, TextFormat};
use crate::failure::Failure;
use crate::find::{Found, find};
use crate::output::{self, STRONG, class_style, row, status};
use crate::visible::visible;

pub(crate) fn run(catalog: &'static Catalog, args: &Explain) -> Result<(), Failure> {
    match (find(catalog, &args.wanted)?, args.format) {
        (Found::Listed(entry), TextFormat::Json) => output::json(&Listed { entry, known: true }),
        (Found::Listed(entry), TextFormat::Text) => output::text(&listed(catalog, entry)),
        (Found::Unlisted(code), TextFormat::Json) => output::json(&Unlisted::new(catalog, code)),
        (Found::Unlisted(code), TextFormat::Text) => output::text(&unlisted(&Unlisted::new(catalog, code))),
    }
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    entry: &'static Entry,
    known: bool,
}

/// The output for a number that is not listed, from its class. It has the same members as an entry.
#[derive(Serialize)]
struct Unlisted {
    code: CodeNumber,
    name: Option<&'static str>,
    reason: Option<&'static str>,
    domain: &'static str,
    http_status: u16,
    grpc_code: GrpcCode,
    grpc_status: &'static str,
    summary: String,
    cause: &'static str,
    resolution: &'static str,
    recovery: Option<&'static str>,
    params: [Param; 0],
    since: &'static str,
    deprecated: &'static str,
    replaced_by: &'static str,
    known: bool,
}

impl Unlisted {
    fn new(catalog: &Catalog, code: CodeNumber) -> Self {
        let (class, grpc_code) = (code.class(), code.grpc_code());
        let meaning = if code.is_class_number() {
            format!("Class {class} ({}) and nothing more specific.", status(class))
        } else {
            format!("Not in the catalogue of {}; its class is {}.", catalog.domain(), status(class))
        };
        Self {
            code,
            name: None,
            reason: None,
            domain: catalog.domain(),
            http_status: class,
            grpc_code,
            grpc_status: grpc_code.name(),
            summary: meaning,
            cause: "",
            resolution: "",
            recovery: None,
            params: [],
            since: "",
            deprecated: "",
            replaced_by: "",
            known: false,
        }
    }
}

fn listed(catalog: &Catalog, entry: &Entry) -> String {
    let mut out = head(entry.number(), entry.name, entry.grpc_code);
    row(&mut out, "reason", entry.reason);
    row(&mut out, "domain", entry.domain);
    row(&mut out, "summary", entry.summary);
    rows(&mut out, "cause", entry.cause);
    rows(&mut out, "resolution", entry.resolution);
    row(&mut out, "recovery", entry.recovery.name());
    for (i, Param { name, kind, description }) in entry.params.iter().enumerate() {
        row(&mut out, if i == 0 { "params" } else { "" }, &format!("{name} ({kind}): {description}"));
    }
    row(&mut out, "since", entry.since);
    row(&mut out, "deprecated", &deprecation(entry));
    if !catalog.pages().is_empty() {
        row(&mut out, "page", &format!("{}/{}", catalog.pages(), entry.code));
    }
    out
}

/// A row for each line; the first has the label.
fn rows(out: &mut String, label: &str, text: &str) {
    for (i, line) in text.lines().enumerate() {
        row(out, if i == 0 { label } else { "" }, line);
    }
}

/// `since 2.0; use SOLD_OUT`; nothing for an entry that is not deprecated.
pub(crate) fn deprecation(Entry { deprecated, replaced_by, .. }: &Entry) -> String {
    match (*deprecated, *replaced_by) {
        ("", _) => String::new(),
        (version, "") => format!("since {version}"),
        (version, instead) => format!("since {version}; use {instead}"),
    }
}

fn unlisted(unlisted: &Unlisted) -> String {
    let mut out = head(unlisted.code, "(not listed)", unlisted.grpc_code);
    row(&mut out, "domain", unlisted.domain);
    row(&mut out, "summary", &unlisted.summary);
    out
}

/// The lines of every code: number, name, HTTP status, gRPC code.
pub(crate) fn head(code: CodeNumber, name: &str, grpc: GrpcCode) -> String {
    let style = class_style(code.class());
    let mut out = String::new();
    // A `String` takes everything that is written to it.
    let _ = writeln!(out, "{style}{code}{style:#} {STRONG}{}{STRONG:#}", visible(name));
    row(&mut out, "HTTP", &status(code.class()));
    row(&mut out, "gRPC", &format!("{} {grpc}", grpc.number()));
    out
}
