//! Message, details and code that a peer sent in the headers, although they belong in the trailers.

use http::header::{Entry, HeaderMap, HeaderName, HeaderValue};

use crate::catalog::Catalog;
use crate::inbound::identity::Identity;
use crate::inbound::identity::identity;
use crate::inbound::mend::{code_field, joined};
use crate::wire::base64;
use crate::wire::header::{ERROR_CODE_HEADER, GRPC_MESSAGE, STATUS_DETAILS_HEADER};

/// The message, the details and the code in the headers of a response whose end has not arrived.
///
/// They belong in the trailers (PROTOCOL-HTTP2.md, "Responses"). tonic reads them in headers as metadata: it adds them
/// unchecked to the status of a unary call, where they replace the fields of the trailers.
#[derive(Debug)]
pub(crate) struct EarlyFields(Option<Box<HeaderMap>>);

impl EarlyFields {
    pub(crate) const NONE: Self = Self(None);

    /// Moves the fields out of the headers.
    #[cold]
    pub(crate) fn take_from(headers: &mut HeaderMap) -> Self {
        let mut early = HeaderMap::new();
        for name in [GRPC_MESSAGE, STATUS_DETAILS_HEADER, ERROR_CODE_HEADER] {
            if let Entry::Occupied(entry) = headers.entry(&name) {
                for value in entry.remove_entry_mult().1 {
                    early.append(&name, value);
                }
            }
        }
        Self(Some(Box::new(early)))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds the early fields to those of a failure. A field that the failure has itself is kept.
    pub(crate) fn add_to(&self, fields: &mut HeaderMap, catalog: &Catalog) {
        let Some(early) = self.0.as_deref() else { return };
        if !fields.contains_key(GRPC_MESSAGE) {
            copy(early, &GRPC_MESSAGE, fields);
        }
        if code_field(fields).is_some() || details_identity(fields, catalog, |_| true).is_some() {
            return;
        }
        let number = if fields.contains_key(STATUS_DETAILS_HEADER) {
            // The details of the failure are kept. From the early details, only the number is used, if it is of the reader's
            // domain.
            let own = |identity: &Identity<'_>| identity.info.is_of(catalog.domain());
            code_field(early).or_else(|| details_identity(early, catalog, own))
        } else {
            copy(early, &STATUS_DETAILS_HEADER, fields);
            code_field(early)
        };
        if let Some(number) = number {
            fields.insert(ERROR_CODE_HEADER, HeaderValue::from(number));
        }
    }
}

fn copy(early: &HeaderMap, name: &HeaderName, fields: &mut HeaderMap) {
    for value in early.get_all(name) {
        fields.append(name, value.clone());
    }
}

/// Returns the code in the details, if they identify an error that `accepts` accepts.
fn details_identity(
    fields: &HeaderMap,
    catalog: &Catalog,
    accepts: impl FnOnce(&Identity<'_>) -> bool,
) -> Option<u32> {
    let values = joined(fields, &STATUS_DETAILS_HEADER);
    let details = base64::decode_joined(&values, |status| identity(status, catalog).is_some()).bytes;
    identity(&details, catalog).filter(accepts).map(|identity| identity.code)
}
