//! The pages as files of a folder.

use askama::Template;
use codelibra::Entry;

use crate::frame::{Frame, NOT_FOUND_SCRIPT, html};
use crate::links::Links;
use crate::list::Filter;
use crate::pages::Pages;
use crate::sample::example_error;

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path in the folder, with `/`.
    pub path: String,
    /// The whole content.
    pub content: String,
}

#[derive(Template)]
#[template(path = "redirect.html")]
struct RedirectPage<'a> {
    target: &'a str,
    code: u32,
    name: &'static str,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFoundPage<'a> {
    frame: Frame<'a>,
    script: &'static str,
    domain: &'static str,
    entries: &'static [Entry],
}

/// The files that are written once: the list, the page for other addresses, the catalogue.
const COMMON_FILES: usize = 3;
/// The files of each entry: the page, its JSON, and two addresses that lead to the page.
const FILES_OF_ENTRY: usize = 4;

impl Pages {
    /// Returns how many files [`files`](Self::files) makes.
    pub fn file_count(&self) -> usize {
        COMMON_FILES + FILES_OF_ENTRY * self.catalog.entries().len()
    }

    /// Returns the files of a folder that contains all pages. The folder can be anywhere: the pages link to each other with
    /// relative addresses, and load nothing else.
    ///
    /// `index.html` is the list, `403003/index.html` the page of a code, and `403003.json` its entry. Names and reasons are
    /// addresses too. A static host shows `404.html` for an address that does not exist.
    pub fn files(&self) -> impl Iterator<Item = File> {
        let common = [
            ("index.html", self.list(&Links::from_file(0), &Filter::default())),
            ("404.html", self.not_found()),
            ("catalog.json", json(&self.catalog.entries())),
        ];
        let common = common.map(|(path, content)| File { path: path.to_owned(), content });
        common.into_iter().chain(self.catalog.entries().iter().flat_map(|entry| self.files_of(entry)))
    }

    fn files_of(&self, entry: &'static Entry) -> [File; FILES_OF_ENTRY] {
        let Entry { code, name, reason, .. } = *entry;
        let links = Links::from_file(1);
        let error = example_error(self.catalog, entry.number());
        let redirect = || html(&RedirectPage { target: &links.code(&code), code, name });
        let page = |folder: &str, content| File { path: format!("{folder}/index.html"), content };
        [
            page(&code.to_string(), self.code(&links, &error, None)),
            File { path: format!("{code}.json"), content: json(entry) },
            page(name, redirect()),
            page(reason, redirect()),
        ]
    }

    fn not_found(&self) -> String {
        html(&NotFoundPage {
            frame: Frame { links: &Links::from_file(0) },
            script: NOT_FOUND_SCRIPT,
            domain: self.catalog.domain(),
            entries: self.catalog.entries(),
        })
    }
}

/// An entry, or all entries, as JSON with a line break at the end.
pub(crate) fn json(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string_pretty(value);
    debug_assert!(json.is_ok(), "{json:?}");
    json.unwrap_or_default() + "\n"
}
