//! gRPC's own fields that are kept beside a failure. Each is limited to the values that its specification allows.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use crate::outbound::budget::field_len;
use crate::wire::grpc_web::Protocol;
use crate::wire::header::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING, RETRY_PUSHBACK_HEADER};
use crate::wire::media_type::MediaType;

/// A field, and the function that checks its value.
struct Field {
    name: HeaderName,
    is_valid: fn(&[u8]) -> bool,
}

/// gRPC's own fields. Of a failure that another service sent, only the first field is kept.
static FIELDS: [Field; 4] = [
    Field { name: CONTENT_TYPE, is_valid: is_content_type },
    Field { name: GRPC_ENCODING, is_valid: is_encoding },
    Field { name: GRPC_ACCEPT_ENCODING, is_valid: is_list_of_encodings },
    Field { name: RETRY_PUSHBACK_HEADER, is_valid: is_pushback },
];

pub(super) const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// The longest encoding and the longest list of them, in bytes. gRPC names six: identity, gzip, deflate, snappy, zstd, br.
const MAX_ENCODING: usize = 32;
const MAX_ENCODINGS: usize = 128;

/// The longest media type, in bytes.
const MAX_CONTENT_TYPE: usize = 64;

/// gRPC over HTTP/2, "Content-Type": `application/grpc` and its message formats. The types of gRPC-Web are accepted too.
/// Parameters are not: they may contain private text, and the field of a received failure is kept.
fn is_content_type(value: &[u8]) -> bool {
    value.len() <= MAX_CONTENT_TYPE && MediaType::has_no_parameters(value)
}

/// Returns whether the fields contain exactly one `content-type`, and it is a valid one of gRPC or gRPC-Web.
pub(super) fn is_valid_content_type(fields: &HeaderMap) -> bool {
    let mut values = fields.get_all(CONTENT_TYPE).iter();
    values.next().is_some_and(|value| is_content_type(value.as_bytes())) && values.next().is_none()
}

/// gRPC over HTTP/2, "Content-Coding": a token (RFC 9110 §5.6.2).
fn is_encoding(value: &[u8]) -> bool {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    (1..=MAX_ENCODING).contains(&value.len()) && value.iter().all(is_token)
}

fn is_list_of_encodings(value: &[u8]) -> bool {
    value.len() <= MAX_ENCODINGS && value.split(|b| *b == b',').all(|coding| is_encoding(coding.trim_ascii()))
}

/// gRFC A6: a signed decimal number without leading zeros. Readers accept different sizes.
fn is_pushback(value: &[u8]) -> bool {
    let text = std::str::from_utf8(value).unwrap_or_default();
    text.parse::<i64>().is_ok_and(|number| number.to_string() == text)
}

/// Which of the fields that a handler set are kept beside a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// All fields, except those of gRPC that are not valid.
    All,
    /// gRPC's own fields.
    Protocol,
    /// `content-type` only.
    ContentType,
}

/// The sizes of the fields that do not belong to the failure, as in a header list (RFC 9113 §6.5.2), and which of them are
/// removed.
#[derive(Debug)]
pub(super) struct Beside {
    content_type: usize,
    protocol: usize,
    others: usize,
    /// The protocol of the request. An HTTP response may have any media type.
    caller: Protocol,
    /// gRPC's own fields whose value is invalid. They are removed; the `content-type` of gRPC is replaced.
    removed: [bool; FIELDS.len()],
}

impl Beside {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self { content_type: 0, protocol: 0, others: 0, caller: protocol, removed: [false; FIELDS.len()] }
    }

    /// Adds a field that does not belong to the failure.
    pub(super) fn count(&mut self, name: &HeaderName, value: &HeaderValue) {
        let len = field_len(name.as_str(), value.len());
        let Some(at) = FIELDS.iter().position(|field| field.name == *name) else {
            self.others += len;
            return;
        };
        let Some(field) = FIELDS.get(at) else { return };
        let counted = if at == 0 { &mut self.content_type } else { &mut self.protocol };
        let is_short = at == 0 && self.caller == Protocol::Other && value.len() <= MAX_CONTENT_TYPE;
        if is_short || (field.is_valid)(value.as_bytes()) {
            *counted += len;
        } else if let Some(removed) = self.removed.get_mut(at) {
            *removed = true;
            if at == 0 && self.caller == Protocol::Grpc {
                *counted += field_len(name.as_str(), GRPC.len());
            }
        }
    }

    pub(super) const fn len(&self, kept: Kept) -> usize {
        match kept {
            Kept::All => self.content_type + self.protocol + self.others,
            Kept::Protocol => self.content_type + self.protocol,
            Kept::ContentType => self.content_type,
        }
    }

    /// Returns the names of the fields that are removed because their values are not valid.
    pub(super) fn removed(&self) -> impl Iterator<Item = &'static str> {
        FIELDS.iter().zip(self.removed).filter(|(_, removed)| *removed).map(|(field, _)| field.name.as_str())
    }

    /// Removes the fields that are not kept or not valid.
    pub(super) fn retain(&self, fields: &mut HeaderMap, kept: Kept) {
        for name in self.removed() {
            let _ = fields.remove(name);
        }
        if self.caller == Protocol::Grpc && self.removed.first() == Some(&true) {
            fields.insert(CONTENT_TYPE, GRPC);
        }
        let count = match kept {
            Kept::All => return,
            Kept::Protocol => FIELDS.len(),
            Kept::ContentType => 1,
        };
        if self.len(kept) < self.len(Kept::All) {
            let mut retained = HeaderMap::with_capacity(2 * FIELDS.len());
            for Field { name, .. } in FIELDS.iter().take(count) {
                if let Some(value) = fields.remove(name) {
                    retained.insert(name, value);
                }
            }
            *fields = retained;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_accepts_its_valid_values_only() {
        let long = "x".repeat(6000);
        for (name, valid, invalid) in [
            (
                "content-type",
                &["application/grpc", "application/grpc+proto", "application/grpc-web-text"][..],
                &["", "text/html", "application/grpcfoo", "application/grpc; x=private", &long][..],
            ),
            ("grpc-encoding", &["identity", "gzip", "x-own"], &["", "gzip,br", "gzip\n", "a b", &long]),
            ("grpc-accept-encoding", &["gzip", "identity, gzip,br"], &["", "gzip,", "a b", &long]),
            (
                "grpc-retry-pushback-ms",
                &["0", "-1", "1500", "2147483648", "9223372036854775807"],
                &["", "01", "+1", "-0", "1.5", "1s", "never", "9223372036854775808", &"1".repeat(6000)],
            ),
        ] {
            let name = HeaderName::from_static(name);
            let is_valid = FIELDS.iter().find(|field| field.name == name).unwrap().is_valid;
            for value in valid {
                assert!(is_valid(value.as_bytes()), "{name}: {value}");
            }
            for value in invalid {
                assert!(!is_valid(value.as_bytes()), "{name}: {value}");
            }
        }
    }
}
