//! The bytes of the wire: field names, the [`schema`], and the writer and readers of `google.rpc.Status`.
//!
//! [`write`] writes a status. [`fields`], [`details`], [`info`] and [`metadata`] read a status of a peer. They never fail: they
//! keep everything that can be read. They copy nothing, and only the lists of `Metadata` allocate.

pub(crate) mod base64;
#[cfg(feature = "server")]
pub(crate) mod canonical;
pub(crate) mod detail_writer;
pub(crate) mod details;
pub(crate) mod error_infos;
pub(crate) mod fields;
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) mod grpc_web;
pub(crate) mod header;
pub(crate) mod info;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod media_type;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) mod message;
pub(crate) mod metadata;
pub(crate) mod out;
pub mod rpc;
pub(crate) mod schema;
pub(crate) mod shed;
#[cfg(any(feature = "client", feature = "server"))]
pub(crate) mod timeout;
pub(crate) mod write;

/// The message of a call whose deadline passed before the call ended.
#[cfg(all(feature = "tonic", any(feature = "client", feature = "gateway")))]
pub(crate) const DEADLINE_PASSED: &str = "the deadline of the call passed";

/// Returns whether a number is a code: six digits whose first three, the class, are 400 to 599.
pub(crate) const fn is_code(number: u32) -> bool {
    matches!(number, MIN_CODE..=MAX_CODE)
}

/// The smallest code: the first of the class 400.
pub(crate) const MIN_CODE: u32 = 400_000;
const MAX_CODE: u32 = 599_999;

/// Reads the ASCII field: six digits of a valid class. Returns `None` for any other value.
pub(crate) fn parse_code(text: &[u8]) -> Option<u32> {
    if text.len() != 6 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = text.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    is_code(number).then_some(number)
}

/// Compares two texts. `&str == &str` is not `const`.
pub(crate) const fn same_text(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    true
}
