//! An error that a peer answered with: `grpc` reads it from fields, [`head`](super::head) reconciles it with the gRPC header,
//! [`place`](super::place) remembers where its parts are, and [`findings`](super::findings) notes what was wrong with it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;
use prost::Name;

#[cfg(any(feature = "gateway", feature = "server"))]
use crate::guard::sources;
use crate::inbound::findings::{note_code, note_details};
use crate::inbound::head::{EmbeddedStatus, reconcile_code_field};
use crate::inbound::place::{InfoAt, range_in};

use crate::catalog::code::{class_code, class_of};
use crate::catalog::{Catalog, CatalogCode, Entry, GrpcCode, tables};
use crate::error::ApiError;
use crate::error::TypedError;
use crate::inbound::identity::Repeats;
use crate::inbound::identity::first_info;
use crate::inbound::identity::identity;
use crate::inbound::note::{Note, Notes};
use crate::inbound::retry::RetryHints;
use crate::wire;
use crate::wire::details::{AllDetails, Detail};
use crate::wire::info::Info;
use crate::wire::info::InfoKind;
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
/// The details are copied once. They and the metadata are decoded when they are asked for.
#[derive(Clone)]
pub struct ReceivedError(Box<ReceivedData>);

#[derive(Clone)]
struct ReceivedData {
    catalog: &'static Catalog,
    /// Whether the code is of the catalogue's domain, or has no domain.
    is_own: bool,
    entry: Option<&'static Entry>,
    grpc_code: GrpcCode,
    message: Message,
    /// The encoded `google.rpc.Status`.
    status: Bytes,
    code: Option<u32>,
    /// The message that gave the code, else the first ErrorInfo, with its place in `status`.
    info: Option<InfoAt>,
    http_status: Option<u16>,
    request_id: Option<String>,
    retry: RetryHints,
    notes: EarlyNotes,
    /// All of them, once they were asked for.
    all_notes: OnceLock<Notes>,
}

/// The message of an error.
#[derive(Clone)]
enum Message {
    /// Its place in the status: the header and the status contain the same.
    Embedded(Range<usize>),
    Other(String),
}

/// What was noted while an error was read. What is wrong with its details is looked for when it is asked for.
#[derive(Clone, Default)]
struct EarlyNotes {
    /// About the header, and the head of the details.
    head: Notes,
    /// About the ASCII field.
    code_field: Notes,
    /// About HTTP.
    http: Notes,
}

/// What a peer sent, before it is read.
pub(crate) struct ReceivedParts<'a> {
    /// `None` where nothing but the details was received.
    pub(crate) grpc_code: Option<GrpcCode>,
    pub(crate) message: Option<Cow<'a, str>>,
    pub(crate) details: Bytes,
    /// The ASCII field.
    pub(crate) code_field: Option<&'a [u8]>,
    pub(crate) notes: Notes,
}

impl ReceivedError {
    /// Reads an encoded `google.rpc.Status`: the value of `grpc-status-details-bin`, after base64.
    pub fn from_details(status: impl Into<Bytes>, catalog: &'static Catalog) -> Self {
        Self::read(
            ReceivedParts {
                grpc_code: None,
                message: None,
                details: status.into(),
                code_field: None,
                notes: Notes::default(),
            },
            catalog,
        )
    }

    /// Reads a value of `grpc-status-details-bin`: base64 padded or not, of the standard or the URL-safe
    /// alphabet; of values joined by commas the first that decodes.
    pub fn from_details_header(value: &[u8], catalog: &'static Catalog) -> Self {
        let decoded = wire::base64::decode_joined(value, |status| identity(status, catalog).is_some());
        let mut notes = Notes::default();
        if !decoded.intact {
            notes.push(Note::InvalidBase64);
        }
        let details = decoded.bytes.into();
        Self::read(
            ReceivedParts { grpc_code: None, message: None, details, code_field: None, notes },
            catalog,
        )
    }

    /// A failure whose parts were read from gRPC's fields, without other fields.
    #[cfg(feature = "server")]
    pub(crate) fn from_status(
        grpc_code: GrpcCode,
        message: Cow<'_, str>,
        details: Bytes,
        catalog: &'static Catalog,
    ) -> Self {
        let (grpc_code, message) = (Some(grpc_code), Some(message));
        Self::read(
            ReceivedParts { grpc_code, message, details, code_field: None, notes: Notes::default() },
            catalog,
        )
    }

    pub(crate) fn read(sent: ReceivedParts<'_>, catalog: &'static Catalog) -> Self {
        let ReceivedParts { grpc_code, message, details: status, code_field, mut notes } = sent;
        let head = EmbeddedStatus::read(&status, &mut notes);
        let grpc_code = head.reconcile_code(grpc_code, &mut notes);
        let message = match head.reconcile_message(message, &mut notes) {
            Some(message) => Message::Other(message.into_owned()),
            None => Message::Embedded(range_in(&status, head.message())),
        };
        if grpc_code == GrpcCode::Ok && !status.is_empty() {
            notes.push(Note::OkWithDetails);
        }

        let found = identity(&status, catalog);
        let mut notes = EarlyNotes { head: notes, ..EarlyNotes::default() };
        let code = reconcile_code_field(found.map(|f| f.code), code_field, &mut notes.code_field);
        // Without a code, an ErrorInfo still says reason, domain and metadata, of whosever domain.
        let info = found.map(|f| f.info).or_else(|| code.is_none().then(|| first_info(&status)).flatten());
        let is_own = info.is_none_or(|info| info.is_of(catalog.domain()));
        let entry = code.filter(|_| is_own).and_then(|code| catalog.by_code(code));
        let info = info.map(|info| InfoAt::new(&info, &status));

        Self(Box::new(ReceivedData {
            catalog,
            is_own,
            entry,
            grpc_code,
            message,
            status,
            code,
            info,
            http_status: None,
            request_id: None,
            retry: RetryHints::default(),
            notes,
            all_notes: OnceLock::new(),
        }))
    }

    /// Adds what HTTP said: the status that the body names, and the one of the answer.
    #[cfg(feature = "gateway")]
    pub(crate) fn with_http_status(mut self, body: Option<u16>, answer: Option<u16>) -> Self {
        let class = self.0.code.map(class_of).or(body);
        for received in body.into_iter().chain(answer.filter(|answer| Some(*answer) != body)) {
            if let Some(class) = class
                && class != received
            {
                self.0.notes.http.push(Note::HttpStatusContradiction { class, received });
            }
        }
        self.0.http_status = body.or(answer);
        self
    }

    /// Says what the code stands for, where the peer said nothing: the entry's summary, else the phrase of the class.
    #[cfg(any(feature = "gateway", feature = "tonic"))]
    pub(crate) fn with_own_message(mut self) -> Self {
        let message = self
            .entry()
            .map_or_else(|| crate::catalog::code::class_phrase(self.class()), |entry| entry.summary);
        self.0.message = Message::Other(message.to_owned());
        self
    }

    /// Adds what stood around the error about sending the request again.
    #[cfg(any(feature = "gateway", feature = "tonic"))]
    pub(crate) fn with_retry_hints(mut self, hints: RetryHints) -> Self {
        self.0.retry = hints;
        self
    }

    pub(crate) fn retry_hints(&self) -> &RetryHints {
        &self.0.retry
    }

    fn find_notes(&self) -> Notes {
        let ReceivedData { catalog, status, code, entry, grpc_code, is_own, notes: early, .. } = &*self.0;
        let mut notes = early.head.clone();
        note_details(status, identity(status, catalog), catalog.domain(), &mut notes);
        notes.extend(&early.code_field);
        if let Some(code) = *code {
            note_code(code, *entry, *grpc_code, *is_own, self.info().as_ref(), &mut notes);
        }
        notes.extend(&early.http);
        notes
    }

    /// Returns the six digits; `None` if the peer sent no code.
    pub fn number(&self) -> Option<u32> {
        self.0.code
    }

    /// Returns the six digits, or `CCC000` of the class if the peer sent no code.
    pub fn number_or_class(&self) -> u32 {
        self.0.code.unwrap_or_else(|| class_code(self.class()))
    }

    /// Returns the code, if it is of `C`'s domain.
    pub fn code<C: CatalogCode>(&self) -> Option<C> {
        let domain = C::catalog().domain();
        let ours = match self.info() {
            Some(info) if !info.domain.is_empty() => info.is_of(domain),
            // A code of no domain is of the catalogue that the error was read with.
            _ => self.0.catalog.domain() == domain,
        };
        ours.then_some(self.0.code).flatten().and_then(C::from_u32)
    }

    /// Returns the entry, if the catalogue lists the code.
    pub fn entry(&self) -> Option<&'static Entry> {
        self.0.entry
    }

    /// The domain, with replacement characters where it is not UTF-8. Without one, the domain of the catalogue.
    pub(crate) fn domain_or_own(&self) -> Cow<'_, str> {
        match self.info() {
            Some(info) if !info.domain.is_empty() => String::from_utf8_lossy(info.domain),
            _ => Cow::Borrowed(self.0.catalog.domain()),
        }
    }

    /// The catalogue, unless the error is of another domain.
    pub(crate) fn own_catalog(&self) -> Option<&'static Catalog> {
        self.0.is_own.then_some(self.0.catalog)
    }

    fn info(&self) -> Option<Info<'_>> {
        self.0.info.as_ref()?.read(&self.0.status)
    }

    /// Returns the domain of the code; empty if the peer sent none, or not in UTF-8.
    pub fn domain(&self) -> &str {
        self.info().map_or("", |info| info.domain_str())
    }

    /// Returns the reason, such as `USER_BANNED`: the peer's, else the entry's, else an empty text.
    pub fn reason(&self) -> &str {
        match self.info().and_then(|info| std::str::from_utf8(info.reason).ok()) {
            Some(reason) if !reason.is_empty() => reason,
            _ => self.entry().map_or("", |e| e.reason),
        }
    }

    /// Returns the public message, as the peer sent it.
    pub fn message(&self) -> &str {
        match &self.0.message {
            Message::Embedded(place) => self
                .0
                .status
                .get(place.clone())
                .and_then(|text| str::from_utf8(text).ok())
                .unwrap_or_default(),
            Message::Other(message) => message,
        }
    }

    /// Returns the metadata, without the code and the marks that google.rpc.ErrorInfo contains in it.
    pub fn metadata(&self) -> Metadata<'_> {
        Metadata::from_info(&self.info().unwrap_or(Info::from_message(InfoKind::Ours, &[])))
    }

    /// Iterates over the details, corrupt ones included, without the ErrorInfos that identify the error.
    pub fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        self.own_details()
    }

    fn own_details(&self) -> impl Iterator<Item = Detail<'_>> + Clone {
        let mut repeats = self.info().map(|info| Repeats::new(info, self.0.code));
        AllDetails::new(&self.0.status).filter(move |detail| match (&mut repeats, Info::read(detail)) {
            (Some(repeats), Some(info)) => !repeats.is_repeated(&info),
            _ => true,
        })
    }

    /// Decodes the first detail of type `M`.
    ///
    /// # Errors
    ///
    /// The bytes of the detail cannot be decoded.
    pub fn detail<M: prost::Message + Name + Default>(&self) -> Option<Result<M, prost::DecodeError>> {
        match M::full_name().as_str() {
            ERROR_INFO | GOOGLE_ERROR_INFO => self.details().find_map(|detail| detail.to_message()),
            // No ErrorInfo: it need not be told from those that say who the error is.
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

    fn class(&self) -> u16 {
        match (self.0.code, self.0.http_status) {
            (Some(code), _) => class_of(code),
            (None, Some(status @ 400..=599)) => status,
            (None, _) => tables::grpc_to_class(self.0.grpc_code),
        }
    }

    /// The HTTP status: the class of the code, else the one received over HTTP, else the one of the gRPC code.
    pub fn http_status(&self) -> http::StatusCode {
        http::StatusCode::from_u16(self.class()).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the id of the request, if the peer sent one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref().or_else(|| self.details().find_map(|detail| detail.request_id()))
    }

    /// Returns the faults that were found, and other findings.
    pub fn notes(&self) -> &[Note] {
        self.0.all_notes.get_or_init(|| self.find_notes()).as_slice()
    }

    /// Whether the error is not the API's own: it was made on this side, from the answer of a proxy, from a
    /// connection that failed, or from an answer that ended too early.
    ///
    /// # Troubleshooting
    ///
    /// The API may not have seen the request, or may have served it all the same. Look at what stands between:
    /// proxies, load balancers, limits on time and on the size of headers.
    pub fn is_synthesized(&self) -> bool {
        self.notes().contains(&Note::Synthesized)
    }

    /// The number where the catalogue lists it, else `CCC000` of its class. There are as many of these as entries
    /// and classes, whatever a peer sends: a label for metrics.
    pub fn listed_number(&self) -> u32 {
        self.entry().map_or_else(|| class_code(self.class()), |entry| entry.code)
    }

    /// Answers with an error of this service instead. The peer's is its private cause, for the log: nothing of it
    /// is sent.
    ///
    /// ```
    /// use codelibra::{CATALOG, ErrorCode, ReceivedError};
    ///
    /// # let details = codelibra::ApiError::new(ErrorCode::USER_BANNED).to_details();
    /// let received = ReceivedError::from_details(details, &CATALOG);
    /// let answer = received.replace_with(ErrorCode::UNEXPECTED_ERROR);
    /// assert_eq!(answer.code(), Some(ErrorCode::UNEXPECTED_ERROR));
    /// assert!(answer.cause().is_some());
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
    /// In all other cases the error has to pass the boundary: return `axum::Forwarded`, or use
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

    /// The HTTP status of the failure, if it was received over HTTP.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn http_class(&self) -> Option<u16> {
        self.0.http_status.filter(|status| matches!(status, 400..=599))
    }

    /// The parts that the peer left out.
    pub(crate) fn shed(&self) -> ShedMarks {
        self.info().map_or(ShedMarks::NONE, |info| info.shed)
    }

    /// The error that a bridge ended a body with, whatever wrapped it since. A status or an error of ours that comes first
    /// says itself what it is.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn in_chain_of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        for error in sources::chain(error) {
            if let Some(received) = error.downcast_ref() {
                return Some(received);
            }
            // tonic makes such a status of an error that it does not know.
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

    /// The encoded `google.rpc.Status` as it was received, or the one that a body over HTTP was read into. Empty without details.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn as_details(&self) -> &[u8] {
        &self.0.status
    }
}

/// `403003 USER_BANNED: the message`, or `NOT_FOUND: the message` where the peer sent no code.
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
