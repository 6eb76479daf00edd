//! Repairs the headers and trailers of a gRPC response, so that any reader can read them safely, tonic included.

#[cfg(feature = "client")]
use http::HeaderValue;
use http::{HeaderMap, StatusCode};

use crate::catalog::code::{self, class_of, class_phrase};
use crate::catalog::{Catalog, GrpcCode, tables};
use crate::inbound::early::EarlyFields;
use crate::inbound::encodings::Encodings;
use crate::inbound::header_scan::{FailureFields, HeaderScan};
use crate::inbound::mark::Mark;
use crate::inbound::mend::{
    self, code_field, mend_code, mend_details, mend_message, mend_status, parse_grpc_code, set_message,
    set_status,
};
use crate::wire;
use crate::wire::header::{CAUSE_HEADER, GRPC_ENCODING, GRPC_STATUS, RECEIVED_HEADER, STATUS_DETAILS_HEADER};
use crate::wire::media_type::{MediaType, WebEncoding};

/// Whether and how a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The call has not ended.
    Open,
    /// The call has not ended, but the headers contained OK. If there are trailers, their status is used.
    OkInHeaders,
    Ok,
    Failed,
}

impl Ending {
    /// Returns whether the call has not ended: trailers follow, or must be added.
    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::OkInHeaders)
    }
}

/// What follows the headers of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterHeaders {
    /// A body, or trailers.
    More,
    /// Nothing: the headers are the trailers too.
    Nothing,
}

impl AfterHeaders {
    pub(crate) fn from_body(body: &impl http_body::Body) -> Self {
        if body.is_end_stream() { Self::Nothing } else { Self::More }
    }
}

/// The result of reading the headers of a response.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) ending: Ending,
    /// The fields of the end that the headers already contained.
    pub(crate) early: EarlyFields,
}

#[cfg(feature = "gateway")]
impl Start {
    /// The result for headers that contain nothing about the end.
    pub(crate) const OPEN: Self = Self { ending: Ending::Open, early: EarlyFields::NONE };
}

/// Sanitises the headers of a response, whose reader accepts `encodings`. A failure in the headers ends the call: tonic does not
/// read what follows.
#[inline]
pub(crate) fn headers(
    fields: &mut HeaderMap,
    after: AfterHeaders,
    http_status: StatusCode,
    encodings: Encodings,
    catalog: &'static Catalog,
) -> Start {
    let scan = HeaderScan::from_fields(fields);
    let mut early = EarlyFields::NONE;
    let ending = if scan.has(HeaderScan::STATUS) {
        match with_status(fields, scan, &early, catalog) {
            Ending::Ok if after == AfterHeaders::More => {
                // tonic would read it as the end of the call and ignore the trailers.
                fields.remove(GRPC_STATUS);
                Ending::OkInHeaders
            }
            ending => ending,
        }
    } else {
        drop_ours(fields, scan);
        match (scan.has(HeaderScan::GRPC) || is_decoded_grpc_web(fields), after) {
            (true, AfterHeaders::More) => Ending::Open,
            (true, AfterHeaders::Nothing) => {
                without_status(fields, WithoutStatus::Grpc, http_status, catalog)
            }
            (false, _) => without_status(fields, WithoutStatus::Intermediary, http_status, catalog),
        }
    };
    if scan.has(HeaderScan::ENCODING) {
        encodings.remove_others(fields);
    }
    if ending.is_open() && scan.has(HeaderScan::MESSAGE | HeaderScan::DETAILS | HeaderScan::CODE) {
        early = EarlyFields::take_from(fields);
    }
    Start { ending, early }
}

/// Returns whether a response was gRPC-Web. tonic-web's client decodes the body below this layer, and keeps the media type. It does
/// not read base64.
#[cold]
fn is_decoded_grpc_web(fields: &HeaderMap) -> bool {
    MediaType::from_fields(fields) == Some(MediaType::GrpcWeb(WebEncoding::Binary))
}

/// Sanitises the trailers that end a response. They are empty if there are none. `so_far` and `early` are the result of the
/// headers.
#[inline]
pub(crate) fn trailers(
    fields: &mut HeaderMap,
    (so_far, early): (Ending, &EarlyFields),
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Ending {
    let scan = HeaderScan::from_fields(fields);
    if scan.has(HeaderScan::STATUS) {
        return with_status(fields, scan, early, catalog);
    }
    drop_ours(fields, scan);
    if so_far == Ending::OkInHeaders {
        if scan.has(HeaderScan::MESSAGE | HeaderScan::DETAILS) {
            mend_ok(fields);
        }
        set_status(fields, GrpcCode::Ok);
        return Ending::Ok;
    }
    early.add_to(fields, catalog);
    without_status(fields, WithoutStatus::Grpc, http_status, catalog)
}

/// Sanitises fields that contain `grpc-status`, valid or not.
#[inline]
fn with_status(fields: &mut HeaderMap, scan: HeaderScan, early: &EarlyFields, catalog: &Catalog) -> Ending {
    drop_ours(fields, scan);
    if scan.is_plain_ok() { Ending::Ok } else { with_odd_status(fields, early, catalog) }
}

/// Repairs the details and the message of an OK. They have no meaning, but tonic reads them: invalid details make it panic, and an
/// invalid message turns the OK into UNKNOWN.
#[cold]
fn mend_ok(fields: &mut HeaderMap) {
    let mut mark = Mark::default();
    mend_details(fields, Some(GrpcCode::Ok), &mut mark);
    mend_message(fields, &mut mark);
}

/// Removes the fields that only the layers of one process may send to each other.
#[inline]
fn drop_ours(fields: &mut HeaderMap, scan: HeaderScan) {
    if scan.has(HeaderScan::OURS) {
        fields.remove(RECEIVED_HEADER);
        fields.remove(CAUSE_HEADER);
    }
}

/// The faults that one pass over the fields of a failure finds.
struct Faults {
    /// The code, if `grpc-status` is present once and valid.
    code: Option<GrpcCode>,
    message: bool,
    details: bool,
    code_field: bool,
    /// Whether the details are missing beside a code.
    lost_details: bool,
    encoding: bool,
}

impl Faults {
    fn in_fields(fields: &HeaderMap) -> Self {
        let read = FailureFields::read(fields, |_, _| ());
        let status = read.status.single().filter(|value| value.len() == 1 || !value.starts_with(b"0"));
        Self {
            code: status.and_then(parse_grpc_code),
            message: !read.message.is_absent_or(mend::is_plain_message),
            details: !read.details.is_absent_or(mend::is_unpadded_standard),
            code_field: !read.code.is_absent_or(|value| wire::parse_code(value).is_some()),
            lost_details: read.code.count > 0 && read.details.count == 0,
            encoding: read.has_encoding,
        }
    }
}

/// Sanitises fields whose `grpc-status` is not a plain OK.
#[cold]
fn with_odd_status(fields: &mut HeaderMap, early: &EarlyFields, catalog: &Catalog) -> Ending {
    let mut faults = Faults::in_fields(fields);
    let mut mark = Mark::default();
    let code = faults.code.unwrap_or_else(|| mend_status(fields, &mut mark));
    if code == GrpcCode::Ok {
        mend_ok(fields);
        return Ending::Ok;
    }
    if !early.is_empty() {
        early.add_to(fields, catalog);
        faults = Faults::in_fields(fields);
    }
    if faults.details {
        mend_details(fields, Some(code), &mut mark);
    }
    if faults.message {
        mend_message(fields, &mut mark);
    }
    if faults.code_field {
        mend_code(fields);
    }
    if faults.lost_details {
        mark.details_lost();
    }
    if faults.encoding {
        // tonic checks the encoding first, and reports UNIMPLEMENTED for an unknown one.
        fields.remove(GRPC_ENCODING);
    }
    fields.insert(RECEIVED_HEADER, mark.into_value());
    Ending::Failed
}

/// Where a response without `grpc-status` comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WithoutStatus {
    /// A gRPC response that was cut short.
    Grpc,
    /// A response that is not gRPC.
    Intermediary,
}

/// Sanitises the fields of a response that ended without `grpc-status`. The details or `codelibra-error-code` give the code;
/// otherwise the intermediary table does.
#[cold]
fn without_status(
    fields: &mut HeaderMap,
    origin: WithoutStatus,
    http_status: StatusCode,
    catalog: &'static Catalog,
) -> Ending {
    let mut mark = Mark::default();
    let has_details = fields.contains_key(STATUS_DETAILS_HEADER);
    let embedded = mend_details(fields, None, &mut mark);
    let number = code_field(fields);
    mend_code(fields);
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
        if origin == WithoutStatus::Grpc && http_status == StatusCode::OK {
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

/// Returns whether sanitised fields contain a failure that the deadline may have caused: CANCELLED without a code, or an UNKNOWN
/// that was made on this side.
#[cfg(feature = "client")]
pub(crate) fn is_uncoded_cancellation(fields: &HeaderMap) -> bool {
    let has = |name, text| fields.get(name).is_some_and(|value| value == text);
    (has(GRPC_STATUS, "1")
        || (has(GRPC_STATUS, "2") && has(RECEIVED_HEADER, crate::inbound::mark::SYNTHESIZED)))
        && !fields.contains_key(STATUS_DETAILS_HEADER)
        && !has_code(fields)
}

/// Returns whether `codelibra-error-code` contains a code.
#[cfg(feature = "client")]
pub(crate) fn has_code(fields: &HeaderMap) -> bool {
    code_field(fields).is_some()
}

/// Replaces a failure by the one of a call whose deadline passed.
#[cfg(feature = "client")]
pub(crate) fn exceed_deadline(fields: &mut HeaderMap) {
    set_status(fields, GrpcCode::DeadlineExceeded);
    set_message(fields, wire::DEADLINE_PASSED);
    fields.insert(RECEIVED_HEADER, HeaderValue::from_static(crate::inbound::mark::SYNTHESIZED));
}
