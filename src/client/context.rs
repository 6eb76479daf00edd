//! What the response of a call is checked with, and when a failure is reported to the observers.

use http::HeaderMap;
use tonic::Status;

use super::observe::ObservedCall;
use super::requested::Deadline;
use crate::catalog::Catalog;

/// What the response of a call is checked with.
#[derive(Debug)]
pub(super) struct CallContext {
    pub(super) catalog: &'static Catalog,
    pub(super) observed: Option<ObservedCall>,
    pub(super) deadline: Deadline,
}

impl CallContext {
    /// Corrects the sanitised fields of a failure, if the deadline passed, and reports the failure to the observers.
    #[cold]
    pub(super) fn report_fields(&self, fields: &mut HeaderMap) {
        self.deadline.correct(fields);
        if let Some(observed) = &self.observed {
            observed.report_fields(fields, self.catalog);
        }
    }

    #[cold]
    pub(super) fn report_status(&self, status: &Status) {
        if let Some(observed) = &self.observed {
            observed.report(status, self.catalog);
        }
    }
}
