//! Repairs single fields, so that any reader can read them safely, tonic included.

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;

use crate::catalog::GrpcCode;
use crate::inbound::mark::Mark;
use crate::wire::fields::{Fields, Value};
use crate::wire::header::{ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER};
use crate::wire::schema::status;
use crate::wire::{self, base64, message};

/// Replaces `grpc-status` by one number and returns it: the number that all values repeat, or otherwise UNKNOWN.
pub(crate) fn mend_status(fields: &mut HeaderMap, mark: &mut Mark) -> GrpcCode {
    let text = joined(fields, &GRPC_STATUS);
    mark.invalid_status(&text);
    let mut codes = text.split(|byte| *byte == b',').map(|text| parse_grpc_code(text.trim_ascii()));
    let first = codes.next().flatten();
    let code = first.filter(|_| codes.all(|code| code == first)).unwrap_or(GrpcCode::Unknown);
    set_status(fields, code);
    code
}

/// Reads a gRPC code in decimal digits.
pub(crate) fn parse_grpc_code(text: &[u8]) -> Option<GrpcCode> {
    let digits = text.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(text).ok().filter(|_| digits)?;
    GrpcCode::from_number(text.parse().ok()?)
}

pub(crate) fn set_status(fields: &mut HeaderMap, code: GrpcCode) {
    fields.insert(GRPC_STATUS, HeaderValue::from(u16::from(code.number())));
}

/// Repairs the base64 of the details, and returns the gRPC code in them. `code` is the one in the header.
pub(crate) fn mend_details(
    fields: &mut HeaderMap,
    code: Option<GrpcCode>,
    mark: &mut Mark,
) -> Option<GrpcCode> {
    if !fields.contains_key(STATUS_DETAILS_HEADER) {
        return None;
    }
    let agrees = |status: &[u8]| code.is_none() || embedded_code(status) == code;
    let mut decoded = base64::decode_joined(&joined(fields, &STATUS_DETAILS_HEADER), agrees);
    if !decoded.intact {
        mark.invalid_base64();
        if !has_status_field(&decoded.bytes) {
            decoded.bytes.clear();
        }
    }
    let text = base64::encode(&decoded.bytes);
    match HeaderValue::try_from(text) {
        Ok(value) if !value.is_empty() => drop(fields.insert(STATUS_DETAILS_HEADER, value)),
        _ => drop(fields.remove(STATUS_DETAILS_HEADER)),
    }
    embedded_code(&decoded.bytes).filter(|code| *code != GrpcCode::Ok)
}

/// Returns whether the bytes contain a field of a `google.rpc.Status`.
fn has_status_field(status: &[u8]) -> bool {
    Fields::new(status)
        .any(|field| matches!(field, (1, Value::Varint(_)) | (2 | 3, Value::Bytes(_) | Value::Cut(_))))
}

/// Returns `google.rpc.Status.code`.
fn embedded_code(status: &[u8]) -> Option<GrpcCode> {
    let codes = Fields::new(status).filter_map(|field| match field {
        (status::CODE, Value::Varint(code)) => Some(code),
        _ => None,
    });
    GrpcCode::from_number(i64::try_from(codes.last()?).ok()?)
}

/// Returns whether a strict decoder of base64 accepts the text. tonic's decoder panics on any other text.
pub(crate) fn is_unpadded_standard(text: &[u8]) -> bool {
    // The loop has no early end, so that the compiler checks many bytes at a time.
    let digits = text
        .iter()
        .fold(true, |all, byte| all & (byte.is_ascii_alphanumeric() | (*byte == b'+') | (*byte == b'/')));
    let unused_bits = match (text.len() % 4, text.last()) {
        (0, _) => return digits,
        (2, Some(last)) => sextet(*last) & 0b1111,
        (3, Some(last)) => sextet(*last) & 0b11,
        _ => return false,
    };
    digits && unused_bits == 0
}

/// Returns the value of a digit of base64.
fn sextet(digit: u8) -> u8 {
    match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

/// Returns whether tonic can read the message, without decoding it: the message and its decoded escapes are ASCII.
pub(crate) fn is_plain_message(message: &[u8]) -> bool {
    let mut rest = message;
    while let Some((byte, tail)) = rest.split_first() {
        rest = match (byte, tail) {
            (b'%', [b'0'..=b'7', low, tail @ ..]) if low.is_ascii_hexdigit() => tail,
            (b'%' | 0x80.., _) => return false,
            _ => tail,
        };
    }
    true
}

/// Replaces a message that is not percent-encoded UTF-8. Invalid bytes become U+FFFD.
pub(crate) fn mend_message(fields: &mut HeaderMap, mark: &mut Mark) {
    let Some(value) = fields.get(GRPC_MESSAGE).map(HeaderValue::as_bytes) else { return };
    if has_whole_escapes(value) && percent_decode(value).decode_utf8().is_ok() {
        return;
    }
    let text = message::decode(value).into_owned();
    mark.invalid_message();
    set_message(fields, &text);
}

fn has_whole_escapes(message: &[u8]) -> bool {
    let mut escapes = message.split(|byte| *byte == b'%');
    escapes.next();
    escapes.all(|escape| escape.get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

pub(crate) fn set_message(fields: &mut HeaderMap, text: &str) {
    match HeaderValue::from_str(&message::encode(text)) {
        Ok(value) => drop(fields.insert(GRPC_MESSAGE, value)),
        Err(_) => drop(fields.remove(GRPC_MESSAGE)),
    }
}

/// Returns the code in `codelibra-error-code`: the first valid value, because a proxy may repeat or join the field.
pub(crate) fn code_field(fields: &HeaderMap) -> Option<u32> {
    let values = joined(fields, &ERROR_CODE_HEADER);
    values.split(|byte| *byte == b',').find_map(|text| wire::parse_code(text.trim_ascii()))
}

pub(crate) fn mend_code(fields: &mut HeaderMap) {
    if let Some(code) = code_field(fields) {
        fields.insert(ERROR_CODE_HEADER, HeaderValue::from(code));
    }
}

/// Returns the values of a field joined by commas, which has the same meaning (RFC 9110 §5.3).
pub(crate) fn joined(fields: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let values: Vec<&[u8]> = fields.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    values.join(&b',')
}
