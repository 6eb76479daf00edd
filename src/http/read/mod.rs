//! The reader: a body of any form becomes an encoded `google.rpc.Status`, which is then read like one that arrived over gRPC.
//!
//! Reading never fails. It builds no tree, so what it allocates is bounded by the length of the body.

mod details;
mod info;
mod json;
mod members;
mod text;

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;

use ::http::Response;
use ::http::response::Parts;
use bytes::Bytes;
use http_body::Body;
use prost::Message;

use self::info::{InfoMembers, write_info};
use self::json::Json;
use self::members::{Code, Members};
use super::DetailTypes;
use super::collect::Collected;
use crate::catalog::code;
use crate::catalog::{Catalog, CatalogCode, GrpcCode, tables};
use crate::inbound::ReceivedError;
use crate::inbound::identity::identity;
use crate::inbound::note::{Note, Notes, excerpt};
use crate::inbound::parts::ReceivedParts;
use crate::inbound::retry_hints::RetryHints;
use crate::wire::details::AllDetails;
use crate::wire::header::ERROR_CODE_HEADER;
use crate::wire::info::InfoKind;
use crate::wire::rpc;
use crate::wire::schema::TYPE_URL_PREFIX;
use crate::wire::schema::{REQUEST_INFO, RETRY_INFO};
use crate::wire::{self, detail_writer};

/// Reads the error of an HTTP response, in any of the forms. The counterpart of [`Responder`](super::Responder).
///
/// A reader looks at these sources, in this order:
///
/// 1. The body, in any [`Form`](super::Form), or in Kratos' `{code, reason, message, metadata}`. Kratos sends the HTTP
///    status as `code`: if the catalogue has an entry with this reason and this class, the error gets the code of the entry.
///    Google's streamed REST responses, `[{…},{"error":{…}}]`, are read too.
/// 2. The header `codelibra-error-code`.
/// 3. The HTTP status.
///
/// A JSON object is an error object if it has a code, is a problem (RFC 9457), or has two of `reason`, `domain` and
/// `message`. A body that is not an error object comes from an intermediary. The error is then made from the status by gRPC's
/// `http-grpc-status-mapping`, and has [`Note::Synthesized`].
///
/// If a body breaks off, the part before the break is read. An error without a message gets the summary of its entry, or
/// the phrase of its class. `Retry-After` becomes google.rpc.RetryInfo if the body has none (RFC 9110 §10.2.3).
///
/// Reading never fails: the [notes](ReceivedError::notes) of the error describe what was wrong. A reader uses at most
/// [`MAX_BODY`](super::MAX_BODY) bytes of a body. It allocates at most eight times the length of the body, and 1 MiB for the detail that is
/// being read ([`MAX_DETAIL`](super::MAX_DETAIL)).
///
/// ```
/// use codelibra::ErrorCode;
/// use codelibra::http::Reader;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let body = r#"{"code":403003}"#.to_owned();
/// let reader = Reader::new::<ErrorCode>();
/// let response: http::Response<String> = // …
/// # http::Response::builder().status(403).body(body).unwrap();
/// let error = reader.read_response(response).await;
/// assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    catalog: &'static Catalog,
    detail_types: DetailTypes,
}

impl Reader {
    /// Returns a reader of errors of the catalogue of `C`, with [`DetailTypes::standard`].
    pub fn new<C: CatalogCode>() -> Self {
        Self::from_catalog(C::catalog())
    }

    /// Returns a reader of errors of a catalogue that is known only at run time.
    pub fn from_catalog(catalog: &'static Catalog) -> Self {
        Self { catalog, detail_types: DetailTypes::standard().clone() }
    }

    /// Sets the types of the details that are read from ProtoJSON. A detail of another type is kept if the body
    /// contains it as base64.
    #[must_use]
    pub fn detail_types(mut self, types: DetailTypes) -> Self {
        self.detail_types = types;
        self
    }

    /// Reads the error of a response whose body has not been read, such as one of hyper or reqwest. If the body fails,
    /// the part that arrived is read.
    pub async fn read_response<B: Body<Data = Bytes>>(&self, response: Response<B>) -> ReceivedError {
        let (parts, body) = response.into_parts();
        let mut body = pin!(body);
        let mut collected = Collected::default();
        poll_fn(|cx| collected.poll(&mut body, cx)).await;
        self.read_parts(&parts, collected.as_bytes())
    }

    /// Reads the error of a response whose body is in memory.
    ///
    /// ```
    /// use codelibra::ErrorCode;
    /// use codelibra::http::Reader;
    ///
    /// let (parts, body) = http::Response::builder().status(403).body(r#"{"code":403003}"#)?.into_parts();
    /// let error = Reader::new::<ErrorCode>().read_parts(&parts, body.as_bytes());
    /// assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn read_parts(&self, parts: &Parts, body: &[u8]) -> ReceivedError {
        read_parts(parts, body, self.catalog, &self.detail_types)
    }

    /// Reads the error of a body whose status and headers are not known, such as an object in a stream or in a file.
    ///
    /// ```
    /// use codelibra::ErrorCode;
    /// use codelibra::http::Reader;
    ///
    /// let error = Reader::new::<ErrorCode>().read_body(br#"{"code":403003,"message":"banned for spam"}"#);
    /// assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    /// assert_eq!(error.message(), "banned for spam");
    /// ```
    pub fn read_body(&self, body: &[u8]) -> ReceivedError {
        let answer = Answer { status: None, code_field: None, retry_info: None };
        answer.read(body, self.catalog, &self.detail_types)
    }

    /// The catalogue of the errors.
    pub(super) const fn catalog(&self) -> &'static Catalog {
        self.catalog
    }
}

/// Reads the error of a response, as [`Reader::read_parts`] does.
pub(super) fn read_parts(
    parts: &Parts,
    body: &[u8],
    catalog: &'static Catalog,
    types: &DetailTypes,
) -> ReceivedError {
    let code_field = parts.headers.get(ERROR_CODE_HEADER).map(|value| value.as_bytes());
    let hints = RetryHints::read(&parts.headers);
    let answer =
        Answer { status: Some(parts.status.as_u16()), code_field, retry_info: hints.to_retry_info() };
    answer.read(body, catalog, types).with_retry_hints(hints)
}

/// The parts of a response that are read beside its body.
struct Answer<'a> {
    status: Option<u16>,
    code_field: Option<&'a [u8]>,
    retry_info: Option<rpc::RetryInfo>,
}

impl Answer<'_> {
    fn read(&self, body: &[u8], catalog: &'static Catalog, types: &DetailTypes) -> ReceivedError {
        let mut notes = Notes::default();
        let text = text::text(body, &mut notes);
        let outer = Members::read_body(&text, &mut notes);
        let inner = outer.as_ref().and_then(|outer| outer.inner(&mut notes));
        let object = match (&outer, &inner) {
            (Some(outer), Some(inner)) if outer.code.is_none() => Some(inner),
            (Some(outer), _) if outer.is_error() => Some(outer),
            _ => None,
        };
        let Some(object) = object else {
            return self.read_no_object(&text, outer.as_ref(), catalog, notes);
        };

        let code = object.code(&mut notes);
        let body_status = match code {
            Some(Code::Http(status)) => Some(status),
            _ => object.http_status(),
        };
        let mut status = Vec::with_capacity(text.len());
        write_identity(object, code, catalog, &mut notes, &mut status);
        if let Some(all) = object.details {
            details::write_details(all, types, &mut notes, &mut status);
        }
        write_request_id(object, &mut status);
        self.write_retry_info(&mut status);

        let grpc_code = self.grpc_code(object, code, body_status, &status, catalog);
        self.finish(grpc_code, object.message(), status, notes, body_status, catalog)
    }

    /// The gRPC code in the body, or the one of its six-digit code, or the one of its HTTP status by
    /// [`tables::class_to_grpc`]: the body was sent by an API and not by an intermediary.
    fn grpc_code(
        &self,
        object: &Members<'_>,
        code: Option<Code>,
        body_status: Option<u16>,
        details: &[u8],
        catalog: &Catalog,
    ) -> GrpcCode {
        let sent = match code {
            Some(Code::Grpc(sent)) => Some(sent),
            _ => object.grpc_status(),
        };
        let of_code = || {
            let found = identity(details, catalog)?;
            let entry = found.info.is_of(catalog.domain()).then(|| catalog.by_code(found.code)).flatten();
            Some(code::grpc_code(found.code, entry))
        };
        let of_status = || body_status.or(self.status).map(tables::class_to_grpc);
        sent.filter(|sent| *sent != GrpcCode::Ok)
            .or_else(of_code)
            .or_else(of_status)
            .unwrap_or(GrpcCode::Unknown)
    }

    /// Reads a response without an error object: from the header with the code, or from the HTTP status.
    fn read_no_object(
        &self,
        text: &str,
        outer: Option<&Members<'_>>,
        catalog: &'static Catalog,
        mut notes: Notes,
    ) -> ReceivedError {
        if !text.is_empty() {
            notes.push(Note::InvalidBody(format!("the body is not an error object: {}", excerpt(text))));
        }
        let code = self.code_field.and_then(wire::parse_code);
        let entry = code.and_then(|code| catalog.by_code(code));
        let grpc_code = match code {
            Some(code) => code::grpc_code(code, entry),
            None => {
                notes.push(Note::Synthesized);
                self.status.map_or(GrpcCode::Unknown, tables::intermediary_to_grpc)
            }
        };
        let message = outer.and_then(Members::message);
        let mut status = Vec::new();
        self.write_retry_info(&mut status);
        self.finish(grpc_code, message, status, notes, None, catalog)
    }

    /// Writes google.rpc.RetryInfo from `Retry-After`, unless the body contains it: the detail is more exact than whole
    /// seconds.
    fn write_retry_info(&self, out: &mut Vec<u8>) {
        if let Some(info) = &self.retry_info
            && !AllDetails::new(out).any(|detail| detail.type_name() == RETRY_INFO)
        {
            detail_writer::message(RETRY_INFO, info, out);
        }
    }

    /// Without a message, the summary of the entry is used, or the phrase of the class.
    fn finish(
        &self,
        grpc_code: GrpcCode,
        message: Option<Cow<'_, str>>,
        details: Vec<u8>,
        notes: Notes,
        body_status: Option<u16>,
        catalog: &'static Catalog,
    ) -> ReceivedError {
        let has_message = message.is_some();
        let details = details.into();
        let sent = ReceivedParts {
            grpc_code: Some(grpc_code),
            message,
            details,
            code_field: self.code_field,
            notes,
        };
        let error = ReceivedError::read(sent, catalog).with_http_status(body_status, self.status);
        if has_message { error } else { error.with_own_message() }
    }
}

/// Writes the identity of the error. With a code, it is our ErrorInfo. Otherwise reason, domain and metadata become
/// google.rpc.ErrorInfo, as Kratos sends them over gRPC. Of a problem (RFC 9457) without a code, the type and the extension
/// members become google.rpc.ErrorInfo.
fn write_identity(
    object: &Members<'_>,
    code: Option<Code>,
    catalog: &Catalog,
    notes: &mut Notes,
    out: &mut Vec<u8>,
) {
    let info = InfoMembers::from_members(object);
    let code = match code {
        Some(Code::Http(status)) => code_of_kratos(object, status, catalog).map(Code::Six).or(code),
        _ => code,
    };
    match code {
        Some(Code::Six(code)) => write_info(InfoKind::Ours, &info, Some(code), notes, out),
        _ if !info.is_empty() => write_info(InfoKind::Google, &info, None, notes, out),
        _ if object.is_problem() => info::write_problem(object, out),
        _ => {}
    }
}

/// The code of a Kratos body `{code, reason, message, metadata}`, which identifies an error by its reason only. Without a
/// domain, the reason is looked up in the catalogue, if the HTTP status is the class of the entry.
fn code_of_kratos(object: &Members<'_>, status: u16, catalog: &Catalog) -> Option<u32> {
    let reason = object.reason.filter(|_| object.domain.is_none())?.string()?;
    catalog.by_reason(&reason).filter(|entry| entry.class() == status).map(|entry| entry.code)
}

/// The native form has a member `requestId` besides the detail. If the detail is missing, the member becomes the detail.
fn write_request_id(object: &Members<'_>, out: &mut Vec<u8>) {
    let Some(request_id) = object.request_id.and_then(Json::string) else { return };
    if AllDetails::new(out).any(|detail| detail.type_name() == REQUEST_INFO) {
        return;
    }
    let info = rpc::RequestInfo { request_id: request_id.into_owned(), ..Default::default() };
    detail_writer::detail(&format!("{TYPE_URL_PREFIX}{REQUEST_INFO}"), &info.encode_to_vec(), out);
}
