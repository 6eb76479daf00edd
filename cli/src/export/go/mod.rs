//! The catalogue as a Go package of one file.

use std::fmt::Write;

use codelibra::tables::grpc_to_class;
use codelibra::{Catalog, Entry, GrpcCode, Param, ParamKind, Shed};

use super::language::{
    classes, comment, deprecated, field_names, fill, intermediaries, list, upper_camel, with_params,
};
use crate::failure::Failure;

const RUNTIME: &str = include_str!("runtime.go");
const SAMPLE: &str = "ackage sample";

/// Writes the package. Without a name, it has the first label of the domain.
pub(crate) fn encode(catalog: &Catalog, package: Option<&str>) -> Result<Vec<u8>, Failure> {
    let package = match package {
        Some(name) if is_name(name) => name.to_owned(),
        Some(name) => {
            return Err(Failure::bad_input(format_args!(
                "`{name}` is not the name of a Go package; expected letters and digits such as `{}`",
                default_package(catalog.domain())
            )));
        }
        None => default_package(catalog.domain()),
    };
    let runtime = RUNTIME.replace(SAMPLE, &format!("ackage {package}"));
    Ok(fill(&runtime, &table(catalog)).into_bytes())
}

fn default_package(domain: &str) -> String {
    let label = domain.split('.').next().unwrap_or_default();
    let name: String = label.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if is_name(&name) { name } else { format!("errors{name}") }
}

fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !KEYWORDS.contains(&name)
}

/// Other names of the table have a prefix, or begin with an upper-case letter.
const KEYWORDS: &[&str] = &[
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
];

fn table(catalog: &Catalog) -> String {
    let mut out = String::new();
    // A `String` takes everything that is written to it.
    let _ = write_table(&mut out, catalog);
    out
}

fn write_table(out: &mut String, catalog: &Catalog) -> std::fmt::Result {
    writeln!(out, "\n// Domain is the domain of the catalogue.")?;
    writeln!(out, "const Domain = {}", literal(catalog.domain()))?;
    writeln!(out, "\n// The codes, by their names.\nconst (")?;
    for (i, entry) in catalog.entries().iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        writeln!(out, "\t// Code{}: {}", entry.name, comment(entry.summary))?;
        if let Some(deprecated) = deprecated_for_go(catalog, entry) {
            writeln!(out, "\t//\n\t// Deprecated: {deprecated}.")?;
        }
        writeln!(out, "\tCode{} Code = {}", entry.name, entry.code)?;
    }
    writeln!(out, ")\n")?;
    for entry in with_params(catalog.entries()) {
        write_params(out, entry)?;
    }
    writeln!(out, "// Entries are all entries, in the order of their codes.\nvar Entries = []Entry{{")?;
    for entry in catalog.entries() {
        writeln!(out, "\t{},", row(entry))?;
    }
    writeln!(out, "}}\n")?;
    write_constants(out)
}

/// The deprecation, with the name of the constant in place of the reason of the replacement.
fn deprecated_for_go(catalog: &Catalog, entry: &Entry) -> Option<String> {
    let text = deprecated(entry)?;
    let replacement = catalog.by_reason(entry.replaced_by);
    let named = replacement
        .and_then(|new| text.strip_suffix(new.reason).map(|start| format!("{start}Code{}", new.name)));
    Some(named.unwrap_or(text))
}

fn write_params(out: &mut String, entry: &Entry) -> std::fmt::Result {
    let name = entry.name;
    let fields = field_names(entry.params, spell);
    writeln!(
        out,
        "// {name}Params are the parameters of Code{name}. One that was not sent, or is not of its type, is nil."
    )?;
    writeln!(out, "type {name}Params struct {{")?;
    for (i, (param, field)) in entry.params.iter().zip(&fields).enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        if !param.description.is_empty() {
            writeln!(out, "\t// {field}: {}", comment(param.description))?;
        }
        writeln!(out, "\t{field} *{}", type_of(param.kind))?;
    }
    writeln!(out, "}}\n\n// Read sets the parameters and returns true, if the error has the code.")?;
    writeln!(out, "func (p *{name}Params) Read(err *Error) bool {{")?;
    writeln!(out, "\tif !err.HasCode(Code{name}) {{\n\t\treturn false\n\t}}")?;
    for (param, field) in entry.params.iter().zip(&fields) {
        writeln!(out, "\tp.{field} = param[{}](err, \"{}\")", type_of(param.kind), param.name)?;
    }
    writeln!(out, "\treturn true\n}}\n")
}

fn write_constants(out: &mut String) -> std::fmt::Result {
    let pair = |(status, code): (u16, GrpcCode)| format!("{status}: {}", code.number());
    let names = list(GrpcCode::ALL.iter().map(|code| literal(code.name())));
    writeln!(
        out,
        "// The names of the gRPC codes, by their numbers.\nvar grpcCodes = []string{{{names}}}\n"
    )?;
    writeln!(out, "// The gRPC codes of the classes 400 and 500, and of those that differ from them.")?;
    writeln!(out, "var classToGRPC = map[int]uint32{{{}}}\n", list(classes().map(pair)))?;
    writeln!(out, "// The HTTP status of an error without a code, by the number of its gRPC code.")?;
    let statuses = list(GrpcCode::ALL.iter().map(|code| grpc_to_class(*code).to_string()));
    writeln!(out, "var grpcToClass = []int{{{statuses}}}\n")?;
    writeln!(out, "// The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN.")?;
    writeln!(out, "var intermediaryToGRPC = map[int]uint32{{{}}}\n", list(intermediaries().map(pair)))?;
    writeln!(
        out,
        "// The parts of an error that a server removes if the error is too large, by their numbers minus one."
    )?;
    let shed = list(Shed::ALL.iter().map(|part| literal(part.name())));
    writeln!(out, "var shedParts = []string{{{shed}}}\n")
}

fn row(entry: &Entry) -> String {
    let param = |param: &Param| {
        let description = literal(param.description);
        format!("{{Name: \"{}\", Type: \"{}\", Description: {description}}}", param.name, param.kind)
    };
    format!(
        "{{Code: {}, Name: \"{}\", Reason: \"{}\", Domain: Domain, HTTPStatus: {}, GRPCCode: {}, GRPCStatus: \"{}\", \
         Summary: {}, Recovery: \"{}\", Params: []Param{{{}}}, Since: {}, Deprecated: {}, ReplacedBy: {}}}",
        entry.code,
        entry.name,
        entry.reason,
        entry.class(),
        entry.grpc_code.number(),
        entry.grpc_code,
        literal(entry.summary),
        entry.recovery,
        list(entry.params.iter().map(param)),
        literal(entry.since),
        literal(entry.deprecated),
        literal(entry.replaced_by),
    )
}

fn literal(text: &str) -> String {
    super::language::literal(
        text,
        |_| false,
        |c| match u32::from(c) {
            code @ ..=0xffff => format!("\\u{code:04x}"),
            code => format!("\\U{code:08x}"),
        },
    )
}

fn type_of(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Int64 => "int64",
        ParamKind::Bool => "bool",
        ParamKind::Timestamp => "time.Time",
        ParamKind::Duration => "time.Duration",
        _ => "string",
    }
}

/// `Read` is a method of the struct.
fn spell(name: &str) -> String {
    let name = upper_camel(name);
    if name == "Read" { format!("{name}_") } else { name }
}
