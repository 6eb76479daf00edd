//! Removes the fields of a failure from a response that succeeds.

use http::{HeaderMap, HeaderName};

use crate::inbound::header_scan::HeaderScan;
use crate::wire::header::{
    CAUSE_HEADER, ERROR_CODE_HEADER, GRPC_MESSAGE, RECEIVED_HEADER, STATUS_DETAILS_HEADER,
};

const FIELDS: [HeaderName; 5] =
    [GRPC_MESSAGE, STATUS_DETAILS_HEADER, ERROR_CODE_HEADER, RECEIVED_HEADER, CAUSE_HEADER];

/// Returns whether a field describes a failure. `name` is in lower case.
pub(super) fn describes_failure(name: &[u8]) -> bool {
    FIELDS.iter().any(|field| field.as_str().as_bytes() == name)
}

/// Removes the fields that describe a failure from the fields of a success. No boundary has checked their content, and tonic's
/// client turns some of them into a failure.
#[inline]
pub(super) fn remove_failure(fields: &mut HeaderMap, scan: HeaderScan) {
    if scan.has(HeaderScan::MESSAGE | HeaderScan::DETAILS | HeaderScan::CODE | HeaderScan::OURS) {
        remove_fields(fields);
    }
}

#[cold]
fn remove_fields(fields: &mut HeaderMap) {
    for name in &FIELDS {
        fields.remove(name);
    }
}
