//! The catalogue as a Python module.

use std::fmt::Write;

use codelibra::tables::grpc_to_class;
use codelibra::{Catalog, Entry, GrpcCode, Param, ParamKind, Shed};

use super::language::{classes, deprecated, field_names, fill, intermediaries, list, with_params};

const RUNTIME: &str = include_str!("runtime.py");

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
    writeln!(out, "DOMAIN: Final = {}", literal(catalog.domain()))?;
    writeln!(out, "\"\"\"The domain of the catalogue.\"\"\"\n\n")?;
    writeln!(out, "class ErrorCode:\n    \"\"\"The codes, by their reasons.\"\"\"\n")?;
    for entry in catalog.entries() {
        writeln!(out, "    {}: Final = {}", entry.reason, entry.code)?;
        write_doc(out, "    ", entry.summary, deprecated(entry))?;
    }
    writeln!(out, "\n")?;
    for entry in with_params(catalog.entries()) {
        write_params(out, entry)?;
    }
    writeln!(out, "ENTRIES: Final[tuple[Entry, ...]] = (")?;
    for entry in catalog.entries() {
        writeln!(out, "    {},", row(entry))?;
    }
    writeln!(out, ")\n\"\"\"All entries, in the order of their codes.\"\"\"\n")?;
    write_constants(out)
}

fn write_params(out: &mut String, entry: &Entry) -> std::fmt::Result {
    let name = entry.name;
    let fields = field_names(entry.params, spell);
    writeln!(out, "@dataclass(frozen=True)\nclass {name}Params:")?;
    writeln!(out, "    \"\"\"The parameters of {name}. A peer may omit each of them.\"\"\"\n")?;
    writeln!(out, "    CODE: ClassVar[int] = {}\n", entry.code)?;
    for (param, field) in entry.params.iter().zip(&fields) {
        writeln!(out, "    {field}: Optional[{}] = None", type_of(param.kind))?;
        write_doc(out, "    ", param.description, None)?;
    }
    writeln!(out, "\n    @classmethod\n    def from_error(cls, error: ApiError) -> Optional[{name}Params]:")?;
    writeln!(out, "        \"\"\"Returns the parameters, if the error has the code of {name}.\"\"\"")?;
    writeln!(out, "        if not error.has_code(cls.CODE):\n            return None\n        return cls(")?;
    for (param, field) in entry.params.iter().zip(&fields) {
        let (kind, name) = (type_of(param.kind), param.name);
        writeln!(out, "            {field}=_as({kind}, error.params.get(\"{name}\")),")?;
    }
    writeln!(out, "        )\n\n")
}

fn write_constants(out: &mut String) -> std::fmt::Result {
    let pair = |(status, code): (u16, GrpcCode)| format!("{status}: {}", code.number());
    writeln!(out, "# The names of the gRPC codes, by their numbers.")?;
    let names = list(GrpcCode::ALL.iter().map(|code| literal(code.name())));
    writeln!(out, "_GRPC_CODES: Final[tuple[str, ...]] = ({names})")?;
    writeln!(out, "# The gRPC codes of the classes 400 and 500, and of those that differ from them.")?;
    writeln!(out, "_CLASS_TO_GRPC: Final[Mapping[int, int]] = {{{}}}", list(classes().map(pair)))?;
    writeln!(out, "# The HTTP status of an error without a code, by the number of its gRPC code.")?;
    let statuses = list(GrpcCode::ALL.iter().map(|code| grpc_to_class(*code).to_string()));
    writeln!(out, "_GRPC_TO_CLASS: Final[tuple[int, ...]] = ({statuses})")?;
    writeln!(out, "# The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN.")?;
    let intermediaries = list(intermediaries().map(pair));
    writeln!(out, "_INTERMEDIARY_TO_GRPC: Final[Mapping[int, int]] = {{{intermediaries}}}")?;
    writeln!(
        out,
        "# The parts of an error that a server removes if the error is too large, by their numbers minus one."
    )?;
    let shed = list(Shed::ALL.iter().map(|part| literal(part.name())));
    writeln!(out, "_SHED: Final[tuple[str, ...]] = ({shed})")
}

fn row(entry: &Entry) -> String {
    let param = |param: &Param| {
        format!("Param(\"{}\", \"{}\", {}),", param.name, param.kind, literal(param.description))
    };
    format!(
        "Entry(code={}, name=\"{}\", reason=\"{}\", domain=DOMAIN, http_status={}, grpc_code={}, grpc_status=\"{}\", \
         summary={}, recovery=\"{}\", params=({}), since={}, deprecated={}, replaced_by={})",
        entry.code,
        entry.name,
        entry.reason,
        entry.class(),
        entry.grpc_code.number(),
        entry.grpc_code,
        literal(entry.summary),
        entry.recovery,
        entry.params.iter().map(param).collect::<Vec<_>>().join(" "),
        literal(entry.since),
        literal(entry.deprecated),
        literal(entry.replaced_by),
    )
}

/// Writes the docstring of an attribute.
fn write_doc(out: &mut String, indent: &str, text: &str, deprecated: Option<String>) -> std::fmt::Result {
    let quoted = |text: &str| {
        let literal = literal(text);
        literal.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    match deprecated {
        _ if text.is_empty() => Ok(()),
        None => writeln!(out, "{indent}\"\"\"{}\"\"\"", quoted(text)),
        Some(version) => {
            writeln!(out, "{indent}\"\"\"{}\n", quoted(text))?;
            writeln!(out, "{indent}Deprecated {}.\n{indent}\"\"\"", quoted(&version))
        }
    }
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
        ParamKind::Int64 => "int",
        ParamKind::Bool => "bool",
        ParamKind::Timestamp => "datetime",
        ParamKind::Duration => "timedelta",
        _ => "str",
    }
}

/// Keywords, and the names that the class of parameters uses itself.
const RESERVED: &[&str] = &[
    "and",
    "as",
    "assert",
    "async",
    "await",
    "bool",
    "break",
    "class",
    "classmethod",
    "cls",
    "continue",
    "dataclass",
    "datetime",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "from_error",
    "global",
    "if",
    "import",
    "in",
    "int",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "self",
    "str",
    "timedelta",
    "try",
    "while",
    "with",
    "yield",
];

/// PEP 8: a name that is reserved gets an underscore.
fn spell(name: &str) -> String {
    if RESERVED.contains(&name) { format!("{name}_") } else { name.to_owned() }
}
