//! Which codes a page names beside its own.

use std::collections::HashMap;

use codelibra::{Catalog, Entry, Recovery};

/// The most codes of a group.
const MAX_RELATED: usize = 6;

/// What is looked up for each page, computed once: a catalogue can have ten thousand entries.
#[derive(Debug)]
pub(crate) struct Relations {
    by_recovery: HashMap<Recovery, Vec<&'static Entry>>,
    /// The deprecated entries, by the reason of their replacement.
    replaced: HashMap<&'static str, Vec<&'static Entry>>,
}

/// The codes that are related to one entry.
#[derive(Debug, Default)]
pub(crate) struct RelatedCodes {
    pub(crate) replacement: Option<&'static Entry>,
    /// Groups with their titles; no group is empty.
    pub(crate) related: Vec<(String, Vec<&'static Entry>)>,
}

impl Relations {
    pub(crate) fn new(catalog: &'static Catalog) -> Self {
        let mut by_recovery: HashMap<_, Vec<_>> = HashMap::new();
        let mut replaced: HashMap<_, Vec<_>> = HashMap::new();
        for entry in catalog.entries() {
            by_recovery.entry(entry.recovery).or_default().push(entry);
            if !entry.replaced_by.is_empty() {
                replaced.entry(entry.replaced_by).or_default().push(entry);
            }
        }
        Self { by_recovery, replaced }
    }

    pub(crate) fn of_entry(&self, catalog: &'static Catalog, entry: &'static Entry) -> RelatedCodes {
        let class = entry.class();
        let replaced = self.replaced.get(entry.reason).cloned().unwrap_or_default();
        let from = catalog.entries().partition_point(|other| other.class() < class);
        let to = catalog.entries().partition_point(|other| other.class() <= class);
        let siblings: Vec<_> = catalog.entries().get(from..to).unwrap_or_default().iter().collect();
        let alike = self.by_recovery.get(&entry.recovery).map(Vec::as_slice).unwrap_or_default();
        let groups = [
            (String::from("Replaces"), replaced.into_iter().take(MAX_RELATED).collect()),
            (format!("The same class, {class}"), neighbours(&siblings, entry, |_| true)),
            (
                format!("The same next step, {}", entry.recovery),
                neighbours(alike, entry, |other| other.class() != class),
            ),
        ];
        RelatedCodes {
            replacement: catalog.by_reason(entry.replaced_by),
            related: groups.into_iter().filter(|(_, entries): &(_, Vec<_>)| !entries.is_empty()).collect(),
        }
    }
}

/// The entries of a sorted list that are nearest to one of them by number, without that one.
fn neighbours(
    sorted: &[&'static Entry],
    entry: &Entry,
    is_related: impl Fn(&Entry) -> bool,
) -> Vec<&'static Entry> {
    let at = sorted.partition_point(|other| other.code < entry.code);
    let (before, rest) = sorted.split_at(at);
    let mut before = before.iter().rev().filter(|other| is_related(other)).peekable();
    let after = rest.iter().filter(|other| other.code != entry.code);
    let mut after = after.filter(|other| is_related(other)).peekable();
    let mut nearest = Vec::new();
    while nearest.len() < MAX_RELATED {
        let next = match (before.peek(), after.peek()) {
            (Some(low), Some(high)) if entry.code - low.code <= high.code - entry.code => before.next(),
            (_, Some(_)) => after.next(),
            (_, None) => before.next(),
        };
        let Some(next) = next else { break };
        nearest.push(*next);
    }
    nearest.sort_unstable_by_key(|other| other.code);
    nearest
}
