//! The text of the options of a catalogue: what is misspelt in it, and what is nearest.
//!
//! protox reports the first fault of a file at the start of the option. Here every fault is found, at its own place, and is
//! repaired, so that the rules can look at the rest.

use std::collections::HashSet;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, DynamicMessage, EnumDescriptor, ExtensionDescriptor, MessageDescriptor};
use prost_types::{FileDescriptorProto, UninterpretedOption};
use protox::file::{ChainFileResolver, File, GoogleFileResolver};

use crate::error::Diagnostic;
use crate::field_numbers::{
    CATALOG_OPTION, ENTRY_OPTION, ENUM_VALUES, FILE_ENUMS, OPTIONS, UNINTERPRETED_OPTION,
};
use crate::model::upper_snake_case;
use crate::nearest::nearest;
use crate::positions::{Positions, is_option};
use crate::resolve::{BundledFileResolver, OPTIONS_PROTO};

/// How many faults of one option are reported. More of them are one mistake.
const MAX_FAULTS: usize = 32;

/// The enums and values whose option was changed so that the rest can be read, by their paths.
#[derive(Debug, Default)]
pub(crate) struct Repaired {
    /// The option has a fault that cannot be repaired, and is empty now.
    pub(crate) emptied: HashSet<Vec<i32>>,
    /// A value of an enum in the option is like no known one, and is any one now.
    pub(crate) guessed: HashSet<Vec<i32>>,
}

impl Repaired {
    pub(crate) fn extend(&mut self, other: Self) {
        self.emptied.extend(other.emptied);
        self.guessed.extend(other.guessed);
    }
}

/// Repairs the options of catalogues in `file`, which was read as `opened`, and returns a finding for each fault.
pub(crate) fn repair(
    shown: &str,
    file: &mut FileDescriptorProto,
    opened: &File,
) -> (Vec<Diagnostic>, Repaired) {
    let (mut findings, mut changed) = (Vec::new(), Repaired::default());
    let Some(types) = types() else { return (findings, changed) };
    let extension = |name: &str| types.get_extension_by_name(name);
    let (Some(catalog), Some(entry)) = (extension(CATALOG_OPTION), extension(ENTRY_OPTION)) else {
        return (findings, changed);
    };
    let mut faults = Vec::new();
    for (the_enum, index) in file.enum_type.iter_mut().zip(0..) {
        let path = vec![FILE_ENUMS, index];
        let owner = the_enum.name().to_owned();
        let options = the_enum.options.as_mut().map(|options| &mut options.uninterpreted_option);
        repair_options(&catalog, &owner, &path, options, &mut faults, &mut changed);
        for (value, index) in the_enum.value.iter_mut().zip(0..) {
            let path = [path.as_slice(), &[ENUM_VALUES, index]].concat();
            let owner = value.name().to_owned();
            let options = value.options.as_mut().map(|options| &mut options.uninterpreted_option);
            repair_options(&entry, &owner, &path, options, &mut faults, &mut changed);
        }
    }
    if faults.is_empty() {
        return (findings, changed);
    }
    let positions = Positions::of_parsed(opened.file_descriptor_proto(), None).with_file(shown.to_owned());
    let lines: Vec<&str> = opened.source().unwrap_or_default().split('\n').collect();
    for Fault { path, word, message } in faults {
        let mut finding = positions.diagnostic(&path, message);
        if let (Some((line, column)), Some(word)) = (finding.position, word) {
            finding.position = Some(find_word(&lines, (line, column), &word).unwrap_or((line, column)));
        }
        findings.push(finding);
    }
    (findings, changed)
}

/// Adds the import of the options to a file that does not have it, and returns the finding about it.
pub(crate) fn add_import(shown: &str, file: &mut FileDescriptorProto, opened: &File) -> Option<Diagnostic> {
    if file.dependency.iter().any(|import| import == OPTIONS_PROTO) {
        return None;
    }
    file.dependency.push(OPTIONS_PROTO.to_owned());
    let parsed = opened.file_descriptor_proto();
    let uses = |options: &[UninterpretedOption], full: &str| {
        options.iter().zip(0..).find_map(|(option, index)| {
            let part = option.name.first().filter(|part| is_option(part, full))?;
            Some((part.name_part.clone(), vec![OPTIONS, UNINTERPRETED_OPTION, index]))
        })
    };
    let first = parsed.enum_type.iter().zip(0..).find_map(|(the_enum, index)| {
        let options = the_enum.options.as_ref().map_or(&[][..], |options| &options.uninterpreted_option);
        let (name, path) = uses(options, CATALOG_OPTION)?;
        Some((name, [vec![FILE_ENUMS, index], path].concat()))
    });
    let (name, path) = first?;
    let positions = Positions::of_parsed(parsed, None).with_file(shown.to_owned());
    let message = format!("option `({name})` is not imported; expected `import \"{OPTIONS_PROTO}\";`");
    Some(positions.diagnostic(&path, message))
}

/// Adds what would be right to a message of protox.
pub(crate) fn with_help(message: String) -> String {
    let quoted = |before: &str, after: &str| {
        let (name, rest) = message.strip_prefix(before)?.split_once('\'')?;
        rest.starts_with(after).then(|| name.to_owned())
    };
    if let Some(name) = quoted("name '", " is not defined") {
        let options = [CATALOG_OPTION, ENTRY_OPTION];
        return match options.contains(&name.trim_start_matches('.')) {
            true => format!("{message}; expected `import \"{OPTIONS_PROTO}\";`"),
            false => match nearest(&name, options) {
                Some(option) => format!("{message}; nearest: `{option}`"),
                None => format!("{message}; expected a name of this file or of an import"),
            },
        };
    }
    let field = quoted("field '", " not found").or_else(|| quoted("option field '", ""));
    let types = types();
    let fields = |option: &str| types.and_then(|types| types.get_extension_by_name(option));
    if let (Some(field), Some(entry), Some(catalog)) = (field, fields(ENTRY_OPTION), fields(CATALOG_OPTION)) {
        let names = |option: &ExtensionDescriptor| {
            let kind = option.kind();
            kind.as_message().map_or_else(Vec::new, field_names)
        };
        let known = [names(&entry), names(&catalog)].concat();
        if let Some(near) = nearest(&field, known.iter().map(String::as_str)) {
            return format!("{message}; nearest: `{near}`");
        }
    }
    message
}

/// One thing that is wrong with an option.
struct Fault {
    /// The path of the option in the file as it was parsed.
    path: Vec<i32>,
    /// The word of the text that is at fault.
    word: Option<String>,
    message: String,
}

fn repair_options(
    extension: &ExtensionDescriptor,
    owner: &str,
    path: &[i32],
    options: Option<&mut Vec<UninterpretedOption>>,
    faults: &mut Vec<Fault>,
    changed: &mut Repaired,
) {
    let kind = extension.kind();
    let Some(message) = kind.as_message() else { return };
    for (option, index) in options.into_iter().flatten().zip(0..) {
        let [part] = option.name.as_slice() else { continue };
        if !is_option(part, extension.full_name()) {
            continue;
        }
        let at = [path, &[OPTIONS, UNINTERPRETED_OPTION, index]].concat();
        let about = |word: Option<String>, text: String| {
            let message = format!("option `({})` of `{owner}`: {text}", extension.full_name());
            Fault { path: at.clone(), word, message }
        };
        let Some(text) = &mut option.aggregate_value else {
            let fields = field_names(message).join(", ");
            faults.push(about(None, format!("its value is no message; expected {{…}} with {fields}")));
            *option = UninterpretedOption {
                name: option.name.clone(),
                aggregate_value: Some(String::new()),
                ..UninterpretedOption::default()
            };
            changed.emptied.insert(path.to_vec());
            continue;
        };
        for fault in 0.. {
            let Err(error) = DynamicMessage::parse_text_format(message.clone(), text) else { break };
            let error = TextError::read(&error.to_string());
            if fault > 0 && matches!(error.kind, TextErrorKind::Other) {
                // A repair may be the reason: the nearest field is set already.
                text.clear();
                changed.emptied.insert(path.to_vec());
                break;
            }
            let repaired = error.repaired(message, text);
            if matches!(error.kind, TextErrorKind::Value(_)) && error.nearest(&error.known(message)).is_none()
            {
                changed.guessed.insert(path.to_vec());
            }
            faults.push(about(error.word.clone(), error.message(message)));
            match repaired.filter(|_| fault < MAX_FAULTS) {
                Some(repaired) => *text = repaired,
                None => {
                    text.clear();
                    changed.emptied.insert(path.to_vec());
                    break;
                }
            }
        }
    }
}

/// What prost-reflect reports of a text.
struct TextError {
    written: String,
    kind: TextErrorKind,
    word: Option<String>,
}

enum TextErrorKind {
    /// A field that the message of this name lacks.
    Field(String),
    /// A value that the enum of this name lacks.
    Value(String),
    Other,
}

impl TextError {
    fn read(written: &str) -> Self {
        let two = |before: &str, between: &str| {
            let (word, rest) = written.strip_prefix(before)?.split_once('\'')?;
            let owner = rest.strip_prefix(between)?.strip_suffix('\'')?;
            Some((word.to_owned(), owner.to_owned()))
        };
        let field = two("field '", " not found for message '");
        let value = two("value '", " was not found for enum '");
        let (kind, word) = match (field, value) {
            (Some((word, owner)), _) => (TextErrorKind::Field(owner), Some(word)),
            (None, Some((word, owner))) => (TextErrorKind::Value(owner), Some(word)),
            // `'summary' is already set`.
            (None, None) => {
                let word = written.strip_prefix('\'').and_then(|rest| rest.split_once('\''));
                (TextErrorKind::Other, word.map(|(word, _)| word.to_owned()))
            }
        };
        Self { written: written.to_owned(), kind, word }
    }

    /// The names that could stand in place of the word.
    fn known(&self, message: &MessageDescriptor) -> Vec<String> {
        let pool = message.parent_pool();
        match &self.kind {
            TextErrorKind::Field(owner) => {
                pool.get_message_by_name(owner).as_ref().map_or_else(Vec::new, field_names)
            }
            TextErrorKind::Value(owner) => {
                pool.get_enum_by_name(owner).as_ref().map_or_else(Vec::new, value_names)
            }
            TextErrorKind::Other => Vec::new(),
        }
    }

    fn message(&self, message: &MessageDescriptor) -> String {
        let known = self.known(message);
        let word = self.word.as_deref().unwrap_or_default();
        let what = match &self.kind {
            TextErrorKind::Field(owner) => format!("`{owner}` has no field `{word}`"),
            TextErrorKind::Value(owner) => format!("`{owner}` has no value `{word}`"),
            TextErrorKind::Other => return self.written.clone(),
        };
        match self.nearest(&known) {
            Some(near) => format!("{what}; nearest: `{near}`"),
            None => format!("{what}; expected one of {}", known.join(", ")),
        }
    }

    /// The known name that is most like the word. The prefix of an enum does not count.
    fn nearest<'a>(&self, known: &'a [String]) -> Option<&'a str> {
        let prefix = match &self.kind {
            TextErrorKind::Value(owner) => {
                upper_snake_case(owner.rsplit('.').next().unwrap_or_default()) + "_"
            }
            _ => String::new(),
        };
        let word = self.word.as_deref()?;
        let bare = |name: &'a str| name.strip_prefix(&prefix).unwrap_or(name);
        let near = nearest(word.strip_prefix(&prefix).unwrap_or(word), known.iter().map(|name| bare(name)))?;
        known.iter().map(String::as_str).find(|name| bare(name) == near)
    }

    /// The text with the nearest name in place of the word; of values, any one.
    fn repaired(&self, message: &MessageDescriptor, text: &str) -> Option<String> {
        let known = self.known(message);
        let word = self.word.as_deref()?;
        let near = self.nearest(&known);
        let any = matches!(self.kind, TextErrorKind::Value(_)).then(|| known.first()).flatten();
        let name = near.or(any.map(String::as_str))?;
        let at = find_in(text, word)?;
        Some(format!("{}{name}{}", text.get(..at)?, text.get(at + word.len()..)?))
    }
}

fn field_names(message: &MessageDescriptor) -> Vec<String> {
    message.fields().map(|field| field.name().to_owned()).collect()
}

/// The values without the zero value, which means that nothing is set.
fn value_names(the_enum: &EnumDescriptor) -> Vec<String> {
    the_enum.values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect()
}

/// Where `word` stands by itself in a text, outside of the strings.
fn find_in(text: &str, word: &str) -> Option<usize> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut quote, mut escaped, mut before) = (None, false, ' ');
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if !is_word(before) => {
                let rest = text.get(at..).and_then(|rest| rest.strip_prefix(word));
                if rest.is_some_and(|rest| !rest.starts_with(is_word)) {
                    return Some(at);
                }
            }
            None => {}
        }
        before = c;
    }
    None
}

/// The line and column, counted from 1, where `word` stands first from a position on.
fn find_word(lines: &[&str], (line, column): (usize, usize), word: &str) -> Option<(usize, usize)> {
    let from = line.checked_sub(1)?;
    // No string goes over the end of a line.
    lines.get(from..)?.iter().zip(from..).find_map(|(text, index)| {
        let skipped = if index == from { column - 1 } else { 0 };
        let found = find_in(text.get(skipped..)?, word)?;
        Some((index + 1, skipped + found + 1))
    })
}

/// The types of the options.
fn types() -> Option<&'static DescriptorPool> {
    static TYPES: OnceLock<Option<DescriptorPool>> = OnceLock::new();
    let compile = || {
        let mut resolver = ChainFileResolver::new();
        resolver.add(BundledFileResolver);
        resolver.add(GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true).open_file(OPTIONS_PROTO).ok()?;
        Some(compiler.descriptor_pool())
    };
    TYPES.get_or_init(compile).as_ref()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_outside_of_strings() {
        for (text, word, at) in [
            ("sumary: \"x\"", "sumary", Some(0)),
            ("cause: \"sumary\" sumary: 'x'", "sumary", Some(16)),
            ("cause: \"a \\\" sumary\"", "sumary", None),
            ("sumary_2: 1 sumary: 2", "sumary", Some(12)),
            ("", "sumary", None),
        ] {
            assert_eq!(find_in(text, word), at, "{text}");
        }
    }

    #[test]
    fn the_options_are_known() {
        assert!(types().unwrap().get_extension_by_name(ENTRY_OPTION).is_some());
    }
}
