//! The page of a failure of the server itself.

use askama::Template;
use codelibra::{Catalog, Entry};

use crate::frame::{Frame, http_status};

/// A failure of the server that serves the pages.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage<'a> {
    /// The code of the failure.
    pub code: u32,
    /// The HTTP status of the response.
    pub status: u16,
    /// The public message.
    pub message: &'a str,
    /// The code, name or reason that the caller wrote, and that does not exist.
    pub wanted: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "failure.html")]
pub(crate) struct FailurePage<'a> {
    frame: Frame<'a>,
    domain: &'static str,
    code: u32,
    http_status: String,
    message: &'a str,
    nearest: Vec<&'static Entry>,
}

impl<'a> FailurePage<'a> {
    pub(crate) fn new(
        catalog: &'static Catalog,
        frame: Frame<'a>,
        failure: &ErrorPage<'a>,
        nearest: Vec<&'static Entry>,
    ) -> Self {
        let ErrorPage { code, status, message, .. } = *failure;
        Self { frame, domain: catalog.domain(), code, http_status: http_status(&status), message, nearest }
    }
}
