//! The fields of a failure in an answer that is not one.

use http::{HeaderMap, HeaderName};

use crate::inbound::header_scan::HeaderScan;
use crate::wire::{CAUSE, ERROR_CODE_HEADER, GRPC_MESSAGE, RECEIVED_HEADER, STATUS_DETAILS_HEADER};

const FIELDS: [HeaderName; 5] =
    [GRPC_MESSAGE, STATUS_DETAILS_HEADER, ERROR_CODE_HEADER, RECEIVED_HEADER, HeaderName::from_static(CAUSE)];

/// Whether a field, by its name in lower case, describes a failure.
pub(super) fn is_of_failure(name: &[u8]) -> bool {
    FIELDS.iter().any(|field| field.as_str().as_bytes() == name)
}

/// Removes the fields that describe a failure from the fields of a success. They contain what no boundary has checked, and
/// tonic's client makes a failure of some of them.
#[inline]
pub(super) fn remove_failure(fields: &mut HeaderMap, scan: HeaderScan) {
    if scan.has(HeaderScan::MESSAGE | HeaderScan::DETAILS | HeaderScan::CODE | HeaderScan::OURS) {
        remove_all(fields);
    }
}

#[cold]
fn remove_all(fields: &mut HeaderMap) {
    for name in &FIELDS {
        fields.remove(name);
    }
}
