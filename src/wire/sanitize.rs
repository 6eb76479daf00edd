//! Headers and trailers of a gRPC answer, mended: what any reader reads safely, tonic included.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::percent_decode;

use crate::code::{self, class_of, class_phrase};
use crate::wire::details::STATUS_CODE;
use crate::wire::fields::{Fields, Value};
use crate::wire::mark::Mark;
use crate::wire::seen::Seen;
use crate::wire::{
    self, CAUSE, ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, RECEIVED_HEADER, STATUS_DETAILS_HEADER,
    base64, message,
};
use crate::{Catalog, GrpcCode, tables};

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not yet.
    Open,
    /// Not yet, but the headers said OK. What the trailers say counts, where there are any.
    SaidOk,
    Ok,
    Failed,
}

impl Ending {
    /// Whether trailers are still to come, or to be made up for.
    #[cfg(feature = "client")]
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::SaidOk)
    }
}

/// What follows the headers of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A body, or trailers.
    More,
    /// Nothing: the headers are the trailers too.
    Nothing,
}

impl Behind {
    pub(crate) fn headers_of(body: &impl http_body::Body) -> Self {
        if body.is_end_stream() { Self::Nothing } else { Self::More }
    }
}

/// Sanitises the headers of an answer.
#[inline]
pub(crate) fn headers(
    fields: &mut HeaderMap,
    behind: Behind,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Ending {
    let seen = Seen::in_fields(fields);
    if seen.has(Seen::STATUS) {
        let ending = with_status(fields, seen);
        if ending == Ending::Ok && behind == Behind::More {
            // tonic takes it for the end of the call, whatever the trailers say.
            fields.remove(GRPC_STATUS);
            return Ending::SaidOk;
        }
        return ending;
    }
    drop_ours(fields, seen);
    match (seen.has(Seen::GRPC), behind) {
        (true, Behind::More) => Ending::Open,
        (true, Behind::Nothing) => without_status(fields, Silent::Answer, http_status, catalog),
        (false, _) => without_status(fields, Silent::Intermediary, http_status, catalog),
    }
}

/// Sanitises trailers, with which the answer ends; empty ones where there are none. `so_far` is what the headers came
/// to.
#[inline]
pub(crate) fn trailers(
    fields: &mut HeaderMap,
    so_far: Ending,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Ending {
    let seen = Seen::in_fields(fields);
    if seen.has(Seen::STATUS) {
        return with_status(fields, seen);
    }
    drop_ours(fields, seen);
    if so_far == Ending::SaidOk {
        set_status(fields, GrpcCode::Ok);
        return Ending::Ok;
    }
    without_status(fields, Silent::Answer, http_status, catalog)
}

/// Fields with a `grpc-status`, whatever its text.
#[inline]
fn with_status(fields: &mut HeaderMap, seen: Seen) -> Ending {
    drop_ours(fields, seen);
    if seen.is_plain_ok() { Ending::Ok } else { with_odd_status(fields) }
}

/// Removes the fields with which the layers of one process talk: no peer may.
#[inline]
fn drop_ours(fields: &mut HeaderMap, seen: Seen) {
    if seen.has(Seen::OURS) {
        fields.remove(RECEIVED_HEADER);
        fields.remove(CAUSE);
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

/// Fields with a `grpc-status` that is no plain OK.
#[cold]
fn with_odd_status(fields: &mut HeaderMap) -> Ending {
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

/// Who did not say how a call ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silent {
    /// A gRPC answer, which was cut short.
    Answer,
    /// Something that does not speak gRPC.
    Intermediary,
}

/// The answer ended, and nobody said how. The details or the ASCII field may still know; else it was an intermediary
/// that spoke, or cut the answer short.
#[cold]
fn without_status(
    fields: &mut HeaderMap,
    who: Silent,
    http_status: StatusCode,
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
        if who == Silent::Answer && http_status == StatusCode::OK {
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
    match HeaderValue::from_str(&message::encode(text)) {
        Ok(value) => drop(fields.insert(GRPC_MESSAGE, value)),
        Err(_) => drop(fields.remove(GRPC_MESSAGE)),
    }
}

/// The values of a field as one, which is the same (RFC 9110 §5.3).
fn joined(fields: &HeaderMap, name: &HeaderName) -> Vec<u8> {
    let values: Vec<&[u8]> = fields.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    values.join(&b',')
}
