//! The wire: header names, type URLs, the writer and the reader of `google.rpc.Status`.
//!
//! [`write`] is for what we say, [`fields`], [`details`] and [`read`] are for what a peer said: they are
//! total, allocate nothing, and lose nothing that can be read. [`sanitize`] repairs the fields of a peer before they
//! are read, field by field with [`mend`], for the client layer and for the bridges alike.

pub(crate) mod base64;
#[cfg(feature = "server")]
pub(crate) mod canonical;
pub(crate) mod details;
pub(crate) mod error_infos;
pub(crate) mod fields;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod grpc_web;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod media_type;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod message;
pub(crate) mod read;
pub(crate) mod shed;
#[cfg(any(feature = "client", feature = "server"))]
pub(crate) mod timeout;
pub(crate) mod write;

/// The ASCII field with the six digits. It survives lost details, and proxies and access logs can read it.
pub const ERROR_CODE_HEADER: http::HeaderName = http::HeaderName::from_static("codelibra-error-code");

/// The gRPC field with the encoded `google.rpc.Status`.
pub const STATUS_DETAILS_HEADER: http::HeaderName = http::HeaderName::from_static("grpc-status-details-bin");

#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) const GRPC_STATUS: http::HeaderName = http::HeaderName::from_static("grpc-status");
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) const GRPC_MESSAGE: http::HeaderName = http::HeaderName::from_static("grpc-message");

/// The mark that the client layer puts on every failure that it received. `tonic::Status` carries it as
/// metadata, so a server layer sees when a peer's status is about to leave as our own. It never leaves a server
/// layer.
pub const RECEIVED_HEADER: http::HeaderName = http::HeaderName::from_static(RECEIVED);
pub(crate) const RECEIVED: &str = "codelibra-received";

/// The message of a call that did not end before its deadline.
#[cfg(all(feature = "tonic", any(feature = "client", feature = "gateway")))]
pub(crate) const DEADLINE_PASSED: &str = "the deadline of the call passed";

/// Leads a server layer to the private cause of an error of its own process. It never leaves one.
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) const CAUSE: &str = "codelibra-cause";

/// `codelibra.error.v1.ErrorInfo`: the name of our own detail.
pub const ERROR_INFO: &str = "codelibra.error.v1.ErrorInfo";
/// `google.rpc.ErrorInfo`: another message than [`ERROR_INFO`].
pub const GOOGLE_ERROR_INFO: &str = "google.rpc.ErrorInfo";

/// What type URLs begin with. A reader compares only what follows the last `/`.
pub(crate) const TYPE_URL_PREFIX: &str = "type.googleapis.com/";
pub(crate) const ERROR_INFO_URL: &str = "type.googleapis.com/codelibra.error.v1.ErrorInfo";
pub(crate) const GOOGLE_ERROR_INFO_URL: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// Reads the ASCII field: six digits of a valid class.
pub(crate) fn parse_code(text: &[u8]) -> Option<u32> {
    if text.len() != 6 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    crate::catalog::code::is_code(number).then_some(number)
}
