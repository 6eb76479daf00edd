//! The rules of catalogues: from descriptors to a [`Catalog`], or to everything that is wrong.

use std::collections::{HashMap, HashSet};

use prost_reflect::{
    DynamicMessage, EnumDescriptor, EnumValueDescriptor, ExtensionDescriptor, ReflectMessage, Value,
};

use crate::descriptor::Source;
use crate::error::Diagnostic;
use crate::field_numbers::{
    CATALOG_DOMAIN, CATALOG_FALLBACK, CATALOG_OPTION, CATALOG_PAGES, ENTRY_CAUSE, ENTRY_DEPRECATED,
    ENTRY_OPTION, ENTRY_PARAMS, ENTRY_REPLACED_BY, ENTRY_RESOLUTION, ENTRY_SINCE, ENTRY_SUMMARY,
    FALLBACK_CODE, FALLBACK_GRPC_CODE, OPTIONS, PARAM_DESCRIPTION, PARAM_NAME, PARAM_TYPE, VALUE_NAME,
    VALUE_NUMBER,
};
use crate::inspection::{Inspection, Places, lists_no_code};
use crate::model::{Catalog, Entry, Fallback, Param, pascal_case, upper_snake_case};
use crate::option_text::Repaired;
use crate::positions::{Positions, written_name};
use crate::retired::Retired;
use crate::tables::class_to_grpc;
use crate::{Error, GrpcCode, compared, generate, texts};

const MAX_PARAM: usize = 64;
/// The keys that google.rpc.ErrorInfo has a use of its own for in its metadata, and that use.
const RESERVED_PARAMS: [(&str, &str); 2] =
    [("code", "the number"), ("shed", "the marks of what was left out")];

pub(crate) fn read(source: &Source) -> Inspection {
    let option = |name: &str| source.pool.get_extension_by_name(name);
    let (Some(catalog_option), Some(entry_option)) = (option(CATALOG_OPTION), option(ENTRY_OPTION)) else {
        return Inspection::failed(no_catalog(source));
    };
    let found: Vec<EnumDescriptor> = source
        .pool
        .all_enums()
        .filter(|e| source.main.as_ref().is_none_or(|main| e.parent_file().name() == main))
        .filter(|e| e.options().has_extension(&catalog_option))
        .collect();
    let the_enum = match found.as_slice() {
        [] => return Inspection::failed(no_catalog(source)),
        [one] => one,
        [first, second, ..] => {
            let message = format!(
                "`{}` and `{}` are both catalogues; expected one catalogue a file",
                first.full_name(),
                second.full_name()
            );
            let positions = source.positions(&second.parent_file());
            return Inspection::failed(Error::new(vec![positions.diagnostic(second.path(), message)]));
        }
    };

    let mut reader = Reader {
        the_enum,
        prefix: upper_snake_case(the_enum.name()) + "_",
        entry_option,
        positions: source.positions(&the_enum.parent_file()),
        retired: retired(source, the_enum),
        repaired: &source.repaired,
        paths: HashMap::new(),
        diagnostics: source.findings.clone(),
    };
    let catalog = reader.catalog(&catalog_option);
    let Reader { positions, retired, paths, diagnostics, .. } = reader;
    let places = Places { positions: Some(positions), catalog: the_enum.path().to_vec(), entries: paths };
    Inspection::new(Some(catalog), diagnostics, retired, places)
}

fn no_catalog(source: &Source) -> Error {
    let message = format!("no enum with the option `({CATALOG_OPTION})`; expected one that lists the codes");
    let file = source.main.as_deref().map(|main| source.shown(main));
    // What was changed to look at the file may be the reason.
    let mut findings = source.findings.clone();
    findings.push(Diagnostic::error(file, None, message));
    Error::new(findings)
}

/// What must not be used again.
fn retired(source: &Source, the_enum: &EnumDescriptor) -> Retired {
    let place = (the_enum.parent_file().name().to_owned(), the_enum.path().to_vec());
    let mut retired = source.retired.get(&place).cloned().unwrap_or_default();
    retired.extend(the_enum.reserved_ranges(), the_enum.reserved_names().map(str::to_owned));
    retired
}

struct Reader<'a> {
    the_enum: &'a EnumDescriptor,
    /// What the names of values start with.
    prefix: String,
    entry_option: ExtensionDescriptor,
    positions: Positions,
    retired: Retired,
    repaired: &'a Repaired,
    /// The path of each value, by its number and reason.
    paths: HashMap<(u32, String), Vec<i32>>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn report(&mut self, path: &[i32], message: String) {
        let diagnostic = self.positions.diagnostic(path, message);
        self.diagnostics.push(diagnostic);
    }

    fn warn(&mut self, path: &[i32], message: String) {
        let diagnostic = self.positions.diagnostic(path, message);
        self.diagnostics.push(diagnostic.into_warning());
    }

    fn catalog(&mut self, option: &ExtensionDescriptor) -> Catalog {
        let options = self.the_enum.options();
        let value = options.get_extension(option);
        let text = |field| value.as_message().map(|m| string(m, field)).unwrap_or_default();
        let (domain, pages) = (text("domain"), text("pages"));
        let is_broken = self.repaired.emptied.contains(self.the_enum.path());
        if let Some(fault) = texts::domain_fault(&domain).filter(|_| !is_broken) {
            self.report(
                &option_path(self.the_enum.path(), option, &[CATALOG_DOMAIN]),
                format!("domain {domain:?} of `{}`; {fault}", self.the_enum.name()),
            );
        }
        if let Some(fault) = texts::pages_fault(&pages) {
            self.report(
                &option_path(self.the_enum.path(), option, &[CATALOG_PAGES]),
                format!("pages {pages:?} of `{}`; {fault}", self.the_enum.name()),
            );
        }
        let mut entries: Vec<Entry> = self.the_enum.values().filter_map(|value| self.entry(&value)).collect();
        if entries.is_empty() && self.diagnostics.is_empty() {
            self.report(self.the_enum.path(), lists_no_code(self.the_enum.name()));
        }
        for (path, message) in compared::repeated(self.the_enum, |value| self.reason(value)) {
            self.report(&path, message);
        }
        for (entry, message) in compared::replacements(&entries) {
            let path = self.paths.get(&(entry.code, entry.reason.clone())).cloned().unwrap_or_default();
            let option = self.entry_option.clone();
            self.report(&option_path(&path, &option, &[ENTRY_REPLACED_BY]), message);
        }
        entries.sort_by_key(|e| e.code);
        let fallback = value.as_message().map(|m| self.fallback(option, m, &entries)).unwrap_or_default();
        Catalog {
            file: self.the_enum.parent_file().name().to_owned(),
            domain,
            pages: pages.trim_end_matches('/').to_owned(),
            enum_name: self.the_enum.full_name().to_owned(),
            prefix: self.prefix.clone(),
            entries,
            fallback,
        }
    }

    /// Reads the fallback table. `entries` are sorted by their codes.
    fn fallback(
        &mut self,
        option: &ExtensionDescriptor,
        catalog: &DynamicMessage,
        entries: &[Entry],
    ) -> Vec<Fallback> {
        // A gRPC code that cannot be read is reported already. What is in its place would break a rule.
        if self.repaired.guessed.contains(self.the_enum.path()) {
            return Vec::new();
        }
        let list = catalog.get_field_by_name("fallback");
        let list = list.as_deref().and_then(Value::as_list).unwrap_or_default();
        let mut table: Vec<Fallback> = Vec::with_capacity(list.len());
        for (message, index) in list.iter().filter_map(Value::as_message).zip(0..) {
            let at =
                |field: i32| option_path(self.the_enum.path(), option, &[CATALOG_FALLBACK, index, field]);
            let (at_grpc_code, at_code) = (at(FALLBACK_GRPC_CODE), at(FALLBACK_CODE));
            let code = message.get_field_by_name("code").and_then(|code| code.as_u32()).unwrap_or_default();
            let name = enum_name(message, "grpc_code");
            let Some(grpc_code) = name.as_deref().and_then(GrpcCode::from_name) else {
                self.report(
                    &at_grpc_code,
                    format!("fallback {code} has no gRPC code; expected one, such as GRPC_CODE_NOT_FOUND"),
                );
                continue;
            };
            if table.iter().any(|row| row.grpc_code == grpc_code.name()) {
                self.report(
                    &at_grpc_code,
                    format!("fallback of {grpc_code} is given twice; expected each gRPC code once"),
                );
                continue;
            }
            let is_right = |entry: &Entry| can_fall_back(grpc_code, entry);
            let found = entries.binary_search_by_key(&code, |entry| entry.code).ok();
            let fault = match found.and_then(|at| entries.get(at)) {
                Some(entry) if is_right(entry) || self.is_guessed(entry) => None,
                Some(entry) => Some(format!(
                    "fallback of {grpc_code} is {code} {}, whose gRPC code is {}",
                    entry.name,
                    grpc_code_of(entry)
                )),
                None => Some(format!("fallback of {grpc_code} is {code}, which the catalogue does not list")),
            };
            if let Some(fault) = fault {
                let expected = match entries.iter().find(|entry| is_right(entry)) {
                    Some(Entry { code, name, .. }) => {
                        format!("an entry whose gRPC code is {grpc_code}, such as {code} {name}")
                    }
                    None => format!("no fallback of {grpc_code}: the catalogue lists no entry of it"),
                };
                self.report(&at_code, format!("{fault}; expected {expected}"));
            }
            table.push(Fallback { grpc_code: grpc_code.name().to_owned(), code });
        }
        table
    }

    /// Whether the gRPC code or another value of an entry cannot be read.
    fn is_guessed(&self, entry: &Entry) -> bool {
        let path = self.paths.get(&(entry.code, entry.reason.clone()));
        path.is_some_and(|path| self.repaired.guessed.contains(path))
    }

    /// `None` for the zero value, which proto3 demands and which is no entry.
    fn entry(&mut self, value: &EnumValueDescriptor) -> Option<Entry> {
        if value.number() == 0 {
            return None;
        }
        let path = value.path();
        let reason = self.reason(value);
        self.check_number(value);
        self.check_reserved(value);
        for fault in texts::reason_faults(&reason) {
            self.report(&[path, &[VALUE_NAME]].concat(), fault);
        }

        let name = pascal_case(&reason);
        let number = value.number();
        let code = u32::try_from(number).unwrap_or(0);
        self.paths.entry((code, reason.clone())).or_insert_with(|| path.to_vec());
        if let Some(warning) = texts::reason_warning(&reason, &name) {
            self.warn(&[path, &[VALUE_NAME]].concat(), warning);
        }
        if let Some(warning) = texts::class_warning(number, &name) {
            self.warn(&[path, &[VALUE_NUMBER]].concat(), warning);
        }
        let options = value.options();
        let option = options.get_extension(&self.entry_option);
        let no_row;
        let row = match option.as_message().filter(|_| options.has_extension(&self.entry_option)) {
            Some(row) => {
                if !self.repaired.emptied.contains(path) {
                    self.check_texts(path, number, &name, row);
                }
                row
            }
            None => {
                self.report(
                    path,
                    format!("{number} {name} has no `({ENTRY_OPTION})`; expected one with a summary"),
                );
                let kind = self.entry_option.kind();
                no_row = DynamicMessage::new(kind.as_message()?.clone());
                &no_row
            }
        };
        let params = self.params(&option_path(path, &self.entry_option, &[ENTRY_PARAMS]), &name, row);
        let summary = string(row, "summary");
        if !summary.is_empty() {
            for warning in texts::summary_warnings(&name, &summary, &params) {
                self.warn(&option_path(path, &self.entry_option, &[ENTRY_SUMMARY]), warning);
            }
        }
        if !params.is_empty() && generate::TAKEN_NAMES.contains(&name.as_str()) {
            self.report(path, format!("name `{name}` is taken by the generated module; expected another reason for an entry with params"));
        }
        let built_in = value.enum_value_descriptor_proto().options.as_ref().is_some_and(|o| o.deprecated());
        let mut deprecated = string(row, "deprecated");
        if built_in && deprecated.is_empty() {
            deprecated = String::from("an unnamed version");
        }
        Some(Entry {
            code,
            name,
            reason,
            summary,
            cause: texts::lines(&strings(row, "cause")),
            resolution: texts::lines(&strings(row, "resolution")),
            recovery: enum_name(row, "recovery").unwrap_or_else(|| String::from("NONE")),
            params,
            grpc_code: enum_name(row, "grpc_code"),
            since: string(row, "since"),
            deprecated,
            replaced_by: string(row, "replaced_by"),
        })
    }

    /// Checks the texts of an entry.
    fn check_texts(&mut self, path: &[i32], number: i32, name: &str, row: &DynamicMessage) {
        let option = self.entry_option.clone();
        let at = |field: i32| option_path(path, &option, &[field]);
        if let Some(fault) = texts::summary_fault(number, name, &string(row, "summary")) {
            self.report(&at(ENTRY_SUMMARY), fault);
        }
        for (field, label) in [(ENTRY_SINCE, "since"), (ENTRY_DEPRECATED, "deprecated")] {
            if let Some(fault) = texts::text_fault(label, name, &string(row, label)) {
                self.report(&at(field), fault);
            }
        }
        for (field, label) in [(ENTRY_CAUSE, "cause"), (ENTRY_RESOLUTION, "resolution")] {
            for (text, index) in strings(row, label).iter().zip(0..) {
                if let Some(fault) = texts::text_fault(label, name, text) {
                    self.report(&option_path(path, &option, &[field, index]), fault);
                }
            }
        }
        if strings(row, "resolution").iter().all(|text| text.trim().is_empty()) {
            let message =
                format!("{number} {name} has no resolution; expected what the caller should do next");
            self.warn(&at(ENTRY_RESOLUTION), message);
        }
    }

    /// The value's name without the prefix that proto style puts there.
    fn reason(&self, value: &EnumValueDescriptor) -> String {
        let name = written_name(value);
        name.strip_prefix(&self.prefix).unwrap_or(name).to_owned()
    }

    fn check_number(&mut self, value: &EnumValueDescriptor) {
        let number = value.number();
        let path = [value.path(), &[VALUE_NUMBER]].concat();
        if !(400_000..=599_999).contains(&number) {
            self.report(
                &path,
                format!("code {number} of `{}` is out of range; expected 400001 to 599999, the HTTP status class first", written_name(value)),
            );
        } else if number % 1000 == 0 {
            self.report(
                &path,
                format!("code {number} of `{}` ends in 000, which means the class and nothing more specific; expected {} to {}", written_name(value), number + 1, number + 999),
            );
        }
    }

    fn check_reserved(&mut self, value: &EnumValueDescriptor) {
        let number = value.number();
        if self.retired.has_number(number) {
            let path = [value.path(), &[VALUE_NUMBER]].concat();
            self.report(&path, format!("code {number} of `{}` is reserved: a retired number is never used again; expected a new one", written_name(value)));
        }
        if self.retired.has_name(written_name(value)) {
            self.report(
                &[value.path(), &[VALUE_NAME]].concat(),
                format!(
                    "`{}` is reserved: a retired name is never used again; expected a new one",
                    written_name(value)
                ),
            );
        }
    }

    fn params(&mut self, path: &[i32], entry: &str, row: &DynamicMessage) -> Vec<Param> {
        let list = row.get_field_by_name("params");
        let list = list.as_deref().and_then(Value::as_list).unwrap_or_default();
        let mut params: Vec<Param> = Vec::with_capacity(list.len());
        let mut names = HashSet::with_capacity(list.len());
        for (message, index) in list.iter().filter_map(Value::as_message).zip(0..) {
            let at_name = [path, &[index, PARAM_NAME]].concat();
            let name = string(message, "name");
            if !is_param_name(&name) {
                self.report(
                    &at_name,
                    format!(
                        "param {name:?} of {entry} is misspelt; expected [a-z][a-z0-9_]{{0,{}}}",
                        MAX_PARAM - 1
                    ),
                );
            } else if let Some((_, use_of_it)) = RESERVED_PARAMS.iter().find(|(key, _)| *key == name) {
                self.report(&at_name, format!("param {name:?} of {entry} is taken: google.rpc.ErrorInfo carries {use_of_it} under it; expected another name"));
            }
            if !names.insert(name.clone()) {
                self.report(
                    &at_name,
                    format!("param {name:?} of {entry} is declared twice; expected each name once"),
                );
            }
            let kind = enum_name(message, "type").unwrap_or_else(|| {
                self.report(&[path, &[index, PARAM_TYPE]].concat(), format!("param {name:?} of {entry} has no type; expected PARAM_TYPE_STRING, _INT64, _BOOL, _TIMESTAMP or _DURATION"));
                String::from("STRING")
            });
            let description = string(message, "description");
            if let Some(fault) =
                texts::text_fault(&format!("description of param {name:?}"), entry, &description)
            {
                self.report(&[path, &[index, PARAM_DESCRIPTION]].concat(), fault);
            }
            params.push(Param { name, kind, description });
        }
        params
    }
}

/// Where a field of a custom option stands. protox and protoc know the place of the option as a whole, and
/// of a field that is set by itself: `(codelibra.error.v1.entry).summary = …`.
fn option_path(path: &[i32], option: &ExtensionDescriptor, field: &[i32]) -> Vec<i32> {
    let number = i32::try_from(option.number()).unwrap_or_default();
    [path, &[OPTIONS, number], field].concat()
}

/// The gRPC code of an entry: its own, or the rule of its class.
pub(crate) fn grpc_code_of(entry: &Entry) -> GrpcCode {
    let class = u16::try_from(entry.code / 1000).unwrap_or_default();
    entry.grpc_code.as_deref().and_then(GrpcCode::from_name).unwrap_or_else(|| class_to_grpc(class))
}

/// Whether a failure of this gRPC code can have the code of the entry. A listed code determines the gRPC code that is
/// sent, so it must be the same. UNKNOWN and DATA_LOSS may become INTERNAL: no class has them as its gRPC code, and the HTTP
/// status of all three is 500.
fn can_fall_back(failure: GrpcCode, entry: &Entry) -> bool {
    let entry = grpc_code_of(entry);
    entry == failure
        || entry == GrpcCode::Internal && matches!(failure, GrpcCode::Unknown | GrpcCode::DataLoss)
}

/// Whether a catalogue can declare a parameter of this name: `[a-z][a-z0-9_]{0,63}`.
///
/// ```
/// use codelibra_build::is_param_name;
///
/// assert!(is_param_name("locked_until"));
/// assert!(!is_param_name("lockedUntil"));
/// ```
pub fn is_param_name(name: &str) -> bool {
    name.len() <= MAX_PARAM
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn string(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value.as_deref().and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The values of a repeated field. An options file of an earlier version declares one value.
fn strings(message: &DynamicMessage, field: &str) -> Vec<String> {
    let value = message.get_field_by_name(field);
    match value.as_deref() {
        Some(Value::List(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// The name of an enum field's value without the prefix of its type: `STEP_UP` for
/// `RECOVERY_STEP_UP`. `None` for the zero value and for numbers that the enum lacks.
fn enum_name(message: &DynamicMessage, field: &str) -> Option<String> {
    let field = message.descriptor().get_field_by_name(field)?;
    let kind = field.kind();
    let the_enum = kind.as_enum()?;
    let number = message.get_field(&field).as_enum_number().filter(|n| *n != 0)?;
    let prefix = upper_snake_case(the_enum.name()) + "_";
    let value = the_enum.get_value(number)?;
    Some(value.name().strip_prefix(&prefix)?.to_owned())
}
