//! An error as it is sent. The decision returns it, and every transport writes its body or gRPC's fields from it.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};

use crate::catalog::code::{class_code, class_of, class_phrase};
use crate::catalog::tables::class_to_grpc;
use crate::catalog::{Catalog, Entry, GrpcCode};
use crate::error::ApiError;
use crate::inbound::ReceivedError;
use crate::outbound::request_id::RequestId;
use crate::wire;
use crate::wire::detail_writer::{request_info, request_info_len};
use crate::wire::details::{AllDetails, Detail};
use crate::wire::error_infos::ErrorInfos;
use crate::wire::header::{ERROR_CODE_HEADER, GRPC_MESSAGE, GRPC_STATUS, STATUS_DETAILS_HEADER};
use crate::wire::rpc;
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO, REQUEST_INFO};
use crate::wire::shed::ShedMarks;
use crate::wire::write::{
    Parts, WrittenInfos, WrittenMetadata, is_reserved, six_digits, status_len, status_to_vec,
};
use crate::wire::{base64, message};

/// The longest domain and reason in gRPC's fields, in bytes. AIP-193 limits the reason, and DNS limits the domain.
pub(super) const MAX_DOMAIN: usize = 255;
pub(super) const MAX_REASON: usize = 63;

/// An error as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct SentError<'a> {
    pub(crate) code: u32,
    pub(crate) grpc_code: GrpcCode,
    /// `None` for a code of another domain.
    #[cfg_attr(not(feature = "gateway"), allow(dead_code, reason = "bodies name the pages of a catalogue"))]
    pub(crate) catalog: Option<&'static Catalog>,
    pub(crate) entry: Option<&'static Entry>,
    pub(crate) domain: Cow<'a, str>,
    pub(crate) reason: &'a str,
    pub(crate) message: Cow<'a, str>,
    /// Sorted by key.
    pub(crate) metadata: Vec<(&'a str, &'a str)>,
    /// Encoded `details` fields without both ErrorInfos.
    pub(crate) details: Cow<'a, [u8]>,
    /// The id of a google.rpc.RequestInfo that is not among the details. It is the last detail, and no budget removes it.
    pub(crate) request_id: Option<RequestId>,
    /// The encoded `google.protobuf.Any` of the google.rpc.RequestInfo with that id, if it contains more than the id.
    pub(crate) request_info: Option<Vec<u8>>,
    /// The encoded status in two parts, if it can be sent as the service made it, without the request id and without an
    /// ErrorInfo between the parts.
    pub(crate) encoded: Option<[&'a [u8]; 2]>,
    /// The parts that were left out to stay within a budget.
    pub(crate) shed: ShedMarks,
    pub(crate) infos: WrittenInfos,
}

impl<'a> SentError<'a> {
    /// Returns a code with its default message and details. `grpc_code` is sent if the catalogue does not list the code.
    pub(crate) fn from_code(catalog: &'static Catalog, code: u32, grpc_code: GrpcCode) -> Self {
        let unlisted = Self::from_unlisted(code, grpc_code, Cow::Borrowed(catalog.domain()), "");
        match catalog.by_code(code) {
            Some(entry) => Self {
                grpc_code: entry.grpc_code,
                entry: Some(entry),
                catalog: Some(catalog),
                reason: entry.reason,
                message: Cow::Borrowed(entry.summary),
                details: Cow::Borrowed(entry.attached),
                ..unlisted
            },
            None => Self { catalog: Some(catalog), ..unlisted },
        }
    }

    /// Returns a code that no catalogue lists, with the phrase of its class as message.
    pub(crate) fn from_unlisted(
        code: u32,
        grpc_code: GrpcCode,
        domain: Cow<'a, str>,
        reason: &'a str,
    ) -> Self {
        Self {
            code,
            grpc_code,
            catalog: None,
            entry: None,
            domain,
            reason,
            message: Cow::Borrowed(class_phrase(class_of(code))),
            metadata: Vec::new(),
            details: Cow::Borrowed(&[]),
            request_id: None,
            request_info: None,
            encoded: None,
            shed: ShedMarks::NONE,
            infos: WrittenInfos::Both,
        }
    }

    /// Returns all parts of an error of this service.
    pub(crate) fn from_error(error: &'a ApiError) -> Self {
        let parts = error.parts();
        Self {
            catalog: error.catalog(),
            entry: error.entry(),
            message: Cow::Borrowed(error.message()),
            metadata: error.metadata().to_pairs(),
            details: Cow::Borrowed(parts.details),
            shed: parts.shed,
            infos: parts.infos.into(),
            ..Self::from_unlisted(
                error.number(),
                error.grpc_code(),
                Cow::Borrowed(error.domain()),
                error.reason(),
            )
        }
    }

    /// Returns all parts of a received error, except details that no reader can read and ErrorInfos that contradict the one with
    /// the code. An error without a code is sent with `CCC000` of its class.
    pub(crate) fn from_received(error: &'a ReceivedError) -> Self {
        let (entry, code) = (error.entry(), error.number_or_class());
        let grpc_code = match (entry, error.grpc_code()) {
            (Some(entry), _) => entry.grpc_code,
            (None, GrpcCode::Ok) => class_to_grpc(class_of(code)),
            (None, grpc_code) => grpc_code,
        };
        let mut sent = Self {
            catalog: error.own_catalog(),
            entry,
            shed: error.shed(),
            metadata: error.metadata().to_pairs(),
            details: Cow::Owned(details_of(error)),
            ..Self::from_unlisted(code, grpc_code, error.domain_or_own(), error.reason())
        };
        if let Some(entry) = entry {
            sent.message = Cow::Borrowed(entry.summary);
        }
        if !error.message().is_empty() {
            sent.message = Cow::Borrowed(error.message());
        }
        sent
    }

    /// Copies message, metadata and details of an error without a code.
    pub(crate) fn copy_texts_from(&mut self, error: &'a ReceivedError) {
        // The reader of HTTP sets a missing message to the phrase of the class. The message of the code is more specific.
        let phrase = class_phrase(error.http_status().as_u16());
        if !error.message().is_empty() && error.message() != phrase {
            self.message = Cow::Borrowed(error.message());
        }
        self.metadata = error.metadata().to_pairs();
        let details = details_of(error);
        if !details.is_empty() {
            self.details = Cow::Owned(details);
        }
    }

    /// Replaces the message by the one of the code.
    pub(crate) fn reset_message(&mut self) {
        let phrase = || class_phrase(class_of(self.code));
        self.message = Cow::Borrowed(self.entry.map_or_else(phrase, |entry| entry.summary));
    }

    pub(crate) fn class(&self) -> u16 {
        class_of(self.code)
    }

    pub(crate) fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        AllDetails::new(&self.details)
    }

    /// Keeps the details for which `is_kept` is true.
    pub(crate) fn retain_details(&mut self, is_kept: impl Fn(&Detail<'_>) -> bool) {
        if self.details().all(|detail| is_kept(&detail)) {
            return;
        }
        let mut kept = Vec::with_capacity(self.details.len());
        for detail in AllDetails::new(&self.details).filter(is_kept) {
            if let Some(any) = detail.complete_any() {
                wire::detail_writer::any(any, &mut kept);
            }
        }
        self.details = Cow::Owned(kept);
    }

    /// Returns the id of the request, if the error has one.
    pub(crate) fn request_id(&self) -> Option<&str> {
        let of_details = || self.details().find_map(|detail| detail.request_id());
        self.request_id.as_ref().map(RequestId::as_str).or_else(of_details)
    }

    /// Sets the id of the request. A google.rpc.RequestInfo among the details is kept if it has the same id, and removed if it
    /// has another one.
    pub(crate) fn set_request_id(&mut self, id: RequestId) {
        if self.encoded.is_none() {
            let has_id = |detail: &Detail<'_>| detail.request_id() == Some(id.as_str());
            let same = self.details().find(|detail| has_id(detail) && !detail.is_request_id_alone());
            // A strict reader has to be able to read it.
            let same = same.filter(|detail| matches!(detail.to_message::<rpc::RequestInfo>(), Some(Ok(_))));
            self.request_info = same.and_then(|detail| detail.complete_any().map(<[u8]>::to_vec));
            self.retain_details(|detail| !detail.is_a(REQUEST_INFO));
        }
        self.request_id = Some(id);
    }

    /// Adds the id of the request to the details, if the error has none.
    #[cfg(feature = "gateway")]
    pub(crate) fn add_request_id(&mut self, id: impl FnOnce() -> RequestId) {
        if self.request_id().is_none() {
            self.retain_details(|detail| !detail.is_a(REQUEST_INFO));
            request_info(id().as_bytes(), self.details.to_mut());
        }
    }

    /// Prepares the error for gRPC's fields, which contain these ErrorInfos: limits domain and reason, and takes a request id
    /// of at most 48 bytes out of the details, so that no budget removes it.
    pub(crate) fn for_fields(mut self, infos: ErrorInfos) -> Self {
        self.infos = infos.into();
        if infos == ErrorInfos::Google {
            // google.rpc.ErrorInfo cannot contain them.
            self.metadata.retain(|(key, _)| !is_reserved(key));
        }
        if self.domain.len() > MAX_DOMAIN {
            // Without its domain, the code would be read as one of the reader's catalogue.
            self.domain = Cow::Borrowed("");
            self.reason = "";
            self.code = class_code(self.class());
            (self.catalog, self.entry) = (None, None);
        }
        if self.reason.len() > MAX_REASON {
            self.reason = "";
        }
        if self.request_id.is_none()
            && let Some(id) = self.request_id().and_then(|id| RequestId::from_bytes(id.as_bytes()))
        {
            self.set_request_id(id);
        }
        self
    }

    /// Returns the input of the writer.
    fn parts(&self, infos: WrittenInfos) -> Parts<'_> {
        Parts {
            grpc_code: self.grpc_code.number(),
            message: &self.message,
            code: self.code,
            domain: &self.domain,
            reason: self.reason,
            metadata: WrittenMetadata::Pairs(&self.metadata),
            rest: &self.details,
            shed: self.shed,
            infos,
        }
    }

    /// Returns the length of the encoded status, in bytes.
    pub(super) fn status_len(&self) -> usize {
        let request_info = match (&self.request_info, &self.request_id) {
            (Some(info), _) => wire::detail_writer::any_field_len(info),
            (None, Some(id)) => request_info_len(id.as_bytes()),
            (None, None) => 0,
        };
        let status = match self.encoded {
            Some([start, end]) => start.len() + end.len(),
            None => status_len(&self.parts(self.infos)),
        };
        status + request_info
    }

    /// Encodes the `google.rpc.Status`, with these ErrorInfos.
    pub(crate) fn encode_status(&self, infos: WrittenInfos) -> Vec<u8> {
        let mut status = Vec::with_capacity(self.status_len());
        match self.encoded {
            Some(parts) => parts.iter().for_each(|part| status.extend_from_slice(part)),
            None => status_to_vec(&self.parts(infos), &mut status),
        }
        match (&self.request_info, &self.request_id) {
            (Some(info), _) => wire::detail_writer::any(info, &mut status),
            (None, Some(id)) => request_info(id.as_bytes(), &mut status),
            (None, None) => {}
        }
        status
    }

    /// Adds the request id, the message and the code to fields that already contain this gRPC code and the encoded status without
    /// padding. If the status must be encoded again, it does nothing and returns `false`.
    #[cfg(feature = "server")]
    pub(crate) fn add_to(&self, fields: &mut HeaderMap) -> bool {
        let (Some([status, []]), Some(id)) = (self.encoded, &self.request_id) else { return false };
        let Some(details) = fields.get_mut(STATUS_DETAILS_HEADER) else { return false };
        let appended = base64::append(details.as_bytes(), status, |more| request_info(id.as_bytes(), more));
        let Ok(value) = HeaderValue::from_maybe_shared(appended) else { return false };
        *details = value;
        self.write_texts(fields);
        true
    }

    /// Writes the error into gRPC's fields.
    pub(crate) fn write(&self, fields: &mut HeaderMap) {
        let status = self.encode_status(self.infos);
        fields.insert(GRPC_STATUS, HeaderValue::from(u16::from(self.grpc_code.number())));
        // Base64 is visible ASCII.
        if let Ok(details) = HeaderValue::from_maybe_shared(base64::encode_to_bytes(&status)) {
            fields.insert(STATUS_DETAILS_HEADER, details);
        }
        self.write_texts(fields);
    }

    /// Writes the message and the code.
    fn write_texts(&self, fields: &mut HeaderMap) {
        let message = match message::encode(&self.message) {
            Cow::Borrowed(text) => HeaderValue::from_str(text),
            Cow::Owned(text) => HeaderValue::from_maybe_shared(Bytes::from(text)),
        };
        // Percent-encoded text and digits are visible ASCII.
        if let Ok(message) = message {
            fields.insert(GRPC_MESSAGE, message);
        }
        if let Ok(code) = HeaderValue::from_bytes(&six_digits(self.code)) {
            fields.insert(ERROR_CODE_HEADER, code);
        }
    }
}

/// Encodes the readable details of a received error, without ErrorInfos.
fn details_of(error: &ReceivedError) -> Vec<u8> {
    let mut details = Vec::new();
    for detail in error.details() {
        if let Some(any) = detail.complete_any()
            && !matches!(detail.type_name(), "" | ERROR_INFO | GOOGLE_ERROR_INFO)
        {
            wire::detail_writer::any(any, &mut details);
        }
    }
    details
}
