//! [`ReceivedError`]: the result of reading a failure of a peer.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use prost::Name;

use crate::catalog::code::class_code;
#[cfg(any(feature = "gateway", feature = "tonic"))]
use crate::catalog::code::class_phrase;
use crate::catalog::{Catalog, CatalogCode, Entry, GrpcCode};
use crate::error::{ApiError, TypedError};
#[cfg(any(feature = "gateway", feature = "server"))]
use crate::guard;
#[cfg(any(feature = "gateway", feature = "tonic"))]
use crate::inbound::data::Message;
use crate::inbound::data::ReceivedData;
use crate::inbound::identity::{Repeats, identity};
use crate::inbound::note::{Note, Notes};
use crate::inbound::parts::ReceivedParts;
use crate::inbound::retry_hints::RetryHints;
use crate::wire;
use crate::wire::details::{AllDetails, Detail};
use crate::wire::info::{Info, InfoKind};
use crate::wire::metadata::Metadata;
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO};
use crate::wire::shed::ShedMarks;

/// An error that was received from a peer, as far as it could be read. Reading never fails: the [notes](Self::notes) name the
/// faults.
///
/// It is another type than [`ApiError`](struct@ApiError), so that a peer's error is not sent to our own callers by
/// accident. [`replace_with`](Self::replace_with) returns another error in its place;
/// [`assume_trusted`](Self::assume_trusted) sends it with all of its text. A `?` does neither:
///
/// ```compile_fail,E0277
/// fn handler(inner: Result<(), codelibra::ReceivedError>) -> Result<(), tonic::Status> {
///     Ok(inner?)
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn handler(inner: Result<(), codelibra::ReceivedError>) -> Result<(), codelibra::ApiError> {
///     Ok(inner?)
/// }
/// ```
///
/// The details are copied once. Details and metadata are decoded when a method reads them.
#[derive(Clone)]
pub struct ReceivedError(Box<ReceivedData>);

impl ReceivedError {
    /// Reads an encoded `google.rpc.Status`: the value of `grpc-status-details-bin`, after base64. Never fails.
    pub fn from_details(status: impl Into<Bytes>, catalog: &'static Catalog) -> Self {
        Self::read(ReceivedParts::from_details(status.into(), Notes::default()), catalog)
    }

    /// Reads a value of `grpc-status-details-bin`: base64 of the standard or the URL-safe alphabet, with or without padding.
    /// Of several values joined by commas, the first one that decodes to an error with a code is used. Never fails.
    pub fn from_details_header(value: &[u8], catalog: &'static Catalog) -> Self {
        let decoded = wire::base64::decode_joined(value, |status| identity(status, catalog).is_some());
        let mut notes = Notes::default();
        if !decoded.intact {
            notes.push(Note::InvalidBase64);
        }
        Self::read(ReceivedParts::from_details(decoded.bytes.into(), notes), catalog)
    }

    /// Reads a failure whose parts were read from gRPC's fields, without other fields.
    #[cfg(feature = "server")]
    pub(crate) fn from_status(
        grpc_code: GrpcCode,
        message: Cow<'_, str>,
        details: Bytes,
        catalog: &'static Catalog,
    ) -> Self {
        Self::read(ReceivedParts::from_status(grpc_code, message, details), catalog)
    }

    /// Reads a failure over gRPC. `fields` are the sanitised fields that contained its code, its message and its details.
    #[cfg(any(feature = "gateway", feature = "tonic"))]
    pub(crate) fn from_grpc(
        grpc_code: GrpcCode,
        message: Cow<'_, str>,
        details: Bytes,
        fields: &http::HeaderMap,
        catalog: &'static Catalog,
    ) -> Self {
        let has_no_text = message.is_empty() && details.is_empty();
        let parts = ReceivedParts::from_grpc(grpc_code, message, details, fields);
        let error = Self::read(parts, catalog).with_retry_hints(RetryHints::read(fields));
        // A peer that sends the ASCII field alone sends no message.
        if has_no_text && error.number().is_some() { error.with_own_message() } else { error }
    }

    /// Creates the error for a response that ended too early, or did not begin.
    #[cfg(feature = "gateway")]
    pub(crate) fn incomplete(message: &'static str, catalog: &'static Catalog) -> Self {
        Self::synthesized(GrpcCode::Unavailable, message, catalog)
    }

    /// Creates an error that no peer sent, such as a deadline that passed in this process. It has no code, and
    /// [`is_synthesized`](Self::is_synthesized) returns `true`.
    ///
    /// ```
    /// use codelibra::{CATALOG, GrpcCode, ReceivedError};
    ///
    /// let error = ReceivedError::synthesized(GrpcCode::DeadlineExceeded, "no response within 10 s", &CATALOG);
    /// assert!(error.is_synthesized());
    /// assert_eq!(error.http_status(), 504);
    /// ```
    pub fn synthesized(grpc_code: GrpcCode, message: &str, catalog: &'static Catalog) -> Self {
        Self::read(ReceivedParts::synthesized(grpc_code, message), catalog)
    }

    pub(crate) fn read(parts: ReceivedParts<'_>, catalog: &'static Catalog) -> Self {
        Self(ReceivedData::read(parts, catalog))
    }

    /// Adds the HTTP status that the body contains, and the one of the response.
    #[cfg(feature = "gateway")]
    pub(crate) fn with_http_status(mut self, body: Option<u16>, answer: Option<u16>) -> Self {
        self.0.add_http_status(body, answer);
        self
    }

    /// Replaces the message by the summary of the entry, or by the phrase of the class. For peers that sent no message.
    #[cfg(any(feature = "gateway", feature = "tonic"))]
    pub(crate) fn with_own_message(mut self) -> Self {
        let message = self.entry().map_or_else(|| class_phrase(self.0.class()), |entry| entry.summary);
        self.0.message = Message::Other(message.to_owned());
        self
    }

    /// Adds the fields about retries that were sent with the error.
    #[cfg(any(feature = "gateway", feature = "tonic"))]
    pub(crate) fn with_retry_hints(mut self, hints: RetryHints) -> Self {
        self.0.retry = hints;
        self
    }

    pub(crate) fn retry_hints(&self) -> &RetryHints {
        &self.0.retry
    }

    /// Returns the six digits; `None` if the peer sent no code.
    pub fn number(&self) -> Option<u32> {
        self.0.code
    }

    /// Returns the six digits, or `CCC000` of the class if the peer sent no code.
    pub fn number_or_class(&self) -> u32 {
        self.0.code.unwrap_or_else(|| class_code(self.0.class()))
    }

    /// Returns the code, if it is in the domain of `C`.
    pub fn code<C: CatalogCode>(&self) -> Option<C> {
        let domain = C::catalog().domain();
        let is_in_domain = match self.0.info() {
            Some(info) if !info.domain.is_empty() => info.is_of(domain),
            // A code without a domain is in the domain of the catalogue with which the error was read.
            _ => self.0.catalog.domain() == domain,
        };
        is_in_domain.then_some(self.0.code).flatten().and_then(C::from_u32)
    }

    /// Returns the entry, if the catalogue lists the code.
    pub fn entry(&self) -> Option<&'static Entry> {
        self.0.entry
    }

    /// Returns the domain, with U+FFFD in place of invalid UTF-8. Without one, returns the domain of the catalogue.
    pub(crate) fn domain_or_own(&self) -> Cow<'_, str> {
        match self.0.info() {
            Some(info) if !info.domain.is_empty() => String::from_utf8_lossy(info.domain),
            _ => Cow::Borrowed(self.0.catalog.domain()),
        }
    }

    /// Returns the catalogue, unless the error is of another domain.
    pub(crate) fn own_catalog(&self) -> Option<&'static Catalog> {
        self.0.is_own.then_some(self.0.catalog)
    }

    /// Returns the domain of the code; empty if the peer sent none, or not in UTF-8.
    pub fn domain(&self) -> &str {
        self.0.info().map_or("", |info| info.domain_str())
    }

    /// Returns the reason, such as `USER_BANNED`: the peer's, else the entry's, else an empty text.
    pub fn reason(&self) -> &str {
        match self.0.info().and_then(|info| std::str::from_utf8(info.reason).ok()) {
            Some(reason) if !reason.is_empty() => reason,
            _ => self.entry().map_or("", |e| e.reason),
        }
    }

    /// Returns the public message, as the peer sent it. Invalid UTF-8 and invalid escapes are replaced.
    pub fn message(&self) -> &str {
        self.0.message()
    }

    /// Returns the metadata, without the code and the names of removed parts that google.rpc.ErrorInfo contains in it.
    pub fn metadata(&self) -> Metadata<'_> {
        self.0.info().unwrap_or(Info::from_message(InfoKind::Ours, &[])).metadata()
    }

    /// Iterates over the details, corrupt ones included, without the ErrorInfos that identify the error.
    pub fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        self.own_details()
    }

    fn own_details(&self) -> impl Iterator<Item = Detail<'_>> + Clone {
        let mut repeats = self.0.info().map(|info| Repeats::new(info, self.0.code));
        AllDetails::new(&self.0.status).filter(move |detail| match (&mut repeats, Info::read(detail)) {
            (Some(repeats), Some(info)) => !repeats.is_repeated(&info),
            _ => true,
        })
    }

    /// Decodes the first detail of type `M`. Returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the bytes of the detail cannot be decoded.
    pub fn detail<M: prost::Message + Name + Default>(&self) -> Option<Result<M, prost::DecodeError>> {
        match M::full_name().as_str() {
            ERROR_INFO | GOOGLE_ERROR_INFO => self.details().find_map(|detail| detail.to_message()),
            // Other types need no comparison with the ErrorInfos that identify the error.
            name => {
                let detail = AllDetails::new(&self.0.status).find_type(name)?;
                Some(M::decode(detail.value()))
            }
        }
    }

    /// Reads the parameters, if the error has the code of `T`. A parameter that is absent, or whose text is not a value of its
    /// type, is `None`.
    pub fn decode<T: TypedError>(&self) -> Option<T> {
        let metadata = self.metadata();
        (self.code::<T::Code>()? == T::CODE).then(|| T::from_metadata(|key| metadata.get(key)))
    }

    /// Returns the gRPC code that was received.
    pub fn grpc_code(&self) -> GrpcCode {
        self.0.grpc_code
    }

    /// Returns the HTTP status: the class of the code, else the status that was received over HTTP if it is 400–599, else the
    /// status of the gRPC code.
    pub fn http_status(&self) -> http::StatusCode {
        http::StatusCode::from_u16(self.0.class()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the id of the request, if the peer sent a `google.rpc.RequestInfo`.
    pub fn request_id(&self) -> Option<&str> {
        self.details().find_map(|detail| detail.request_id())
    }

    /// Returns the faults that were found in the error, and other findings. The first call searches for them.
    pub fn notes(&self) -> &[Note] {
        self.0.notes().as_slice()
    }

    /// Returns whether the error was created on this side, and not sent by the API: from the response of a proxy,
    /// from a connection that failed, or from a response that ended too early.
    ///
    /// # Troubleshooting
    ///
    /// The API may not have received the request, or may have handled it. Check the systems between client and API: proxies,
    /// load balancers, time limits and limits on the size of headers.
    pub fn is_synthesized(&self) -> bool {
        self.notes().contains(&Note::Synthesized)
    }

    /// Returns the number if the catalogue lists it, else `CCC000` of its class. A peer cannot cause more values than there are
    /// entries and classes, so the number is suitable as a label of metrics.
    pub fn listed_number(&self) -> u32 {
        self.entry().map_or_else(|| class_code(self.0.class()), |entry| entry.code)
    }

    /// Returns an error of this service that replaces the peer's error. The peer's error becomes the private cause, for the log.
    /// No part of it is sent.
    ///
    /// ```
    /// use codelibra::{CATALOG, ErrorCode, ReceivedError};
    ///
    /// # let details = codelibra::ApiError::new(ErrorCode::USER_BANNED).to_details();
    /// let received = ReceivedError::from_details(details, &CATALOG);
    /// let error = received.replace_with(ErrorCode::UNEXPECTED_ERROR);
    /// assert_eq!(error.code(), Some(ErrorCode::UNEXPECTED_ERROR));
    /// assert!(error.cause().is_some());
    /// ```
    pub fn replace_with<C: CatalogCode>(self, code: C) -> ApiError {
        ApiError::new(code).with_cause(self)
    }

    /// Returns an error of this service with everything that the peer sent: code, domain, reason, message, metadata and
    /// details. Corrupt details are not copied.
    ///
    /// **The caller of this method vouches for the peer's text.** The result is this service's own error: the boundary
    /// treats its message and its details as if this service had written them, so they reach the next caller. Use it for an
    /// error of a service that you trust as your own code, and only for codes whose text was written for your callers.
    /// In all other cases the error has to pass the boundary: return `axum::GatewayError`, or use
    /// `Responder::respond_forwarded` or `Responder::respond_received`; over gRPC, return the status as it is.
    ///
    /// An error without a code gets `CCC000` of its class. An error without a domain gets the domain of the catalogue.
    ///
    /// ```
    /// use codelibra::{CATALOG, ErrorCode, ReceivedError};
    ///
    /// # let details = codelibra::ApiError::new(ErrorCode::USER_BANNED).to_details();
    /// let received = ReceivedError::from_details(details, &CATALOG);
    /// let error = match received.code() {
    ///     // The accounts service writes these messages for our callers.
    ///     Some(ErrorCode::USER_BANNED) => received.assume_trusted(),
    ///     _ => received.replace_with(ErrorCode::UNEXPECTED_ERROR),
    /// };
    /// assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    /// ```
    pub fn assume_trusted(&self) -> ApiError {
        let entry = self.entry();
        let own = |text: &str, known: Option<&'static str>| match known {
            Some(known) if known == text => Cow::Borrowed(known),
            _ => Cow::Owned(text.to_owned()),
        };
        let domain = own(&self.domain_or_own(), Some(self.0.catalog.domain()));
        let reason = own(self.reason(), entry.map(|e| e.reason));
        let mut error = ApiError::from_identity(self.number_or_class(), self.own_catalog(), domain, reason);
        if entry.is_none_or(|e| e.summary != self.message()) {
            error = error.with_message(self.message().to_owned());
        }
        for (key, value) in self.metadata() {
            error = error.with_metadata(key, value);
        }
        error.put_details(self.own_details());
        error.with_shed(self.shed())
    }

    /// Returns the HTTP status, if the failure was received over HTTP.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn http_class(&self) -> Option<u16> {
        self.0.http_status.filter(|status| matches!(status, 400..=599))
    }

    /// Returns the parts that the peer removed.
    pub(crate) fn shed(&self) -> ShedMarks {
        self.0.info().map_or(ShedMarks::NONE, |info| info.shed)
    }

    /// Finds the received error with which a bridge ended a body, in the chain of sources of an error. Returns `None` if a status
    /// or an [`ApiError`](struct@ApiError) comes first in the chain, because that describes the failure itself.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn find_in_chain<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        for error in guard::chain(error) {
            if let Some(received) = error.downcast_ref() {
                return Some(received);
            }
            // tonic creates a status without details and with UNKNOWN from an error that it does not know.
            #[cfg(feature = "tonic")]
            let is_wrapper = error
                .downcast_ref::<tonic::Status>()
                .is_none_or(|status| status.code() == tonic::Code::Unknown && status.details().is_empty());
            #[cfg(not(feature = "tonic"))]
            let is_wrapper = true;
            if !is_wrapper || error.is::<ApiError>() {
                return None;
            }
        }
        None
    }

    /// Returns the encoded `google.rpc.Status` as it was received, or the one that was created from a body over HTTP. Empty
    /// without details.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn as_details(&self) -> &[u8] {
        &self.0.status
    }
}

/// Writes `403003 USER_BANNED: the message`, or `NOT_FOUND: the message` if the peer sent no code.
impl fmt::Display for ReceivedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.code {
            Some(code) => write!(f, "{code}")?,
            None => write!(f, "{}", self.0.grpc_code)?,
        }
        if !self.reason().is_empty() {
            write!(f, " {}", self.reason())?;
        }
        write!(f, ": {}", self.message())
    }
}

impl fmt::Debug for ReceivedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<&str> = self.details().map(|d| d.type_name()).collect();
        f.debug_struct("ReceivedError")
            .field("code", &self.0.code)
            .field("domain", &self.domain())
            .field("reason", &self.reason())
            .field("grpc_code", &self.0.grpc_code)
            .field("message", &self.message())
            .field("metadata", &self.metadata().to_map())
            .field("details", &types)
            .field("notes", &self.notes())
            .finish()
    }
}

impl std::error::Error for ReceivedError {}
