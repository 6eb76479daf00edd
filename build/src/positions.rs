//! Where things are in a `.proto` file.

use std::collections::{HashMap, HashSet};

use prost_reflect::{
    DescriptorPool, EnumValueDescriptor, ExtensionDescriptor, FileDescriptor, Kind, MessageDescriptor,
};
use prost_types::source_code_info::Location;
use prost_types::uninterpreted_option::NamePart;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, UninterpretedOption};

use crate::error::Diagnostic;
use crate::field_numbers::{
    CATALOG_OPTION, ENTRY_OPTION, ENUM_VALUES, FILE_ENUMS, FILE_MESSAGES, MESSAGE_ENUMS, MESSAGE_MESSAGES,
    OPTIONS, UNINTERPRETED_OPTION, VALUE_NAME,
};

/// Line and column, counted from 1.
type Position = (usize, usize);

/// The positions of one file, by the paths of `google.protobuf.SourceCodeInfo`.
#[derive(Debug)]
pub(crate) struct Positions {
    file: String,
    by_path: HashMap<Vec<i32>, Position>,
}

impl Positions {
    /// Reads the positions of a file from its descriptor.
    pub(crate) fn from_file(file: &FileDescriptor) -> Self {
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        let locations = info.map_or(&[][..], |info| &info.location);
        let by_path = locations.iter().filter_map(|at| Some((at.path.clone(), start(at)?))).collect();
        Self { file: file.name().to_owned(), by_path }
    }

    /// Reads the positions of a file as it was parsed. Its options are still uninterpreted, and those of enums get the
    /// paths that they have in a descriptor.
    ///
    /// prost-reflect does the same, but it compares each option with each location: 20,000 entries take minutes.
    pub(crate) fn of_parsed(file: &FileDescriptorProto, pool: Option<&DescriptorPool>) -> Self {
        let mut options = Options { pool, paths: HashMap::new(), elements: HashMap::new() };
        for (the_enum, index) in file.enum_type.iter().zip(0..) {
            options.add_enum(&[FILE_ENUMS, index], the_enum);
        }
        for (message, index) in file.message_type.iter().zip(0..) {
            options.add_message(vec![FILE_MESSAGES, index], message);
        }
        let locations = file.source_code_info.as_ref().map_or(&[][..], |info| &info.location);
        let by_path =
            locations.iter().filter_map(|at| Some((options.interpreted(&at.path), start(at)?))).collect();
        Self { file: file.name().to_owned(), by_path }
    }

    /// A finding about what is at `path`, or about the nearest thing around it.
    pub(crate) fn diagnostic(&self, path: &[i32], message: String) -> Diagnostic {
        let position = (0..=path.len())
            .rev()
            .filter_map(|end| path.get(..end))
            .find_map(|around| self.by_path.get(around).copied());
        Diagnostic::error(Some(self.file.clone()), position, message)
    }

    /// Names the file as findings do.
    pub(crate) fn with_file(self, file: String) -> Self {
        Self { file, ..self }
    }
}

fn start(location: &Location) -> Option<Position> {
    let one_based = |n: &i32| usize::try_from(*n).map_or(1, |n| n + 1);
    match location.span.as_slice() {
        [line, column, ..] => Some((one_based(line), one_based(column))),
        _ => None,
    }
}

/// Stands between a repeated name and its count in a file that [`rename_repeated`] changed. No name contains it.
const RENAMED: char = '\u{1}';

/// The name of a value as the file has it: [`rename_repeated`] may have changed it.
pub(crate) fn written_name(value: &EnumValueDescriptor) -> &str {
    let name = value.name();
    name.split_once(RENAMED).map_or(name, |(written, _)| written)
}

/// Gives the values of the file's own enums whose name is used already another name, and returns a finding for each.
/// protox reports them too, but takes time that grows with the square of their number.
pub(crate) fn rename_repeated(
    shown: &str,
    file: &mut FileDescriptorProto,
    parsed: &FileDescriptorProto,
) -> Vec<Diagnostic> {
    let mut names = HashSet::new();
    let mut repeated = Vec::new();
    for (the_enum, index) in file.enum_type.iter_mut().zip(0..) {
        for (value, number) in the_enum.value.iter_mut().zip(0..) {
            // The values of an enum are in the scope of the enum itself.
            if !names.insert(value.name().to_owned()) {
                let name = value.name().to_owned();
                value.name = Some(format!("{name}{RENAMED}{}", repeated.len()));
                repeated.push((vec![FILE_ENUMS, index, ENUM_VALUES, number, VALUE_NAME], name));
            }
        }
    }
    if repeated.is_empty() {
        return Vec::new();
    }
    // Names are no options.
    let positions = Positions::of_parsed(parsed, None).with_file(shown.to_owned());
    let package = if parsed.package().is_empty() { String::new() } else { format!("{}.", parsed.package()) };
    let diagnostic = |(path, name): (Vec<i32>, String)| {
        let message = format!("name '{package}{name}' is defined twice; expected each name once");
        positions.diagnostic(&path, message)
    };
    repeated.into_iter().map(diagnostic).collect()
}

/// The paths of the options of enums: uninterpreted, and as they are in a descriptor.
struct Options<'a> {
    pool: Option<&'a DescriptorPool>,
    paths: HashMap<Vec<i32>, Vec<i32>>,
    /// How many elements of a repeated field were set one by one.
    elements: HashMap<Vec<i32>, i32>,
}

impl Options<'_> {
    fn add_message(&mut self, path: Vec<i32>, message: &DescriptorProto) {
        let mut messages = vec![(path, message)];
        while let Some((path, message)) = messages.pop() {
            for (the_enum, index) in message.enum_type.iter().zip(0..) {
                self.add_enum(&[&*path, &[MESSAGE_ENUMS, index]].concat(), the_enum);
            }
            for (nested, index) in message.nested_type.iter().zip(0..) {
                messages.push(([&*path, &[MESSAGE_MESSAGES, index]].concat(), nested));
            }
        }
    }

    fn add_enum(&mut self, path: &[i32], the_enum: &EnumDescriptorProto) {
        let options = the_enum.options.as_ref();
        self.add(path, options.map_or(&[], |options| &options.uninterpreted_option));
        for (value, index) in the_enum.value.iter().zip(0..) {
            let options = value.options.as_ref();
            let path = [path, &[ENUM_VALUES, index]].concat();
            self.add(&path, options.map_or(&[], |options| &options.uninterpreted_option));
        }
    }

    fn add(&mut self, path: &[i32], options: &[UninterpretedOption]) {
        for (option, index) in options.iter().zip(0..) {
            if let Some((mut interpreted, is_list)) = self.resolve(path, &option.name) {
                if is_list {
                    let elements = self.elements.entry(interpreted.clone()).or_default();
                    interpreted.push(*elements);
                    *elements += 1;
                }
                self.paths.insert([path, &[OPTIONS, UNINTERPRETED_OPTION, index]].concat(), interpreted);
            }
        }
    }

    /// The path of an option, and whether it is one element of a list.
    fn resolve(&self, path: &[i32], name: &[NamePart]) -> Option<(Vec<i32>, bool)> {
        let (first, rest) = name.split_first()?;
        let extension = self.extension(first)?;
        let mut interpreted = [path, &[OPTIONS, i32::try_from(extension.number()).ok()?]].concat();
        let mut is_list = extension.is_list();
        let mut message = message_of(extension.kind());
        for part in rest {
            let field = message?.get_field_by_name(&part.name_part)?;
            interpreted.push(i32::try_from(field.number()).ok()?);
            is_list = field.is_list();
            message = message_of(field.kind());
        }
        Some((interpreted, is_list))
    }

    /// One of the extensions of catalogues, by its full name or by a part of it, which the package completes.
    fn extension(&self, part: &NamePart) -> Option<ExtensionDescriptor> {
        let options = [CATALOG_OPTION, ENTRY_OPTION];
        let full = options.into_iter().find(|full| is_option(part, full))?;
        self.pool?.get_extension_by_name(full)
    }

    fn interpreted(&self, path: &[i32]) -> Vec<i32> {
        let at = path.windows(2).position(|pair| pair == [OPTIONS, UNINTERPRETED_OPTION]);
        // The pair and the index of the option.
        let split = at.and_then(|at| path.split_at_checked(at + 3));
        match split.and_then(|(option, rest)| Some((self.paths.get(option)?, rest))) {
            Some((interpreted, rest)) => [interpreted, rest].concat(),
            None => path.to_vec(),
        }
    }
}

/// Whether a part of an option's name means this extension.
pub(crate) fn is_option(part: &NamePart, full: &str) -> bool {
    let front = full.strip_suffix(part.name_part.trim_start_matches('.'));
    part.is_extension && front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

fn message_of(kind: Kind) -> Option<MessageDescriptor> {
    match kind {
        Kind::Message(message) => Some(message),
        _ => None,
    }
}
