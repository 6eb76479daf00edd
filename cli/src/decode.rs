//! `codelibra decode`.

use std::io::Read;
use std::path::Path;

use codelibra::http::{DetailTypes, Reader};
use codelibra::{
    Catalog, CodeNumber, Detail, ERROR_CODE_HEADER, GrpcCode, Metadata, Note, ReceivedError,
    STATUS_DETAILS_HEADER,
};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::args::{Decode, TextFormat};
use crate::explain::{deprecation, head};
use crate::failure::Failure;
use crate::find::look_up;
use crate::output::{self, row};

/// A longer input is not checked for a path, a code or a header.
const MAX_PATH: usize = 256;

/// The most bytes of input. No error of an API is larger.
const MAX_INPUT: u64 = 16 << 20;

pub(crate) fn run(catalog: &'static Catalog, args: &Decode) -> Result<(), Failure> {
    let input = match args.input.as_str() {
        "-" => stdin()?,
        value => value.as_bytes().to_vec(),
    };
    let mut input = value_of_field(input.trim_ascii()).to_vec();
    if input.is_empty() {
        return Err(Failure::bad_input(
            "the input is empty; expected a grpc-status-details-bin value or an HTTP body",
        ));
    }
    let is_header = is_base64(&input);
    let error = if is_header {
        // Text that was pasted may have line breaks.
        input.retain(|byte| !byte.is_ascii_whitespace());
        ReceivedError::from_details_header(&input, catalog)
    } else {
        Reader::from_catalog(catalog).read_body(&input)
    };
    match args.format {
        TextFormat::Json => output::json(&Decoded::new(&error))?,
        TextFormat::Text => output::text(&text(&error))?,
    }
    if error.number().is_none() && (error.grpc_code() == GrpcCode::Ok || (!is_header && is_ok(&input))) {
        return Err(Failure::bad_input("the status is OK, which is not an error; expected one of 1 to 16"));
    }
    if is_readable(&error) {
        Ok(())
    } else {
        Err(Failure::bad_input(format_args!("the input is not an error; {}", expected(catalog, &input))))
    }
}

/// A hint for an input that is not an error.
fn expected(catalog: &Catalog, input: &[u8]) -> String {
    if input.starts_with(b"HTTP/") {
        return String::from("expected only the body of the HTTP response");
    }
    let other = || String::from("expected a grpc-status-details-bin value or an HTTP body");
    let Some(short) = str::from_utf8(input).ok().filter(|input| input.len() < MAX_PATH) else {
        return other();
    };
    if let Some(found) = look_up(catalog, short.trim_matches('"')) {
        return format!("it is a code: `codelibra explain {}`", found.number());
    }
    if let Some((name, value)) = short.split_once(':') {
        let value = value.trim();
        if name.eq_ignore_ascii_case(ERROR_CODE_HEADER.as_str()) && look_up(catalog, value).is_some() {
            return format!("it is the field of a code: `codelibra explain {value}`");
        }
        if name.eq_ignore_ascii_case("grpc-status") {
            return format!("it is a gRPC code: `codelibra map grpc {value}`");
        }
    }
    // The spelling of curl for a file.
    let path = short.trim_start_matches('@');
    if Path::new(path).is_file() { format!("it is a file: `codelibra decode - <{path}`") } else { other() }
}

/// Removes the name of the header, which may be pasted with its value.
fn value_of_field(line: &[u8]) -> &[u8] {
    let name = STATUS_DETAILS_HEADER;
    let name = name.as_str().as_bytes();
    match line.split_at_checked(name.len()) {
        Some((start, [b':', value @ ..])) if start.eq_ignore_ascii_case(name) => value.trim_ascii(),
        _ => line,
    }
}

/// Whether a body contains the gRPC code OK. The reader of bodies turns OK into UNKNOWN.
fn is_ok(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return false };
    let code = body.get("code").or_else(|| body.get("error")?.get("code"));
    match code {
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => text == "0" || GrpcCode::from_name(text) == Some(GrpcCode::Ok),
        _ => false,
    }
}

/// Whether the input is an error: it was complete, or a part of an error could be read.
fn is_readable(error: &ReceivedError) -> bool {
    let damaged = |note: &Note| {
        matches!(note, Note::Synthesized | Note::InvalidBody(_) | Note::InvalidBase64 | Note::CorruptStatus)
    };
    error.number().is_some()
        || error.grpc_code() != GrpcCode::Unknown
        || error.details().next().is_some()
        || !error.notes().iter().any(damaged)
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut input = Vec::new();
    let read = std::io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut input);
    let len = read.map_err(|e| Failure::bad_input(format_args!("cannot read stdin: {e}")))?;
    if u64::try_from(len).is_ok_and(|len| len > MAX_INPUT) {
        return Err(Failure::bad_input(format_args!(
            "stdin has more than {MAX_INPUT} bytes; expected one error"
        )));
    }
    Ok(input)
}

/// Whether all bytes occur in a variant of base64. A body of JSON or HTML has other bytes.
fn is_base64(input: &[u8]) -> bool {
    input.iter().all(|b| b.is_ascii_alphanumeric() || b"+/-_=, \t\r\n".contains(b))
}

/// What `decode` and `call` print as JSON.
#[derive(Serialize)]
pub(crate) struct Decoded<'a> {
    code: Option<u32>,
    known: bool,
    name: Option<&'static str>,
    reason: Option<&'a str>,
    domain: Option<&'a str>,
    deprecated: &'static str,
    replaced_by: &'static str,
    message: &'a str,
    http_status: u16,
    grpc_code: GrpcCode,
    grpc_status: &'static str,
    metadata: Metadata<'a>,
    details: Details<'a>,
    notes: &'a [Note],
}

impl<'a> Decoded<'a> {
    pub(crate) fn new(error: &'a ReceivedError) -> Self {
        let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Self {
            code: error.number(),
            known: error.entry().is_some(),
            name: error.entry().map(|e| e.name),
            reason: some(error.reason()),
            // A code without a domain belongs to the catalogue.
            domain: some(error.domain()).or(error.entry().map(|entry| entry.domain)),
            deprecated: error.entry().map_or("", |entry| entry.deprecated),
            replaced_by: error.entry().map_or("", |entry| entry.replaced_by),
            message: error.message(),
            http_status: error.http_status().as_u16(),
            grpc_code: error.grpc_code(),
            grpc_status: error.grpc_code().name(),
            metadata: error.metadata(),
            details: Details(error),
            notes: error.notes(),
        }
    }
}

/// The details, written one by one: a peer may send any number.
struct Details<'a>(&'a ReceivedError);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for detail in self.0.details() {
            list.serialize_element(&OneDetail(&detail))?;
        }
        list.end()
    }
}

/// `{"type": …}` and the fields in ProtoJSON, or `value` in base64 if the type is not known.
struct OneDetail<'a>(&'a Detail<'a>);

impl Serialize for OneDetail<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.0.type_name())?;
        let json = serde_json::to_value(DetailTypes::standard().to_json(*self.0));
        if let Value::Object(fields) = json.map_err(serde::ser::Error::custom)? {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "@type") {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

pub(crate) fn text(error: &ReceivedError) -> String {
    let name = match (error.number(), error.entry()) {
        (_, Some(entry)) => entry.name,
        (Some(_), None) => "(not listed)",
        (None, None) => "(no code was sent)",
    };
    // `number_or_class` is always a code.
    let code = CodeNumber::from_u32(error.number_or_class()).unwrap_or(CodeNumber::from_class(500));
    let mut out = head(code, name, error.grpc_code());
    row(&mut out, "reason", error.reason());
    let domain = error.entry().filter(|_| error.domain().is_empty()).map_or(error.domain(), |e| e.domain);
    row(&mut out, "domain", domain);
    row(&mut out, "deprecated", &error.entry().map(deprecation).unwrap_or_default());
    row(&mut out, "message", error.message());
    for (i, (key, value)) in error.metadata().to_map().into_iter().enumerate() {
        row(&mut out, if i == 0 { "metadata" } else { "" }, &format!("{key} = {value}"));
    }
    for (i, detail) in error.details().enumerate() {
        let json = serde_json::to_string(&OneDetail(&detail)).unwrap_or_else(|e| e.to_string());
        row(&mut out, if i == 0 { "details" } else { "" }, &json);
    }
    for (i, note) in error.notes().iter().enumerate() {
        row(&mut out, if i == 0 { "notes" } else { "" }, &note.to_string());
    }
    out
}
