//! The list of the codes: groups by class, a search and filters.

use std::collections::BTreeSet;

use askama::Template;
use codelibra::{Catalog, Entry};
use serde::Deserialize;

use crate::frame::{Frame, LIST_SCRIPT};

/// Which entries the list shows: the query of its address. The script of the list reads the same query.
///
/// A value that no entry has is ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Words that the number, the name, the reason or a text contains.
    #[serde(rename = "q")]
    pub query: String,
    /// The class, such as `403`.
    pub class: String,
    /// The gRPC status, such as `NOT_FOUND`.
    pub grpc: String,
    /// The recovery, such as `RETRY`.
    pub recovery: String,
}

impl Filter {
    fn is_class(&self, class: &u16) -> bool {
        self.class == class.to_string()
    }

    fn is_grpc(&self, grpc: &str) -> bool {
        self.grpc == grpc
    }

    fn is_recovery(&self, recovery: &str) -> bool {
        self.recovery == recovery
    }
}

#[derive(Template)]
#[template(path = "list.html")]
pub(crate) struct ListPage<'a> {
    frame: Frame<'a>,
    script: &'static str,
    domain: &'static str,
    filter: Filter,
    classes: BTreeSet<u16>,
    grpcs: BTreeSet<&'static str>,
    recoveries: BTreeSet<&'static str>,
    groups: Vec<Group>,
    shown: usize,
    total: usize,
}

struct Group {
    class: u16,
    rows: Vec<Row>,
}

impl Group {
    fn is_shown(&self) -> bool {
        self.rows.iter().any(|row| row.is_shown)
    }
}

struct Row {
    entry: &'static Entry,
    is_shown: bool,
}

impl Row {
    /// What a search matches beside the text of the row.
    fn more(&self) -> String {
        let mut text = format!("{} {}", self.entry.cause, self.entry.resolution);
        for param in self.entry.params {
            text = format!("{text} {} {}", param.name, param.description);
        }
        text
    }

    /// All that a search matches. The script of the list uses the same text.
    fn search_text(&self) -> String {
        let Entry { code, name, reason, grpc_code, summary, deprecated, .. } = self.entry;
        let deprecated = if deprecated.is_empty() { "" } else { "deprecated since " };
        let more = self.more();
        format!("{code} {name} {summary} {deprecated}{} {grpc_code} {reason} {more}", self.entry.deprecated)
            .to_lowercase()
    }
}

impl<'a> ListPage<'a> {
    pub(crate) fn new(catalog: &'static Catalog, frame: Frame<'a>, filter: &Filter) -> Self {
        let entries = catalog.entries();
        let classes: BTreeSet<u16> = entries.iter().map(Entry::class).collect();
        let grpcs: BTreeSet<&str> = entries.iter().map(|entry| entry.grpc_code.name()).collect();
        let recoveries: BTreeSet<&str> = entries.iter().map(|entry| entry.recovery.name()).collect();
        let words: Vec<String> = filter.query.split_whitespace().map(str::to_lowercase).collect();
        let class = classes.iter().find(|class| filter.is_class(class));
        let grpc = grpcs.get(filter.grpc.as_str());
        let recovery = recoveries.get(filter.recovery.as_str());
        let mut groups: Vec<Group> = Vec::new();
        for entry in entries {
            let mut row = Row { entry, is_shown: true };
            row.is_shown = class.is_none_or(|class| *class == entry.class())
                && grpc.is_none_or(|grpc| *grpc == entry.grpc_code.name())
                && recovery.is_none_or(|recovery| *recovery == entry.recovery.name());
            if row.is_shown && !words.is_empty() {
                let text = row.search_text();
                row.is_shown = words.iter().all(|word| text.contains(word.as_str()));
            }
            match groups.last_mut().filter(|group| group.class == entry.class()) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group { class: entry.class(), rows: vec![row] }),
            }
        }
        let shown = groups.iter().flat_map(|group| &group.rows).filter(|row| row.is_shown).count();
        Self {
            frame,
            script: LIST_SCRIPT,
            domain: catalog.domain(),
            filter: filter.clone(),
            classes,
            grpcs,
            recoveries,
            groups,
            shown,
            total: entries.len(),
        }
    }
}
