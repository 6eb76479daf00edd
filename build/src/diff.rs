//! What changed between two versions of a catalogue, and what of it breaks callers.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Diagnostic, Severity};
use crate::inspection::{Inspection, Part};
use crate::model::{Catalog, Entry, Param};
use crate::rules::grpc_code_of;

/// The recoveries after which a client sends the same request again.
const RETRYABLE: [&str; 2] = ["RETRY", "WAIT"];

/// One change between two versions of a catalogue.
///
/// ```
/// use codelibra_build::{ChangeKind, Inspection};
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
/// let inspect = |text: String| {
///     let read = move |name: &str| Ok((name == "errors.proto").then(|| text.clone()));
///     Inspection::from_reader("errors.proto", "errors.proto", read)
/// };
/// let (old, new) = (inspect(text.to_owned()), inspect(text.replace("409001", "410001")));
/// let changes = new.changes_since(&old);
/// assert_eq!((changes[0].kind, changes[0].code), (ChangeKind::Number, Some(409_001)));
/// assert!(changes[0].is_breaking());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What was changed.
    pub kind: ChangeKind,
    /// The code, if the change is about one: the one of the old version, or of a new entry.
    pub code: Option<u32>,
    /// The name of the entry, if the change is about one.
    pub name: Option<String>,
    /// Where and what, in the new file. Of an entry that was removed, the place is that of the enum. The severity is
    /// that of an error if the change breaks callers.
    pub diagnostic: Diagnostic,
}

impl Change {
    /// Whether a caller of the old version can fail with the new one.
    pub fn is_breaking(&self) -> bool {
        self.diagnostic.severity == Severity::Error
    }
}

/// The kinds of changes. Those that break callers come first; a change of the recovery breaks them only if it makes a
/// failure retryable or not retryable.
///
/// ```
/// use codelibra_build::ChangeKind;
///
/// assert_eq!(ChangeKind::ParamRemoved.name(), "param_removed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// The domain has another name.
    Domain,
    /// An entry was removed, and its number is not reserved.
    Removed,
    /// A reason has another number.
    Number,
    /// A number has another reason, and so another name.
    Reason,
    /// A parameter was removed.
    ParamRemoved,
    /// A parameter has another name.
    ParamRenamed,
    /// A parameter has another type.
    ParamRetyped,
    /// The gRPC code is another one.
    GrpcCode,
    /// Failures without a code get another code. A new row of the table is safe: it makes a number more specific.
    Fallback,
    /// A retired number or reason is used again.
    Reused,
    /// A number or name is not reserved any more.
    Unreserved,
    /// The next step for programs is another one.
    Recovery,
    /// An entry was removed, and its number is reserved.
    Retired,
    /// There is a new entry.
    Added,
    /// There is a new parameter, which is optional as all are.
    ParamAdded,
    /// A text for people changed.
    Text,
    /// An entry was deprecated, or is not any more, or its history changed.
    Deprecation,
    /// The address of the pages changed.
    Pages,
    /// The enum has another name. Only generated code sees it.
    Enum,
}

impl ChangeKind {
    /// Returns the name of the kind in JSON: `param_removed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Removed => "removed",
            Self::Number => "number",
            Self::Reason => "reason",
            Self::ParamRemoved => "param_removed",
            Self::ParamRenamed => "param_renamed",
            Self::ParamRetyped => "param_retyped",
            Self::GrpcCode => "grpc_code",
            Self::Fallback => "fallback",
            Self::Reused => "reused",
            Self::Unreserved => "unreserved",
            Self::Recovery => "recovery",
            Self::Retired => "retired",
            Self::Added => "added",
            Self::ParamAdded => "param_added",
            Self::Text => "text",
            Self::Deprecation => "deprecation",
            Self::Pages => "pages",
            Self::Enum => "enum",
        }
    }
}

impl Inspection {
    /// Returns what changed since the version `old`: what breaks callers first, then the rest, each in the order of the
    /// new file.
    ///
    /// A file without a catalogue has no changes.
    pub fn changes_since(&self, old: &Self) -> Vec<Change> {
        let (Some(before), Some(after)) = (old.catalog(), self.catalog()) else { return Vec::new() };
        let mut diff = Diff { old, new: self, after, changes: Vec::new() };
        diff.catalogs(before, after);
        diff.fallbacks(before, after);
        let by_code: HashMap<u32, &Entry> = after.entries.iter().map(|e| (e.code, e)).collect();
        let by_reason: HashMap<&str, &Entry> = after.entries.iter().map(|e| (e.reason.as_str(), e)).collect();
        for entry in &before.entries {
            diff.entry(entry, by_code.get(&entry.code).copied(), by_reason.get(&*entry.reason).copied());
        }
        diff.new_entries(before);
        diff.reserved();
        let mut changes = diff.changes;
        changes.sort_by_key(|change| (!change.is_breaking(), change.diagnostic.position, change.code));
        changes
    }
}

struct Diff<'a> {
    old: &'a Inspection,
    new: &'a Inspection,
    after: &'a Catalog,
    changes: Vec<Change>,
}

impl Diff<'_> {
    fn push(
        &mut self,
        severity: Severity,
        kind: ChangeKind,
        entry: Option<&Entry>,
        part: Part<'_>,
        message: String,
    ) {
        let name = entry.map(|entry| entry.name.clone());
        let code = entry.map(|entry| entry.code);
        let message = match entry {
            Some(entry) => format!("{} {}: {message}", entry.code, entry.name),
            None => message,
        };
        let diagnostic = self.new.finding(severity, part, message);
        self.changes.push(Change { kind, code, name, diagnostic });
    }

    fn breaking(&mut self, kind: ChangeKind, entry: &Entry, part: Part<'_>, message: String) {
        self.push(Severity::Error, kind, Some(entry), part, message);
    }

    fn safe(&mut self, kind: ChangeKind, entry: &Entry, part: Part<'_>, message: String) {
        self.push(Severity::Warning, kind, Some(entry), part, message);
    }

    fn catalogs(&mut self, before: &Catalog, after: &Catalog) {
        if before.domain != after.domain {
            let message = format!(
                "domain changed from {:?} to {:?}; callers know the codes by their domain",
                before.domain, after.domain
            );
            self.push(Severity::Error, ChangeKind::Domain, None, Part::Domain, message);
        }
        if before.pages != after.pages {
            let message = format!("pages changed from {:?} to {:?}", before.pages, after.pages);
            self.push(Severity::Warning, ChangeKind::Pages, None, Part::Pages, message);
        }
        if before.enum_name != after.enum_name {
            let message = format!("enum `{}` is now `{}`", before.enum_name, after.enum_name);
            self.push(Severity::Warning, ChangeKind::Enum, None, Part::Catalog, message);
        }
    }

    /// The codes of failures that have none.
    fn fallbacks(&mut self, before: &Catalog, after: &Catalog) {
        let table = |catalog: &Catalog| -> BTreeMap<String, u32> {
            catalog.fallback.iter().map(|row| (row.grpc_code.clone(), row.code)).collect()
        };
        let (before, after) = (table(before), table(after));
        for (grpc_code, old) in &before {
            let message = match after.get(grpc_code) {
                Some(new) if new == old => continue,
                Some(new) => format!("fallback of {grpc_code} changed from {old} to {new}"),
                None => format!("fallback of {grpc_code} was {old} and was removed"),
            };
            self.push(Severity::Error, ChangeKind::Fallback, None, Part::Fallback, message);
        }
        for (grpc_code, new) in after.iter().filter(|(grpc_code, _)| !before.contains_key(*grpc_code)) {
            let message = format!("new fallback of {grpc_code}: {new}");
            self.push(Severity::Warning, ChangeKind::Fallback, None, Part::Fallback, message);
        }
    }

    /// An entry of the old version, and those of the new version that have its number and its reason.
    fn entry(&mut self, old: &Entry, by_code: Option<&Entry>, by_reason: Option<&Entry>) {
        let moved = by_reason.filter(|new| new.code != old.code);
        if let Some(new) = moved {
            self.breaking(
                ChangeKind::Number,
                old,
                Part::Code(new),
                format!("number of {} changed from {} to {}", old.reason, old.code, new.code),
            );
            self.details(old, new);
        }
        match by_code {
            Some(new) if new.reason == old.reason => self.details(old, new),
            Some(new) => {
                let message = format!(
                    "reason changed from {} to {}, and the name to {}; expected a new number for another meaning",
                    old.reason, new.reason, new.name
                );
                self.breaking(ChangeKind::Reason, old, Part::Reason(new), message);
                if moved.is_none() {
                    self.details(old, new);
                }
            }
            None if moved.is_some() => {}
            None if self.new.is_retired(old.code) => {
                let hint = if self.new.is_retired_reason(&old.reason) {
                    String::new()
                } else {
                    format!("; `reserved \"{}{}\";` retires the name too", self.after.prefix, old.reason)
                };
                self.safe(
                    ChangeKind::Retired,
                    old,
                    Part::Catalog,
                    format!("removed, and the number is reserved{hint}"),
                );
            }
            None => self.breaking(
                ChangeKind::Removed,
                old,
                Part::Catalog,
                format!("removed without `reserved`; expected `reserved {};`", old.code),
            ),
        }
    }

    /// What changed within an entry.
    fn details(&mut self, old: &Entry, new: &Entry) {
        let at = Part::Option(new);
        let (before, after) = (grpc_code_of(old).name(), grpc_code_of(new).name());
        if before != after {
            self.breaking(
                ChangeKind::GrpcCode,
                old,
                at,
                format!("gRPC code changed from {before} to {after}"),
            );
        }
        if old.recovery != new.recovery {
            let is_retryable = |entry: &Entry| RETRYABLE.contains(&entry.recovery.as_str());
            let message = format!("recovery changed from {} to {}", old.recovery, new.recovery);
            match (is_retryable(old), is_retryable(new)) {
                (true, false) => {
                    let message = format!("{message}: clients do not retry any more");
                    self.breaking(ChangeKind::Recovery, old, at, message);
                }
                (false, true) => {
                    let message = format!("{message}: clients send the same request again");
                    self.breaking(ChangeKind::Recovery, old, at, message);
                }
                _ => self.safe(ChangeKind::Recovery, old, at, message),
            }
        }
        self.params(old, new);
        for (what, before, after) in [
            ("summary", &old.summary, &new.summary),
            ("cause", &old.cause, &new.cause),
            ("resolution", &old.resolution, &new.resolution),
        ] {
            if before != after {
                self.safe(ChangeKind::Text, old, at, format!("{what} changed from {before:?} to {after:?}"));
            }
        }
        for (what, before, after) in [
            ("since", &old.since, &new.since),
            ("deprecated", &old.deprecated, &new.deprecated),
            ("replaced_by", &old.replaced_by, &new.replaced_by),
        ] {
            if before != after {
                let message = format!("{what} changed from {before:?} to {after:?}");
                self.safe(ChangeKind::Deprecation, old, at, message);
            }
        }
    }

    fn params(&mut self, old: &Entry, new: &Entry) {
        let at = Part::Option(new);
        let before: HashMap<&str, &Param> = old.params.iter().map(|p| (p.name.as_str(), p)).collect();
        let after: HashMap<&str, &Param> = new.params.iter().map(|p| (p.name.as_str(), p)).collect();
        let mut added: Vec<&Param> =
            new.params.iter().filter(|param| !before.contains_key(param.name.as_str())).collect();
        for param in &old.params {
            let name = &param.name;
            if let Some(same) = after.get(name.as_str()) {
                if same.kind != param.kind {
                    self.breaking(
                        ChangeKind::ParamRetyped,
                        old,
                        at,
                        format!("type of param `{name}` changed from {} to {}", param.kind, same.kind),
                    );
                }
                if same.description != param.description {
                    let message = format!("description of param `{name}` changed");
                    self.safe(ChangeKind::Text, old, at, message);
                }
                continue;
            }
            // One with the same text, or at least the same type, is probably the same under another name.
            let same_text = |other: &&Param| {
                other.kind == param.kind
                    && other.description == param.description
                    && !other.description.is_empty()
            };
            let renamed = added.iter().position(same_text);
            let renamed = renamed.or_else(|| added.iter().position(|other| other.kind == param.kind));
            match renamed.map(|index| added.remove(index)) {
                Some(other) => self.breaking(
                    ChangeKind::ParamRenamed,
                    old,
                    at,
                    format!("param `{name}` is now `{}`; expected both", other.name),
                ),
                None => {
                    self.breaking(ChangeKind::ParamRemoved, old, at, format!("param `{name}` was removed"))
                }
            }
        }
        for param in added {
            self.safe(
                ChangeKind::ParamAdded,
                old,
                at,
                format!("new param `{}` of type {}", param.name, param.kind),
            );
        }
    }

    fn new_entries(&mut self, before: &Catalog) {
        let codes: HashMap<u32, &Entry> = before.entries.iter().map(|e| (e.code, e)).collect();
        let reasons: HashMap<&str, &Entry> = before.entries.iter().map(|e| (e.reason.as_str(), e)).collect();
        for entry in &self.after.entries {
            let has_code = codes.contains_key(&entry.code);
            if self.old.is_retired(entry.code) && !has_code {
                let message = String::from("the number was retired; a retired number is never used again");
                self.breaking(ChangeKind::Reused, entry, Part::Code(entry), message);
            }
            let has_reason = reasons.contains_key(entry.reason.as_str());
            if self.old.is_retired_reason(&entry.reason) && !has_reason {
                let message =
                    format!("reason {} was retired; a retired reason is never used again", entry.reason);
                self.breaking(ChangeKind::Reused, entry, Part::Reason(entry), message);
            }
            if !has_code && !has_reason {
                self.safe(ChangeKind::Added, entry, Part::Code(entry), String::from("new"));
            }
        }
    }

    /// What is not reserved any more. A number that is used again is reported with its entry.
    fn reserved(&mut self) {
        let used = |code: i32| {
            let code = u32::try_from(code).unwrap_or_default();
            self.after.entries.binary_search_by_key(&code, |entry| entry.code).is_ok()
        };
        let mut messages = Vec::new();
        for range in self.old.retired.without(&self.new.retired) {
            let (first, last) = range.into_inner();
            // Only what can be a code.
            let (first, last) = (first.max(400_001), last.min(599_999));
            if first > last || first == last && used(first) {
                continue;
            }
            let what = if first == last { format!("{first}") } else { format!("{first} to {last}") };
            messages.push(format!(
                "{what} was reserved; expected `reserved {what};`, so that it is never used again"
            ));
        }
        let (old, new) = (self.old.retired.names(), &self.new.retired);
        for name in old.into_iter().filter(|name| !new.has_name(name)) {
            let reason = name.strip_prefix(&self.after.prefix).unwrap_or(name);
            if self.after.entries.iter().any(|entry| entry.reason == reason) {
                continue;
            }
            messages.push(format!(
                "{name:?} was reserved; expected `reserved {name:?};`, so that it is never used again"
            ));
        }
        for message in messages {
            self.push(Severity::Error, ChangeKind::Unreserved, None, Part::Catalog, message);
        }
    }
}
