//! The catalogue as a Java class.

use std::fmt::Write;

use codelibra::tables::grpc_to_class;
use codelibra::{Catalog, Entry, GrpcCode, Param, ParamKind, Shed};

use super::language::{
    classes, comment, deprecated, field_names, fill, intermediaries, list, upper_camel, with_params,
};
use crate::failure::Failure;

const RUNTIME: &str = include_str!("runtime.java");
const SAMPLE: &str = "\npackage sample;\n";

/// The entries of one nested class. A method of a class has at most 64 KiB of code, and a class at most 65,535 constants.
const ENTRIES_OF_A_CLASS: usize = 100;

/// Writes the class. Without a package, it has the labels of the domain in reverse order.
pub(crate) fn encode(catalog: &Catalog, package: Option<&str>) -> Result<Vec<u8>, Failure> {
    let package = match package {
        Some(name) if name.split('.').all(is_name) => name.to_owned(),
        Some(name) => {
            return Err(Failure::bad_input(format_args!(
                "`{name}` is not the name of a Java package; expected names joined by dots, such as `{}`",
                default_package(catalog.domain())
            )));
        }
        None => default_package(catalog.domain()),
    };
    let runtime = RUNTIME.replace(SAMPLE, &format!("\npackage {package};\n"));
    Ok(fill(&runtime, &table(catalog)).into_bytes())
}

/// JLS §6.1: a character that a name cannot contain becomes an underscore; a digit in front and a keyword get one.
fn default_package(domain: &str) -> String {
    let labels: Vec<String> = domain
        .rsplit('.')
        .map(|label| {
            let label = label.to_ascii_lowercase();
            let name = label.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            match name.as_str() {
                name if is_name(name) => name.to_owned(),
                name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("_{name}"),
                name => format!("{name}_"),
            }
        })
        .collect();
    labels.join(".")
}

fn is_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    starts && is_word && name != "_" && !KEYWORDS.contains(&name)
}

const KEYWORDS: &[&str] = &[
    "abstract",
    "assert",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extends",
    "false",
    "final",
    "finally",
    "float",
    "for",
    "goto",
    "if",
    "implements",
    "import",
    "instanceof",
    "int",
    "interface",
    "long",
    "native",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "strictfp",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "transient",
    "true",
    "try",
    "void",
    "volatile",
    "while",
];

/// The names that a component of a record cannot have (JLS §8.10.1), because `Object` has a method of the name.
const METHODS_OF_OBJECT: &[&str] =
    &["clone", "finalize", "getClass", "hashCode", "notify", "notifyAll", "toString", "wait"];

fn table(catalog: &Catalog) -> String {
    let mut out = String::new();
    // A `String` takes everything that is written to it.
    let _ = write_table(&mut out, catalog);
    out
}

fn write_table(out: &mut String, catalog: &Catalog) -> std::fmt::Result {
    writeln!(out, "  /** The domain of the catalogue. */")?;
    writeln!(out, "  public static final String DOMAIN = {};\n", literal(catalog.domain()))?;
    writeln!(out, "  /** The codes, by their reasons. */\n  public static final class Code {{")?;
    writeln!(out, "    private Code() {{}}")?;
    for entry in catalog.entries() {
        writeln!(out)?;
        write_doc(out, entry)?;
        writeln!(out, "    public static final int {} = {};", entry.reason, entry.code)?;
    }
    writeln!(out, "  }}\n")?;
    for entry in with_params(catalog.entries()) {
        write_params(out, entry)?;
    }
    let chunks = catalog.entries().chunks(ENTRIES_OF_A_CLASS);
    let count = chunks.len();
    for (i, entries) in chunks.enumerate() {
        writeln!(out, "  private static final class Table{i} {{")?;
        writeln!(out, "    static void addTo(List<Entry> entries) {{")?;
        for entry in entries {
            writeln!(out, "      entries.add({});", row(entry))?;
        }
        writeln!(out, "    }}\n  }}\n")?;
    }
    writeln!(out, "  private static List<Entry> table() {{\n    List<Entry> entries = new ArrayList<>();")?;
    for i in 0..count {
        writeln!(out, "    Table{i}.addTo(entries);")?;
    }
    writeln!(out, "    return Collections.unmodifiableList(entries);\n  }}\n")?;
    write_constants(out)
}

fn write_params(out: &mut String, entry: &Entry) -> std::fmt::Result {
    let name = entry.name;
    let fields = field_names(entry.params, spell);
    writeln!(out, "  /**")?;
    writeln!(out, "   * The parameters of {name}. One that was not sent, or is not of its type, is empty.")?;
    let described: Vec<_> =
        entry.params.iter().zip(&fields).filter(|(param, _)| !param.description.is_empty()).collect();
    if !described.is_empty() {
        writeln!(out, "   *")?;
    }
    for (param, field) in described {
        writeln!(out, "   * @param {field} {}", doc(param.description))?;
    }
    let components = entry.params.iter().zip(&fields);
    let components =
        list(components.map(|(param, field)| format!("Optional<{}> {field}", type_of(param.kind))));
    writeln!(out, "   */\n  public record {name}Params({components}) {{")?;
    writeln!(out, "    /** Returns the parameters, if the error has the code. */")?;
    writeln!(out, "    public static Optional<{name}Params> from(ApiError error) {{")?;
    writeln!(out, "      if (!error.hasCode(Code.{})) {{", entry.reason)?;
    writeln!(
        out,
        "        return Optional.empty();\n      }}\n      return Optional.of(\n          new {name}Params("
    )?;
    let values = entry
        .params
        .iter()
        .map(|param| format!("              error.param(\"{}\", {}.class)", param.name, type_of(param.kind)));
    writeln!(out, "{}));\n    }}\n  }}\n", values.collect::<Vec<_>>().join(",\n"))
}

fn write_constants(out: &mut String) -> std::fmt::Result {
    let pair = |(status, code): (u16, GrpcCode)| format!("Map.entry({status}, {})", code.number());
    let map = "private static final Map<Integer, Integer>";
    let names = list(GrpcCode::ALL.iter().map(|code| literal(code.name())));
    writeln!(out, "  /** The names of the gRPC codes, by their numbers. */")?;
    writeln!(out, "  private static final List<String> GRPC_CODES = List.of({names});\n")?;
    writeln!(out, "  /** The gRPC codes of the classes 400 and 500, and of those that differ from them. */")?;
    writeln!(out, "  {map} CLASS_TO_GRPC = Map.ofEntries({});\n", list(classes().map(pair)))?;
    writeln!(out, "  /** The HTTP status of an error without a code, by the number of its gRPC code. */")?;
    let statuses = list(GrpcCode::ALL.iter().map(|code| grpc_to_class(*code).to_string()));
    writeln!(out, "  private static final List<Integer> GRPC_TO_CLASS = List.of({statuses});\n")?;
    writeln!(out, "  /** The gRPC codes of HTTP responses that a proxy sent. All others are UNKNOWN. */")?;
    writeln!(out, "  {map} INTERMEDIARY_TO_GRPC = Map.ofEntries({});\n", list(intermediaries().map(pair)))?;
    writeln!(
        out,
        "  /** The parts of an error that a server removes if the error is too large, by their numbers minus one. */"
    )?;
    let shed = list(Shed::ALL.iter().map(|part| literal(part.name())));
    writeln!(out, "  private static final List<String> SHED = List.of({shed});")
}

fn row(entry: &Entry) -> String {
    let param = |param: &Param| {
        format!("new Param(\"{}\", \"{}\", {})", param.name, param.kind, literal(param.description))
    };
    format!(
        "new Entry({}, \"{}\", \"{}\", DOMAIN, {}, {}, \"{}\", {}, \"{}\", List.of({}), {}, {}, {})",
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

fn write_doc(out: &mut String, entry: &Entry) -> std::fmt::Result {
    let summary = doc(entry.summary);
    let Some(deprecated) = deprecated(entry) else { return writeln!(out, "    /** {summary} */") };
    writeln!(out, "    /**\n     * {summary}\n     *\n     * @deprecated {}\n     */", doc(&deprecated))?;
    writeln!(out, "    @Deprecated(since = {})", literal(entry.deprecated))
}

/// Javadoc is HTML with tags. The compiler reads a backslash with a `u` as a character in comments, too (JLS §3.3).
fn doc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in comment(text).chars() {
        if "&<>@{}\\*".contains(c) {
            // A `String` takes everything that is written to it.
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The compiler replaces a Unicode escape before it reads the literal (JLS §3.3), so control characters are octal.
fn literal(text: &str) -> String {
    super::language::literal(
        text,
        |_| false,
        |c| match u32::from(c) {
            code @ ..=0xff => format!("\\{code:03o}"),
            _ => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        },
    )
}

fn type_of(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Int64 => "Long",
        ParamKind::Bool => "Boolean",
        ParamKind::Timestamp => "Instant",
        ParamKind::Duration => "Duration",
        _ => "String",
    }
}

fn spell(name: &str) -> String {
    let upper = upper_camel(name);
    let mut chars = upper.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    let name: String = first.into_iter().chain(chars).collect();
    if KEYWORDS.contains(&name.as_str()) || METHODS_OF_OBJECT.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_becomes_a_package() {
        let packages = [
            ("codelibra", "codelibra"),
            ("shop.example.com", "com.example.shop"),
            ("my-shop.1st.int", "int_._1st.my_shop"),
        ];
        for (domain, package) in packages {
            assert_eq!(default_package(domain), package);
        }
    }

    #[test]
    fn hidden_characters_are_escaped_for_the_compiler() {
        assert_eq!(literal("\n\u{202e}\u{e0041}\\u0041"), r#""\012\u202e\udb40\udc41\\u0041""#);
        assert_eq!(doc(r"*/ \u002a {@x} <b>"), "&#42;/ &#92;u002a &#123;&#64;x&#125; &#60;b&#62;");
    }
}
