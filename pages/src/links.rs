//! The addresses of the pages, as a page links to them.

use std::fmt;

/// How a page links to the others: the only difference between the pages of a folder, of a router and of a server.
#[derive(Clone, Debug)]
pub struct Links {
    /// What the address of every page starts with, without a `/` at the end unless it is a folder.
    base: String,
    kind: Kind,
    api: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Files of a folder, which also a browser without a server opens.
    Files,
    /// Paths of a server.
    Served,
}

impl Links {
    /// Links of a file to other files of the folder that is `depth` levels above: they need no server, and the folder can be
    /// anywhere.
    pub(crate) fn from_file(depth: usize) -> Self {
        Self { base: "../".repeat(depth), kind: Kind::Files, api: None }
    }

    /// Links of a server whose list is at `base`, such as `/errors`.
    pub fn from_base(base: impl Into<String>) -> Self {
        Self { base: base.into(), kind: Kind::Served, api: None }
    }

    /// Sets where the server has the catalogue as JSON and raises its errors: `/v1/errors`.
    #[must_use]
    pub fn with_api(self, path: &'static str) -> Self {
        Self { api: Some(path), ..self }
    }

    /// Returns where errors can be raised.
    pub(crate) fn api(&self) -> Option<&'static str> {
        self.api
    }

    /// Returns the address that filters the list; a folder has none.
    pub(crate) fn action(&self) -> Option<&str> {
        (self.kind == Kind::Served).then_some(&self.base)
    }

    pub(crate) fn list(&self) -> String {
        self.with_file(String::new(), "index.html")
    }

    pub(crate) fn code(&self, code: &u32) -> String {
        self.with_file(code.to_string(), "/index.html")
    }

    pub(crate) fn entry_json(&self, code: &u32) -> String {
        match self.api {
            Some(api) => format!("{api}/{code}"),
            None => self.join(format_args!("{code}.json")),
        }
    }

    pub(crate) fn catalog_json(&self) -> String {
        self.api.map_or_else(|| self.join(format_args!("catalog.json")), str::to_owned)
    }

    fn with_file(&self, name: String, file: &str) -> String {
        match self.kind {
            Kind::Files => self.join(format_args!("{name}{file}")),
            Kind::Served if name.is_empty() => self.base.clone(),
            Kind::Served => self.join(format_args!("{name}")),
        }
    }

    fn join(&self, name: fmt::Arguments<'_>) -> String {
        let slash = if self.base.is_empty() || self.base.ends_with('/') { "" } else { "/" };
        format!("{}{slash}{name}", self.base)
    }
}
