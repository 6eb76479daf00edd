//! Two catalogues of one domain: where they give a number or a reason different meanings.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::error::{Diagnostic, Severity};
use crate::inspection::{Inspection, Part};
use crate::model::{Catalog, Entry};

impl Inspection {
    /// Finds the numbers and reasons of this catalogue to which `other` gives another meaning. `whose` describes where the
    /// other one is: "branch `main`".
    ///
    /// A pair of a number and a reason that `base` has is not looked at: that is how a version that both grew from is left
    /// out. Catalogues of different domains have no conflicts, and a file without a catalogue has none.
    pub fn conflicts(&self, other: &Self, whose: &str, base: Option<&Self>) -> Vec<Diagnostic> {
        let (Some(ours), Some(theirs)) = (self.catalog(), other.catalog()) else { return Vec::new() };
        if ours.domain != theirs.domain {
            return Vec::new();
        }
        let known = pairs(base.and_then(Self::catalog));
        let is_new = |entry: &&Entry| !known.contains(&(entry.code, entry.reason.as_str()));
        let by_code: HashMap<u32, &Entry> = ours.entries.iter().map(|e| (e.code, e)).collect();
        let by_reason: HashMap<&str, &Entry> = ours.entries.iter().map(|e| (e.reason.as_str(), e)).collect();
        let mut findings = Vec::new();
        let mut report = |part: Part<'_>, message: String| {
            findings.push(self.finding(Severity::Error, part, message));
        };

        for entry in theirs.entries.iter().filter(is_new) {
            let Entry { code, reason, .. } = entry;
            let place = place(other, entry);
            match by_code.get(code) {
                Some(own) if own.reason == *reason => continue,
                Some(own) => {
                    let expected = self.expected(own, other);
                    report(
                        Part::Code(own),
                        format!(
                            "code {code} is {} here and {reason} {place} of {whose}; {expected}",
                            own.reason
                        ),
                    );
                }
                None if self.is_retired(*code) => report(
                    Part::Catalog,
                    format!(
                        "code {code} is reserved here and is {reason} {place} of {whose}; expected another number there"
                    ),
                ),
                None => {}
            }
            if let Some(own) = by_reason.get(reason.as_str()) {
                report(
                    Part::Reason(own),
                    format!(
                        "reason {reason} is {} here and {code} {place} of {whose}; expected one number for it",
                        own.code
                    ),
                );
            } else if self.is_retired_reason(reason) {
                report(
                    Part::Catalog,
                    format!(
                        "reason {reason} is reserved here and is {code} {place} of {whose}; expected another reason there"
                    ),
                );
            }
        }
        // What the other one retired, and this one uses for something new.
        for own in ours.entries.iter().filter(is_new) {
            if other.is_retired(own.code) {
                let expected = self.expected(own, other);
                report(
                    Part::Code(own),
                    format!(
                        "code {} is {} here and is reserved in {whose}; {expected}",
                        own.code, own.reason
                    ),
                );
            }
            if other.is_retired_reason(&own.reason) {
                report(
                    Part::Reason(own),
                    format!("reason {} is reserved in {whose}; expected another reason", own.reason),
                );
            }
        }
        findings.sort_by_key(|finding| finding.position);
        findings
    }

    /// What would be right in place of a number.
    fn expected(&self, own: &Entry, other: &Self) -> String {
        let used: HashSet<u32> =
            other.catalog().into_iter().flat_map(|c| &c.entries).map(|e| e.code).collect();
        let class = u16::try_from(own.code / 1000).unwrap_or_default();
        let mut expected = String::from("expected an unused number");
        if let Some(next) = self.next_code(class, |code| used.contains(&code) || other.is_retired(code)) {
            // A `String` takes everything that is written to it.
            let _ = write!(expected, ", such as {next}");
        }
        expected
    }
}

fn pairs(catalog: Option<&Catalog>) -> HashSet<(u32, &str)> {
    catalog.into_iter().flat_map(|catalog| &catalog.entries).map(|e| (e.code, e.reason.as_str())).collect()
}

/// `in line 12`; nothing where the line is not known.
fn place(inspection: &Inspection, entry: &Entry) -> String {
    let finding = inspection.finding(Severity::Error, Part::Code(entry), String::new());
    finding.position.map_or_else(|| String::from("in a line"), |(line, _)| format!("in line {line}"))
}
