//! The pages of one catalogue.

use codelibra::{ApiError, Catalog, CodeNumber};

use crate::code::{CodePage, RaiseAt};
use crate::failure::{ErrorPage, FailurePage};
use crate::frame::{Frame, html};
use crate::links::Links;
use crate::list::{Filter, ListPage};
use crate::lookup::nearest_entries;
use crate::relations::Relations;

/// The pages of one catalogue, as HTML.
#[derive(Debug)]
pub struct Pages {
    pub(crate) catalog: &'static Catalog,
    relations: Relations,
}

impl Pages {
    /// Makes the pages of a catalogue. Each page is written when it is requested.
    pub fn new(catalog: &'static Catalog) -> Self {
        Self { catalog, relations: Relations::new(catalog) }
    }

    /// Returns the list, with the entries that match the filter.
    pub fn list(&self, links: &Links, filter: &Filter) -> String {
        html(&ListPage::new(self.catalog, Frame { links }, filter))
    }

    /// Returns the page of a code that is listed or follows from its class.
    ///
    /// `error` is the error as a server sends it: the page shows it in every form. `origin` is the address of a server that
    /// raises the error.
    pub fn code(&self, links: &Links, error: &ApiError, origin: Option<&str>) -> String {
        let number = CodeNumber::from_u32(error.number()).unwrap_or_else(|_| CodeNumber::from_class(500));
        let entry = self.catalog.by_code(error.number());
        let relations = entry.map(|entry| self.relations.of_entry(self.catalog, entry)).unwrap_or_default();
        let raise = RaiseAt { api: links.api(), origin };
        html(&CodePage::new(self.catalog, Frame { links }, number, error, relations, raise))
    }

    /// Returns the page of a failure of the server itself, such as 404 for a code that does not exist. `wanted` is what the
    /// caller wrote: the page names the entries that are most like it.
    pub fn failure(&self, links: &Links, failure: &ErrorPage<'_>) -> String {
        let nearest = failure.wanted.map(|wanted| nearest_entries(self.catalog, wanted)).unwrap_or_default();
        html(&FailurePage::new(self.catalog, Frame { links }, failure, nearest))
    }
}
