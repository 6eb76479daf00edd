//! Adds an entry to the text of a catalogue.

use prost_types::{EnumDescriptorProto, FileDescriptorProto};
use protox::file::File;

use crate::field_numbers::{
    ENTRY_OPTION, ENUM_VALUES, FILE_ENUMS, FILE_MESSAGES, MESSAGE_ENUMS, MESSAGE_MESSAGES,
};
use crate::positions::is_option;
use crate::{Error, Inspection};

/// An entry that is not in a catalogue yet. Texts that are empty are not written.
///
/// ```
/// use codelibra_build::{Inspection, NewEntry, add_entry};
///
/// let text = r#"
///     syntax = "proto3";
///     import "codelibra/error/v1/options.proto";
///     enum ErrorCode {
///       option (codelibra.error.v1.catalog) = {domain: "shop.example.com"};
///       ERROR_CODE_UNSPECIFIED = 0;
///       ERROR_CODE_SOLD_OUT = 409001 [(codelibra.error.v1.entry) = {summary: "The item is sold out."}];
///     }
/// "#;
/// let read = |name: &str| Ok((name == "errors.proto").then(|| text.to_owned()));
/// let inspection = Inspection::from_reader("errors.proto", "errors.proto", read);
///
/// let (reason, summary) = ("CART_GONE".to_owned(), "The cart is gone.".to_owned());
/// let entry = NewEntry { code: 410_001, reason, summary, ..NewEntry::default() };
/// let row = r#"ERROR_CODE_CART_GONE = 410001 [(codelibra.error.v1.entry) = {summary: "The cart is gone."}];"#;
/// assert!(add_entry(text, &inspection, &entry)?.contains(row));
/// # Ok::<(), codelibra_build::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct NewEntry {
    /// The six-digit code.
    pub code: u32,
    /// `USER_BANNED`.
    pub reason: String,
    /// The default public message: one sentence.
    pub summary: String,
    /// What happened.
    pub cause: String,
    /// What the caller should do next.
    pub resolution: String,
    /// The next step, as `codelibra.error.v1.Recovery` names it: `STEP_UP`.
    pub recovery: String,
}

/// The reason that a name or a reason stands for: `USER_BANNED` for `UserBanned`, `userBanned`, `user-banned` and
/// `USER_BANNED`. Letters that follow each other in upper case are one word: `HTTP_ERROR` for `HTTPError`.
///
/// ```
/// use codelibra_build::reason_from_name;
///
/// assert_eq!(reason_from_name("UserBanned"), "USER_BANNED");
/// assert_eq!(reason_from_name("HTTPError"), "HTTP_ERROR");
/// ```
pub fn reason_from_name(name: &str) -> String {
    let letters: Vec<char> = name.trim().chars().collect();
    let mut reason = String::with_capacity(letters.len() + 8);
    for (at, &c) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
        let after = letters.get(at + 1).copied();
        let is_lower = |c: Option<char>| c.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let starts_word = c.is_uppercase()
            && (is_lower(before)
                || before.is_some_and(char::is_uppercase) && after.is_some_and(char::is_lowercase));
        if starts_word {
            reason.push('_');
        }
        reason.extend(if matches!(c, '-' | ' ') { '_' } else { c }.to_uppercase());
    }
    reason
}

/// Returns the text of a catalogue with one more entry, formatted as buf formats it. The entry follows the one with the
/// next lower number; what else is in the text stays as it is.
///
/// `inspection` is that of the text.
///
/// # Errors
///
/// The text cannot be parsed, or has no catalogue.
///
/// [`NewEntry`] has an example.
pub fn add_entry(text: &str, inspection: &Inspection, entry: &NewEntry) -> Result<String, Error> {
    let file = File::from_source("catalog.proto", text).map_err(|error| Error::from(error.to_string()))?;
    let parsed = file.file_descriptor_proto();
    let no_catalog = || Error::from("the file has no catalogue to which an entry can be added");
    let catalog = inspection.catalog().ok_or_else(no_catalog)?;
    let enum_path = &inspection.places.catalog;
    let the_enum = find_enum(parsed, enum_path).ok_or_else(no_catalog)?;

    let spans = value_spans(parsed, enum_path);
    let code = i32::try_from(entry.code).unwrap_or(i32::MAX);
    let lower = the_enum.value.iter().zip(0..).filter(|(value, _)| value.number() < code);
    let (before, index) = lower.max_by_key(|(value, _)| value.number()).ok_or_else(no_catalog)?;
    let lines = Lines::new(text);
    let span = spans.get(index).copied().flatten().ok_or_else(no_catalog)?;
    let end = lines.offset(span.end).ok_or_else(no_catalog)?;

    let start = lines.offset(span.start).unwrap_or(end);
    let indent = lines.indent(text, span.start.0);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let name = format!("{}{}", catalog.prefix, entry.reason);
    let is_zero = before.number() == 0;
    let has_blank = is_zero || is_apart(text, start, end);
    let row = row(&name, option_name(the_enum), entry, &indent, newline);

    let rest = text.get(end..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let mut out = String::with_capacity(text.len() + row.len() + 8);
    if is_blank_or_comment(line) {
        let at = end + line.len();
        let (front, back) = text.split_at(at.min(text.len()));
        out.push_str(front.strip_suffix('\r').unwrap_or(front));
        push_row(&mut out, &row, has_blank, newline);
        if front.ends_with('\r') {
            out.push('\r');
        }
        out.push_str(back);
    } else {
        // Something else follows in the same line.
        let (front, back) = text.split_at(end);
        out.push_str(front);
        push_row(&mut out, &row, has_blank, newline);
        out.push_str(newline);
        out.push_str(&indent);
        out.push_str(back.trim_start_matches([' ', '\t']));
    }
    Ok(out)
}

fn push_row(out: &mut String, row: &str, has_blank: bool, newline: &str) {
    out.push_str(newline);
    if has_blank {
        out.push_str(newline);
    }
    out.push_str(row);
}

/// The entry without a line break at its end. As buf does, one field is in the line of the value, and several have a
/// line each.
fn row(name: &str, option: &str, entry: &NewEntry, indent: &str, newline: &str) -> String {
    let texts = [("summary", &entry.summary), ("cause", &entry.cause), ("resolution", &entry.resolution)];
    let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
    let mut fields: Vec<String> = texts.map(|(field, text)| format!("{field}: {}", quoted(text))).collect();
    if !entry.recovery.is_empty() {
        fields.push(format!("recovery: RECOVERY_{}", entry.recovery));
    }
    let value = match fields.as_slice() {
        [] | [_] => format!("{{{}}}", fields.concat()),
        fields => {
            let lines: String = fields.iter().map(|field| format!("{indent}  {field}{newline}")).collect();
            format!("{{{newline}{lines}{indent}}}")
        }
    };
    format!("{indent}{name} = {} [({option}) = {value}];", entry.code)
}

/// A text as a string of proto.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A first summary for an entry of this reason, until a person writes a better one: `Cart gone.` for `CART_GONE`.
///
/// ```
/// use codelibra_build::summary_from_reason;
///
/// assert_eq!(summary_from_reason("CART_GONE"), "Cart gone.");
/// ```
pub fn summary_from_reason(reason: &str) -> String {
    let words = reason.replace('_', " ").to_ascii_lowercase();
    let mut letters = words.trim().chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// How the catalogue writes the name of the option.
fn option_name(the_enum: &EnumDescriptorProto) -> &str {
    let options = the_enum.value.iter().filter_map(|value| value.options.as_ref());
    let mut parts = options.flat_map(|options| &options.uninterpreted_option).filter_map(|o| o.name.first());
    parts.find(|part| is_option(part, ENTRY_OPTION)).map_or(ENTRY_OPTION, |part| part.name_part.as_str())
}

fn find_enum<'a>(file: &'a FileDescriptorProto, path: &[i32]) -> Option<&'a EnumDescriptorProto> {
    let at = |index: &i32| usize::try_from(*index).ok();
    match path {
        [FILE_ENUMS, index] => file.enum_type.get(at(index)?),
        [FILE_MESSAGES, index, path @ ..] => {
            let mut message = file.message_type.get(at(index)?)?;
            let mut path = path;
            while let [MESSAGE_MESSAGES, index, rest @ ..] = path {
                message = message.nested_type.get(at(index)?)?;
                path = rest;
            }
            match path {
                [MESSAGE_ENUMS, index] => message.enum_type.get(at(index)?),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Where a value starts and ends: lines and columns, counted from 0.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: (usize, usize),
    end: (usize, usize),
}

/// The spans of the values of an enum, by their index.
fn value_spans(file: &FileDescriptorProto, enum_path: &[i32]) -> Vec<Option<Span>> {
    let mut spans = Vec::new();
    for location in file.source_code_info.iter().flat_map(|info| &info.location) {
        let Some([ENUM_VALUES, index]) = location.path.strip_prefix(enum_path) else { continue };
        let numbers: Vec<usize> = location.span.iter().filter_map(|n| usize::try_from(*n).ok()).collect();
        let span = match numbers.as_slice() {
            [line, from, to] => Span { start: (*line, *from), end: (*line, *to) },
            [line, from, end, to] => Span { start: (*line, *from), end: (*end, *to) },
            _ => continue,
        };
        let Ok(index) = usize::try_from(*index) else { continue };
        if spans.len() <= index {
            spans.resize(index + 1, None);
        }
        if let Some(place) = spans.get_mut(index) {
            *place = Some(span);
        }
    }
    spans
}

/// Where the lines of a text start, in bytes.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// A line and a column in bytes, counted from 0.
    fn offset(&self, (line, column): (usize, usize)) -> Option<usize> {
        self.0.get(line).map(|start| start + column)
    }

    /// The space at the start of a line.
    fn indent(&self, text: &str, line: usize) -> String {
        let rest = self.0.get(line).and_then(|start| text.get(*start..)).unwrap_or_default();
        rest.chars().take_while(|c| matches!(c, ' ' | '\t')).collect()
    }
}

/// Whether an empty line stands after a value, or before it and its comments.
fn is_apart(text: &str, start: usize, end: usize) -> bool {
    let is_empty = |line: &str| line.trim().is_empty();
    let after = text.get(end..).unwrap_or_default().split('\n').nth(1);
    let before = text.get(..start).unwrap_or_default().rsplit('\n').skip(1);
    let mut before = before.skip_while(|line| line.trim_start().starts_with("//"));
    after.is_some_and(is_empty) || before.next().is_some_and(is_empty)
}

/// Whether only space and comments follow in a line.
fn is_blank_or_comment(line: &str) -> bool {
    let mut rest = line.trim();
    while let Some(comment) = rest.strip_prefix("/*") {
        match comment.split_once("*/") {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    rest.is_empty() || rest.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_made_of_a_name() {
        for (name, reason) in [
            ("UserBanned", "USER_BANNED"),
            ("userBanned", "USER_BANNED"),
            ("USER_BANNED", "USER_BANNED"),
            ("user-banned", "USER_BANNED"),
            ("HTTPError", "HTTP_ERROR"),
            ("Http2Error", "HTTP2_ERROR"),
            ("NoHTTP", "NO_HTTP"),
        ] {
            assert_eq!(reason_from_name(name), reason, "{name}");
        }
        assert_eq!(summary_from_reason("CART_GONE"), "Cart gone.");
    }
}
