//! The exports to programming languages: a real source file of the language, whose sample table is replaced by the one of
//! the catalogue, and what the four tables have in common.

use codelibra::__private::is_hidden;
use codelibra::tables::{class_to_grpc, intermediary_to_grpc};
use codelibra::{Entry, GrpcCode, Param};

use crate::explain::deprecation;
use crate::visible::visible;

const BEGIN: &str = "BEGIN GENERATED";
const END: &str = "END GENERATED";

/// Replaces the lines between the two markers.
pub(super) fn fill(runtime: &str, table: &str) -> String {
    let mut out = String::with_capacity(runtime.len() + table.len());
    let mut is_sample = false;
    for line in runtime.split_inclusive('\n') {
        is_sample &= !line.trim_end().ends_with(END);
        if !is_sample {
            out.push_str(line);
        }
        if line.trim_end().ends_with(BEGIN) {
            out.push_str(table);
            is_sample = true;
        }
    }
    out
}

/// Writes a text in double quotes. `escape` writes the characters that are hidden, and those for which `is_escaped` is true.
pub(super) fn literal(text: &str, is_escaped: fn(char) -> bool, escape: fn(char) -> String) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if is_hidden(c) || is_escaped(c) => out.push_str(&escape(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text of the catalogue for a comment: one line, without hidden characters.
pub(super) fn comment(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The deprecation of an entry for a comment, if it is deprecated.
pub(super) fn deprecated(entry: &Entry) -> Option<String> {
    Some(comment(&deprecation(entry))).filter(|text| !text.is_empty())
}

/// The entries that declare parameters.
pub(super) fn with_params(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| !entry.params.is_empty())
}

/// The classes 400 and 500, and each class whose gRPC code differs from the one of these (RFC 9110 §15).
pub(super) fn classes() -> impl Iterator<Item = (u16, GrpcCode)> {
    let of_group = |class: u16| class_to_grpc(class - class % 100);
    (400..600)
        .filter(move |class| class % 100 == 0 || class_to_grpc(*class) != of_group(*class))
        .map(|class| (class, class_to_grpc(class)))
}

/// The HTTP statuses of an intermediary whose gRPC code is not UNKNOWN.
pub(super) fn intermediaries() -> impl Iterator<Item = (u16, GrpcCode)> {
    let all = (400..600).map(|status| (status, intermediary_to_grpc(status)));
    all.filter(|(_, code)| *code != GrpcCode::Unknown)
}

/// The items, joined by a comma and a space.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// Makes the names of fields from the names of parameters. `spell` writes a name as the language does, with a change if it is
/// a keyword. If two names become the same, the second one gets underscores.
pub(super) fn field_names(params: &[Param], spell: fn(&str) -> String) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(params.len());
    for param in params {
        let mut name = spell(param.name);
        while names.contains(&name) {
            name.push('_');
        }
        names.push(name);
    }
    names
}

/// Writes `locked_until` as `LockedUntil`.
pub(super) fn upper_camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for part in name.split('_') {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_replaced() {
        let runtime = "head\n  // BEGIN GENERATED\n  sample\n  // END GENERATED\nrest\n";
        let filled = "head\n  // BEGIN GENERATED\n  table\n  // END GENERATED\nrest\n";
        assert_eq!(fill(runtime, "  table\n"), filled);
    }

    #[test]
    fn words_become_one() {
        assert_eq!(["locked_until", "a_1", "a__b_"].map(upper_camel), ["LockedUntil", "A1", "AB"]);
    }

    #[test]
    fn names_that_become_the_same_differ() {
        let param = |name| Param { name, kind: codelibra::ParamKind::Bool, description: "" };
        let names = field_names(&[param("a_b"), param("a__b"), param("c")], |name| name.replace("__", "_"));
        assert_eq!(names, ["a_b", "a_b_", "c"]);
    }
}
