//! The catalogue as a TypeScript module.

use std::fmt::Write;

use codelibra::tables::grpc_to_class;
use codelibra::{Catalog, Entry, GrpcCode, Param, ParamKind, Shed};

use super::language::{classes, comment, deprecated, fill, intermediaries, list, with_params};

const RUNTIME: &str = include_str!("runtime.ts");

pub(crate) fn encode(catalog: &Catalog) -> Vec<u8> {
    fill(RUNTIME, &table(catalog)).into_bytes()
}

fn table(catalog: &Catalog) -> String {
    let mut out = String::new();
    // A `String` takes everything that is written to it.
    let _ = write_table(&mut out, catalog);
    out
}

fn write_table(out: &mut String, catalog: &Catalog) -> std::fmt::Result {
    writeln!(out, "/** The domain of the catalogue. */")?;
    writeln!(out, "export const DOMAIN = {};", literal(catalog.domain()))?;
    writeln!(out, "\n/** The codes, by their reasons. */\nexport const ErrorCode = {{")?;
    for entry in catalog.entries() {
        write_doc(out, "  ", entry.summary, deprecated(entry))?;
        writeln!(out, "  {}: {},", entry.reason, entry.code)?;
    }
    writeln!(out, "}} as const;")?;
    writeln!(out, "\n/** The parameters of the codes that declare any. A peer may omit each of them. */")?;
    writeln!(out, "export interface ParamsOf {{")?;
    for entry in with_params(catalog.entries()) {
        writeln!(out, "  {}: {{", entry.code)?;
        for param in entry.params {
            write_doc(out, "    ", param.description, None)?;
            writeln!(out, "    readonly {}?: {};", param.name, type_of(param.kind))?;
        }
        writeln!(out, "  }};")?;
    }
    writeln!(out, "}}")?;
    writeln!(out, "\n/** All entries, in the order of their codes. */")?;
    writeln!(out, "export const ENTRIES: readonly Entry[] = [")?;
    for entry in catalog.entries() {
        writeln!(out, "  {},", row(entry))?;
    }
    writeln!(out, "];")?;
    write_constants(out)
}

fn write_constants(out: &mut String) -> std::fmt::Result {
    let pair = |(status, code): (u16, GrpcCode)| format!("{status}: {}", code.number());
    writeln!(out, "\n/** The names of the gRPC codes, by their numbers. */")?;
    let names = list(GrpcCode::ALL.iter().map(|code| literal(code.name())));
    writeln!(out, "const GRPC_CODES: readonly string[] = [{names}];")?;
    writeln!(out, "/** The gRPC codes of the classes 400 and 500, and of those that differ from them. */")?;
    let classes = list(classes().map(pair));
    writeln!(out, "const CLASS_TO_GRPC: Readonly<Record<number, number>> = {{ {classes} }};")?;
    writeln!(out, "/** The HTTP status of an error without a code, by the number of its gRPC code. */")?;
    let statuses = list(GrpcCode::ALL.iter().map(|code| grpc_to_class(*code).to_string()));
    writeln!(out, "const GRPC_TO_CLASS: readonly number[] = [{statuses}];")?;
    writeln!(out, "/** The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN. */")?;
    let intermediaries = list(intermediaries().map(pair));
    writeln!(out, "const INTERMEDIARY_TO_GRPC: Readonly<Record<number, number>> = {{ {intermediaries} }};")?;
    writeln!(
        out,
        "/** The parts of an error that a server removes if the error is too large, by their numbers minus one. */"
    )?;
    let shed = list(Shed::ALL.iter().map(|part| literal(part.name())));
    writeln!(out, "const SHED: readonly string[] = [{shed}];")
}

fn row(entry: &Entry) -> String {
    let param = |param: &Param| {
        let description = literal(param.description);
        format!("{{ name: \"{}\", type: \"{}\", description: {description} }}", param.name, param.kind)
    };
    format!(
        "{{ code: {}, name: \"{}\", reason: \"{}\", domain: DOMAIN, httpStatus: {}, grpcCode: {}, grpcStatus: \"{}\", \
         summary: {}, recovery: \"{}\", params: [{}], since: {}, deprecated: {}, replacedBy: {} }}",
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

/// Writes a TSDoc comment.
fn write_doc(out: &mut String, indent: &str, text: &str, deprecated: Option<String>) -> std::fmt::Result {
    let text = doc(&comment(text));
    match deprecated {
        _ if text.is_empty() => Ok(()),
        None => writeln!(out, "{indent}/** {text} */"),
        Some(version) => {
            writeln!(out, "{indent}/**\n{indent} * {text}\n{indent} *")?;
            writeln!(out, "{indent} * @deprecated {}\n{indent} */", doc(&version))
        }
    }
}

/// Escapes the end of a comment, of a script, and the characters that TSDoc reads as markup.
fn doc(text: &str) -> String {
    text.replace("*/", "*\\/").replace('<', "\\<").replace('@', "\\@").replace('{', "\\{").replace('}', "\\}")
}

/// `<` is escaped, so that a page can contain the module in a script element.
fn literal(text: &str) -> String {
    super::language::literal(text, |c| c == '<', |c| format!("\\u{{{:x}}}", u32::from(c)))
}

fn type_of(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Int64 => "bigint",
        ParamKind::Bool => "boolean",
        ParamKind::Timestamp => "Date",
        ParamKind::Duration => "number",
        _ => "string",
    }
}
