//! The schema of the messages that this crate encodes and decodes without prost: each field number and each type name once.
//!
//! Sources: `google/rpc/status.proto`, `google/rpc/error_details.proto`, `google/protobuf/any.proto`, and
//! `proto/codelibra/error/v1/error_info.proto`. The names of google.rpc's types are those of [`rpc`](crate::rpc).

use crate::wire::rpc;

/// `codelibra.error.v1.ErrorInfo`: the name of the detail that this project defines.
pub const ERROR_INFO: &str = "codelibra.error.v1.ErrorInfo";
/// `google.rpc.ErrorInfo`: a different message than [`ERROR_INFO`].
pub const GOOGLE_ERROR_INFO: &str = rpc::ErrorInfo::FULL_NAME;
pub(crate) const REQUEST_INFO: &str = rpc::RequestInfo::FULL_NAME;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const RETRY_INFO: &str = rpc::RetryInfo::FULL_NAME;

/// The prefix of type URLs. A reader compares only the text after the last `/`.
pub(crate) const TYPE_URL_PREFIX: &str = "type.googleapis.com/";
pub(crate) const ERROR_INFO_URL: &str = "type.googleapis.com/codelibra.error.v1.ErrorInfo";
pub(crate) const GOOGLE_ERROR_INFO_URL: &str = rpc::ErrorInfo::TYPE_URL;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) const REQUEST_INFO_URL: &str = rpc::RequestInfo::TYPE_URL;
pub(crate) const PRECONDITION_FAILURE_URL: &str = rpc::PreconditionFailure::TYPE_URL;

/// The metadata key of the number in google.rpc.ErrorInfo.
pub(crate) const CODE_KEY: &str = "code";
/// The metadata key of the names of the removed parts in google.rpc.ErrorInfo, if it is sent alone.
pub(crate) const SHED_KEY: &str = "shed";

/// `google.rpc.Status`
pub(crate) mod status {
    pub(crate) const CODE: u64 = 1;
    pub(crate) const MESSAGE: u64 = 2;
    pub(crate) const DETAILS: u64 = 3;
}

/// `google.protobuf.Any`
pub(crate) mod any {
    pub(crate) const TYPE_URL: u64 = 1;
    pub(crate) const VALUE: u64 = 2;
}

/// `codelibra.error.v1.ErrorInfo`
pub(crate) mod ours {
    pub(crate) const CODE: u64 = 1;
    pub(crate) const DOMAIN: u64 = 2;
    pub(crate) const REASON: u64 = 3;
    pub(crate) const METADATA: u64 = 4;
    pub(crate) const SHED: u64 = 5;
}

/// `google.rpc.ErrorInfo`
pub(crate) mod googles {
    pub(crate) const REASON: u64 = 1;
    pub(crate) const DOMAIN: u64 = 2;
    pub(crate) const METADATA: u64 = 3;
}

/// An entry of `map<string, string>`
pub(crate) mod map {
    pub(crate) const KEY: u64 = 1;
    pub(crate) const VALUE: u64 = 2;
}

/// `google.rpc.RequestInfo`
pub(crate) mod request_info {
    pub(crate) const REQUEST_ID: u64 = 1;
}

/// `google.rpc.PreconditionFailure` and its `Violation`
pub(crate) mod precondition_failure {
    pub(crate) const VIOLATIONS: u64 = 1;
    pub(crate) const TYPE: u64 = 1;
    pub(crate) const SUBJECT: u64 = 2;
    pub(crate) const DESCRIPTION: u64 = 3;
}

/// Returns the tag of a varint field. It takes one byte, because the number of the field is below 16.
const fn varint_tag(number: u64) -> u8 {
    tag(number, 0)
}

/// Returns the tag of a length-delimited field. It takes one byte, because the number of the field is below 16.
const fn delimited_tag(number: u64) -> u8 {
    tag(number, 2)
}

const fn tag(number: u64, wire_type: u8) -> u8 {
    assert!(number < 16, "the tag takes one byte");
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "below 16; const")]
    {
        (number as u8) << 3 | wire_type
    }
}

/// The tags of the fields that the writers write, each in one byte.
pub(crate) mod tag {
    use super::{any, delimited_tag, googles, map, ours, precondition_failure, status, varint_tag};

    pub(crate) const STATUS_CODE: u8 = varint_tag(status::CODE);
    pub(crate) const STATUS_MESSAGE: u8 = delimited_tag(status::MESSAGE);
    pub(crate) const STATUS_DETAILS: u8 = delimited_tag(status::DETAILS);
    pub(crate) const ANY_TYPE_URL: u8 = delimited_tag(any::TYPE_URL);
    pub(crate) const ANY_VALUE: u8 = delimited_tag(any::VALUE);
    pub(crate) const INFO_CODE: u8 = varint_tag(ours::CODE);
    pub(crate) const INFO_DOMAIN: u8 = delimited_tag(ours::DOMAIN);
    pub(crate) const INFO_REASON: u8 = delimited_tag(ours::REASON);
    pub(crate) const INFO_METADATA: u8 = delimited_tag(ours::METADATA);
    pub(crate) const INFO_SHED: u8 = delimited_tag(ours::SHED);
    pub(crate) const GOOGLE_REASON: u8 = delimited_tag(googles::REASON);
    pub(crate) const GOOGLE_DOMAIN: u8 = delimited_tag(googles::DOMAIN);
    pub(crate) const GOOGLE_METADATA: u8 = delimited_tag(googles::METADATA);
    pub(crate) const PRECONDITION_VIOLATION: u8 = delimited_tag(precondition_failure::VIOLATIONS);
    pub(crate) const VIOLATION_TYPE: u8 = delimited_tag(precondition_failure::TYPE);
    pub(crate) const VIOLATION_SUBJECT: u8 = delimited_tag(precondition_failure::SUBJECT);
    pub(crate) const VIOLATION_DESCRIPTION: u8 = delimited_tag(precondition_failure::DESCRIPTION);
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) const REQUEST_ID: u8 = delimited_tag(super::request_info::REQUEST_ID);
    pub(crate) const MAP_KEY: u8 = delimited_tag(map::KEY);
    pub(crate) const MAP_VALUE: u8 = delimited_tag(map::VALUE);
}
