//! Headers and trailers of a gRPC answer, mended: what any reader reads safely, tonic included.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

use crate::code::{self, class_of, class_phrase};
use crate::wire::details::STATUS_CODE;
use crate::wire::fields::{Fields, Value};
use crate::wire::mark::Mark;
use crate::wire::{
    self, ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, RECEIVED, RECEIVED_HEADER, STATUS_DETAILS_HEADER,
    base64,
};
use crate::{Catalog, GrpcCode, tables};

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// What gRPC escapes in a message ("Percent-Encoded", PROTOCOL-HTTP2.md).
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%');

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not yet.
    Open,
    Ok,
    Failed,
}

/// Which fields of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    /// The headers. An answer of gRPC may go on behind them.
    Headers,
    /// The trailers, with which the answer ends.
    Trailers,
}

/// Sanitises the headers of an answer.
#[inline]
pub(crate) fn headers(fields: &mut HeaderMap, http_status: StatusCode, catalog: &'static Catalog) -> Ending {
    sanitise(fields, Block::Headers, http_status, catalog)
}

/// Sanitises trailers, with which the answer ends; empty ones where there are none.
#[inline]
pub(crate) fn trailers(fields: &mut HeaderMap, http_status: StatusCode, catalog: &'static Catalog) -> Ending {
    sanitise(fields, Block::Trailers, http_status, catalog)
}

#[inline(always)]
fn sanitise(
    fields: &mut HeaderMap,
    block: Block,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Ending {
    let seen = Seen::in_fields(fields);
    if seen.has(Seen::RECEIVED) {
        fields.remove(RECEIVED_HEADER);
    }
    if seen.is_plain_ok() {
        Ending::Ok
    } else if seen.has(Seen::STATUS) {
        with_status(fields)
    } else if block == Block::Headers && seen.has(Seen::GRPC) {
        Ending::Open
    } else {
        without_status(fields, http_status, block, catalog)
    }
}

/// Whether a `content-type` is gRPC's: `application/grpc`, with a message format behind `+` or with parameters
/// (PROTOCOL-HTTP2.md, "Content-Type"). gRPC-Web's is another one.
#[inline]
pub(crate) fn is_grpc(content_type: &[u8]) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    match content_type.split_at_checked(GRPC.len()) {
        Some((name, [] | [b'+' | b';' | b' ' | b'\t', ..])) => {
            name == GRPC || name.eq_ignore_ascii_case(GRPC)
        }
        _ => false,
    }
}

/// What one pass over the fields finds, as a set of bits, which stays in a register. There are few fields: looking at
/// each name is quicker than looking names up.
#[derive(Clone, Copy)]
struct Seen(u8);

impl Seen {
    const STATUS: u8 = 1;
    /// A value other than `0`, or more than one.
    const ODD_STATUS: u8 = 2;
    const DETAILS: u8 = 4;
    const RECEIVED: u8 = 8;
    const GRPC: u8 = 16;

    #[inline]
    fn in_fields(fields: &HeaderMap) -> Self {
        let mut seen = 0;
        for (name, value) in fields {
            seen |= match name.as_str() {
                "grpc-status" if seen & Self::STATUS == 0 && value.as_bytes() == b"0" => Self::STATUS,
                "grpc-status" => Self::STATUS | Self::ODD_STATUS,
                "content-type" if is_grpc(value.as_bytes()) => Self::GRPC,
                "grpc-status-details-bin" => Self::DETAILS,
                RECEIVED => Self::RECEIVED,
                _ => 0,
            };
        }
        Self(seen)
    }

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    /// An OK that tonic reads as it is.
    const fn is_plain_ok(self) -> bool {
        self.0 & (Self::STATUS | Self::ODD_STATUS | Self::DETAILS) == Self::STATUS
    }
}

/// What one pass over the fields of a failure finds wrong.
#[derive(Default)]
struct Faults {
    /// The code, where `grpc-status` stands there once and well.
    code: Option<GrpcCode>,
    statuses: usize,
    message: bool,
    details: usize,
    odd_details: bool,
    code_field: bool,
    encoding: bool,
}

impl Faults {
    fn in_fields(fields: &HeaderMap) -> Self {
        let mut faults = Self::default();
        for (name, value) in fields {
            let value = value.as_bytes();
            match name.as_str() {
                "grpc-status" => {
                    faults.statuses += 1;
                    let is_plain = value.len() == 1 || !value.starts_with(b"0");
                    faults.code = code_of(value).filter(|_| is_plain && faults.statuses == 1);
                }
                "grpc-message" => faults.message |= !is_plain_message(value),
                "grpc-status-details-bin" => {
                    faults.details += 1;
                    faults.odd_details |= faults.details > 1 || !is_unpadded_standard(value);
                }
                "codelibra-error-code" => faults.code_field = true,
                "grpc-encoding" => faults.encoding = true,
                _ => {}
            }
        }
        faults
    }
}

/// Fields with a `grpc-status`, whatever its text.
#[cold]
fn with_status(fields: &mut HeaderMap) -> Ending {
    let faults = Faults::in_fields(fields);
    let mut mark = Mark::default();
    let code = faults.code.unwrap_or_else(|| mend_status(fields, &mut mark));
    if faults.odd_details {
        mend_details(fields, Some(code), &mut mark);
    }
    if code == GrpcCode::Ok {
        return Ending::Ok;
    }
    if faults.message {
        mend_message(fields, &mut mark);
    }
    if faults.code_field && faults.details == 0 {
        mark.details_lost();
    }
    if faults.encoding {
        // tonic asks for the encoding first, and answers UNIMPLEMENTED to one that it does not know.
        fields.remove(GRPC_ENCODING);
    }
    fields.insert(RECEIVED_HEADER, mark.into_value());
    Ending::Failed
}

/// The answer ended, and nobody said how. The details or the ASCII field may still know; else it was an intermediary
/// that spoke, or cut the answer short.
#[cold]
fn without_status(
    fields: &mut HeaderMap,
    http_status: StatusCode,
    block: Block,
    catalog: &'static Catalog,
) -> Ending {
    let mut mark = Mark::default();
    let has_details = fields.contains_key(STATUS_DETAILS_HEADER);
    let embedded = mend_details(fields, None, &mut mark);
    let number = fields.get(ERROR_CODE_HEADER).and_then(|value| wire::parse_code(value.as_bytes()));
    let code = if let Some(code) = embedded {
        mark.status_lost();
        mend_message(fields, &mut mark);
        code
    } else if let Some(number) = number {
        mark.status_lost();
        if !has_details {
            mark.details_lost();
        }
        let entry = catalog.by_code(number);
        set_message(fields, entry.map_or_else(|| class_phrase(class_of(number)), |entry| entry.summary));
        code::grpc_code(number, entry)
    } else {
        mark.synthesized();
        if block == Block::Trailers && http_status == StatusCode::OK {
            set_message(fields, "the answer ended without grpc-status");
        } else {
            set_message(fields, &format!("HTTP {} from an intermediary", http_status.as_u16()));
        }
        tables::intermediary_to_grpc(http_status.as_u16())
    };
    set_status(fields, code);
    fields.remove(GRPC_ENCODING);
    fields.insert(RECEIVED_HEADER, mark.into_value());
    Ending::Failed
}

/// Gives the code that the values agree on, else UNKNOWN.
fn mend_status(fields: &mut HeaderMap, mark: &mut Mark) -> GrpcCode {
    let text = joined(fields, &GRPC_STATUS);
    mark.invalid_status(&text);
    let mut codes = text.split(|byte| *byte == b',').map(|text| code_of(text.trim_ascii()));
    let first = codes.next().flatten();
    let code = first.filter(|_| codes.all(|code| code == first)).unwrap_or(GrpcCode::Unknown);
    set_status(fields, code);
    code
}

/// A gRPC code in decimal digits.
pub(crate) fn code_of(text: &[u8]) -> Option<GrpcCode> {
    let digits = text.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(text).ok().filter(|_| digits)?;
    GrpcCode::from_number(text.parse().ok()?)
}

fn set_status(fields: &mut HeaderMap, code: GrpcCode) {
    fields.insert(GRPC_STATUS, HeaderValue::from(u16::from(code.number())));
}

/// Gives the code that the details say. `code` is the one of the header.
fn mend_details(fields: &mut HeaderMap, code: Option<GrpcCode>, mark: &mut Mark) -> Option<GrpcCode> {
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

/// Whether there is anything of a `google.rpc.Status` in the bytes.
fn has_status_field(status: &[u8]) -> bool {
    Fields::new(status)
        .any(|field| matches!(field, (1, Value::Varint(_)) | (2 | 3, Value::Bytes(_) | Value::Cut(_))))
}

/// `google.rpc.Status.code`.
fn embedded_code(status: &[u8]) -> Option<GrpcCode> {
    let codes = Fields::new(status).filter_map(|field| match field {
        (STATUS_CODE, Value::Varint(code)) => Some(code),
        _ => None,
    });
    GrpcCode::from_number(i64::try_from(codes.last()?).ok()?)
}

/// Whether a strict decoder takes the text as it is: tonic's panics over all else.
fn is_unpadded_standard(text: &[u8]) -> bool {
    // No early end: so it is many bytes at a time.
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

/// The value of a digit of base64.
fn sextet(digit: u8) -> u8 {
    match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

/// Whether tonic reads the message as it is, told without decoding it: ASCII, and every escape is of ASCII.
fn is_plain_message(message: &[u8]) -> bool {
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

fn mend_message(fields: &mut HeaderMap, mark: &mut Mark) {
    let Some(message) = fields.get(GRPC_MESSAGE).map(HeaderValue::as_bytes) else { return };
    let text = percent_decode(message).decode_utf8_lossy();
    if has_whole_escapes(message) && percent_decode(message).decode_utf8().is_ok() {
        return;
    }
    let text = text.into_owned();
    mark.invalid_message();
    set_message(fields, &text);
}

fn has_whole_escapes(message: &[u8]) -> bool {
    let mut escapes = message.split(|byte| *byte == b'%');
    escapes.next();
    escapes.all(|escape| escape.get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

fn set_message(fields: &mut HeaderMap, text: &str) {
    let escaped: Cow<'_, str> = percent_encode(text.as_bytes(), ESCAPED).into();
    match HeaderValue::from_str(&escaped) {
        Ok(value) => drop(fields.insert(GRPC_MESSAGE, value)),
        Err(_) => drop(fields.remove(GRPC_MESSAGE)),
    }
}

/// The values of a field as one, which is the same (RFC 9110 §5.3).
fn joined(fields: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let values: Vec<&[u8]> = fields.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    values.join(&b',')
}

#[cfg(test)]
mod tests {
    use super::is_grpc;

    #[test]
    fn the_media_type_is_grpc_or_not() {
        for grpc in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc;charset=utf-8",
            "Application/gRPC ;a=b",
        ] {
            assert!(is_grpc(grpc.as_bytes()), "{grpc}");
        }
        for other in [
            "",
            "application/grp",
            "application/grpcx",
            "application/grpc-web",
            "application/grpc-web+proto",
            "text/html",
        ] {
            assert!(!is_grpc(other.as_bytes()), "{other}");
        }
    }
}
