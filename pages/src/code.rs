//! The page of one code.

use askama::Template;
use codelibra::{ApiError, Catalog, CodeNumber, Entry};

use crate::example;
use crate::frame::{CODE_SCRIPT, Frame, http_status};
use crate::lookup::nearest_entries;
use crate::relations::RelatedCodes;
use crate::sample::Sample;
use crate::snippets::{Snippet, snippets};

#[derive(Template)]
#[template(path = "code.html")]
pub(crate) struct CodePage<'a> {
    frame: Frame<'a>,
    script: &'static str,
    domain: &'static str,
    code: u32,
    name: &'static str,
    summary: &'a str,
    http_status: String,
    grpc: String,
    entry: Option<&'static Entry>,
    /// The labels of one text and of several, and the text, in which each of several is a line.
    texts: [(&'static str, &'static str, &'static str); 2],
    relations: RelatedCodes,
    /// For a code that is not listed.
    nearest: Vec<&'static Entry>,
    params: Vec<ExampleParam>,
    sample: Sample,
    snippets: Vec<Snippet>,
    origin: &'a str,
    query: String,
}

/// A parameter that the reader can change before an error is raised.
struct ExampleParam {
    name: &'static str,
    value: &'static str,
}

/// Where the reader of a page can raise the error.
pub(crate) struct RaiseAt<'a> {
    pub(crate) api: Option<&'static str>,
    pub(crate) origin: Option<&'a str>,
}

impl<'a> CodePage<'a> {
    pub(crate) fn new(
        catalog: &'static Catalog,
        frame: Frame<'a>,
        number: CodeNumber,
        error: &'a ApiError,
        relations: RelatedCodes,
        raise: RaiseAt<'a>,
    ) -> Self {
        let code = number.as_u32();
        let entry = catalog.by_code(code);
        let params = entry.map(|entry| entry.params).unwrap_or_default();
        let query = example::query(params.iter().map(|param| (param.name, param.kind)));
        let query = if query.is_empty() { query } else { format!("?{query}") };
        let grpc_code = error.grpc_code();
        Self {
            frame,
            script: CODE_SCRIPT,
            domain: catalog.domain(),
            code,
            name: entry.map_or("(not listed)", |entry| entry.name),
            summary: error.message(),
            http_status: http_status(&number.class()),
            grpc: format!("{} ({grpc_code})", grpc_code.number()),
            texts: [
                ("Cause", "Possible causes", entry.map_or("", |entry| entry.cause)),
                (
                    "What to do",
                    "What to do, the most likely first",
                    entry.map_or("", |entry| entry.resolution),
                ),
            ],
            relations,
            nearest: match entry {
                Some(_) => Vec::new(),
                None => nearest_entries(catalog, &code.to_string()),
            },
            params: params
                .iter()
                .map(|param| ExampleParam { name: param.name, value: example::value(param.kind) })
                .collect(),
            sample: Sample::new(error),
            snippets: entry.map(|entry| snippets(catalog, entry)).unwrap_or_default(),
            entry,
            origin: raise.origin.filter(|_| raise.api.is_some()).unwrap_or_default(),
            query,
        }
    }
}
