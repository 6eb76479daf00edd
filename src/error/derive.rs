//! Functions for the code that `#[derive(ApiError)]` generates. They are not for other callers.

use std::error::Error as StdError;

use crate::ErrorCode;
use crate::catalog::{CatalogCode, Entry, ParamKind};
use crate::error::ApiError;
use crate::wire::same_text;

/// Adds a parameter to an error, if the field has a value.
pub fn with_param(error: ApiError, name: &'static str, text: Option<String>) -> ApiError {
    match text {
        Some(text) => error.with_metadata(name, text),
        None => error,
    }
}

/// Adds the domain error that an error was created from, as its private cause.
pub fn with_cause<E: StdError + Send + Sync + 'static>(error: ApiError, cause: E) -> ApiError {
    error.with_cause(cause)
}

/// Checks a field of the kind `kind` against the parameter `name` that the entry of a code declares. Returns the fault, or `None`
/// if the declaration has the same name and kind.
pub const fn param_fault(entries: &[Entry], code: u32, name: &str, kind: ParamKind) -> Option<ParamFault> {
    let Some(entry) = find_entry(entries, code) else {
        return Some(ParamFault::new("no entry of the catalogue has this code, so it declares no param"));
    };
    let mut rest = entry.params;
    while let [param, others @ ..] = rest {
        if same_text(param.name, name) {
            if same_text(param.kind.name(), kind.name()) {
                return None;
            }
            let fault =
                ParamFault::new("param `").and(name).and("` of ").and(entry.reason).and(" is of the type ");
            return Some(fault.and(param.kind.name()).and("; this field is of the type ").and(kind.name()));
        }
        rest = others;
    }

    let mut fault = ParamFault::new(entry.reason).and(" declares no param `").and(name).and("`; ");
    let mut rest = entry.params;
    if rest.is_empty() {
        fault = fault.and("it declares none");
    }
    let mut separator = "expected `";
    while let [param, others @ ..] = rest {
        fault = fault.and(separator).and(param.name).and("`");
        separator = " or `";
        rest = others;
    }
    Some(fault)
}

/// Checks the codes of a type that names no catalogue: they are of codelibra's own. Returns a fault for the first name that is not in it.
pub const fn catalog_fault(mut names: &[&str], type_name: &str) -> Option<ParamFault> {
    while let [name, others @ ..] = names {
        let mut entries = ErrorCode::ENTRIES;
        loop {
            let [entry, rest @ ..] = entries else {
                let fault = ParamFault::new("`")
                    .and(name)
                    .and("` is not a code of codelibra's own catalogue; if it is a code");
                let fault = fault.and(
                    " of your catalogue, name the catalogue, such as `#[codes(errors::ErrorCode)]` on `",
                );
                return Some(fault.and(type_name).and("`"));
            };
            if same_text(entry.reason, name) {
                break;
            }
            entries = rest;
        }
        names = others;
    }
    None
}

const fn find_entry(mut entries: &[Entry], code: u32) -> Option<&Entry> {
    while let [entry, others @ ..] = entries {
        if entry.code == code {
            return Some(entry);
        }
        entries = others;
    }
    None
}

/// A compile error message that is composed at compile time.
#[derive(Clone, Copy, Debug)]
pub struct ParamFault {
    text: [u8; 1024],
    len: usize,
}

impl ParamFault {
    const fn new(text: &str) -> Self {
        Self { text: [0; 1024], len: 0 }.and(text)
    }

    /// Appends a text. A text that does not fit is dropped as a whole.
    const fn and(mut self, text: &str) -> Self {
        let (_, room) = self.text.split_at_mut(self.len);
        if let Some((slot, _)) = room.split_at_mut_checked(text.len()) {
            slot.copy_from_slice(text.as_bytes());
            self.len += text.len();
        }
        self
    }

    /// Returns the text.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.text.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "not a declared param",
        }
    }
}
