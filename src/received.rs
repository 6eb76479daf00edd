use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use prost::{Message, Name};

use crate::code::{self, class_code, class_of};
use crate::note::{Note, Notes, excerpt};
use crate::retry::RetryHints;
use crate::wire;
use crate::wire::details::{AllDetails, Detail, STATUS_CODE, STATUS_MESSAGE};
use crate::wire::fields::{Fields, Value};
use crate::wire::read::{Identity, Info, Speaker, identity};
use crate::{ApiError, Catalog, CatalogCode, Entry, GrpcCode, Metadata, TypedError, tables};

/// An error that a peer answered with, as far as it could be read. Reading never fails: the
/// [notes](Self::notes) say what was wrong.
///
/// It is another type than [`ApiError`], so that a peer's error does not leave through our own API by
/// accident: [`forward`](Self::forward) sends it on, [`replace_with`](Self::replace_with) answers with another one.
/// A `?` does neither:
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
/// Details and metadata are read where they lie when they are asked for; reading copies the details once.
#[derive(Clone)]
pub struct ReceivedError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    catalog: &'static Catalog,
    grpc_code: GrpcCode,
    message: String,
    /// The encoded `google.rpc.Status`.
    status: Bytes,
    code: Option<u32>,
    /// The message that gave the code, with its place in `status`.
    info: Option<(Speaker, Range<usize>)>,
    http_status: Option<u16>,
    request_id: Option<String>,
    retry: RetryHints,
    notes: Notes,
}

/// What a peer sent, before it is read.
pub(crate) struct Sent<'a> {
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
            Sent {
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
        Self::read(Sent { grpc_code: None, message: None, details, code_field: None, notes }, catalog)
    }

    pub(crate) fn read(sent: Sent<'_>, catalog: &'static Catalog) -> Self {
        let Sent { grpc_code, message, details: status, code_field, mut notes } = sent;
        let head = Head::read(&status, &mut notes);
        let grpc_code = head.reconcile_code(grpc_code, &mut notes);
        let message = head.reconcile_message(message, &mut notes).into_owned();
        if grpc_code == GrpcCode::Ok && !status.is_empty() {
            notes.push(Note::OkWithDetails);
        }

        let found = identity(&status, catalog);
        note_details(&status, found.as_ref(), &mut notes);
        let code = reconcile_code_field(found.map(|f| f.code), code_field, &mut notes);
        let info = found.map(|f| (f.info.speaker, range_in(&status, f.info.message)));

        let mut error = Self(Box::new(Inner {
            catalog,
            grpc_code,
            message,
            status,
            code,
            info,
            http_status: None,
            request_id: None,
            retry: RetryHints::default(),
            notes: Notes::default(),
        }));
        error.note_code(&mut notes);
        error.0.notes = notes;
        error
    }

    /// Adds what HTTP said: the status that the body names, and the one of the answer.
    #[cfg(feature = "gateway")]
    pub(crate) fn with_http_status(mut self, body: Option<u16>, answer: Option<u16>) -> Self {
        let class = self.0.code.map(class_of).or(body);
        for received in body.into_iter().chain(answer.filter(|answer| Some(*answer) != body)) {
            if let Some(class) = class
                && class != received
            {
                self.0.notes.push(Note::HttpStatusContradiction { class, received });
            }
        }
        self.0.http_status = body.or(answer);
        self
    }

    /// Adds what stood around the error about sending the request again.
    #[cfg_attr(not(feature = "tonic"), expect(dead_code, reason = "the fields of the transports"))]
    pub(crate) fn with_retry_hints(mut self, hints: RetryHints) -> Self {
        self.0.retry = hints;
        self
    }

    pub(crate) fn retry_hints(&self) -> &RetryHints {
        &self.0.retry
    }

    fn note_code(&self, notes: &mut Notes) {
        let Some(code) = self.0.code else { return };
        if !self.domain().is_empty() && self.domain() != self.0.catalog.domain() {
            notes.push(Note::ForeignDomain(excerpt(self.domain())));
        } else if self.entry().is_none() && code % 1000 != 0 {
            notes.push(Note::UnknownCode(code));
        }
        let (expected, received) = (code::grpc_code(code, self.entry()), self.0.grpc_code);
        // A foreign catalogue may map a code as it likes.
        if expected != received && received != GrpcCode::Ok && self.entry().is_some() {
            notes.push(Note::ClassContradiction { code, expected, received });
        }
        let metadata = self.metadata();
        if metadata.is_damaged() {
            notes.push(Note::InvalidMetadata);
        }
        for param in self.entry().map_or(&[][..], |e| e.params) {
            if metadata.get(param.name).is_some_and(|text| !param.kind.accepts(text)) {
                notes.push(Note::InvalidParam(param.name));
            }
        }
    }

    /// The six digits; `None` where the peer sent no code.
    pub fn number(&self) -> Option<u32> {
        self.0.code
    }

    /// The six digits, or `CCC000` of the class where the peer sent no code.
    pub fn number_or_class(&self) -> u32 {
        self.0.code.unwrap_or_else(|| class_code(self.class()))
    }

    /// The code, if it is of `C`'s domain.
    pub fn code<C: CatalogCode>(&self) -> Option<C> {
        let domain = C::catalog().domain();
        let ours = if self.domain().is_empty() {
            self.0.catalog.domain() == domain
        } else {
            self.domain() == domain
        };
        ours.then_some(self.0.code).flatten().and_then(C::from_u32)
    }

    /// The entry, where the catalogue lists the code.
    pub fn entry(&self) -> Option<&'static Entry> {
        self.own_catalog()?.by_code(self.0.code?)
    }

    /// The catalogue, unless the error is of another domain.
    fn own_catalog(&self) -> Option<&'static Catalog> {
        let ours = self.domain().is_empty() || self.domain() == self.0.catalog.domain();
        ours.then_some(self.0.catalog)
    }

    fn info(&self) -> Option<Info<'_>> {
        let (speaker, range) = self.0.info.clone()?;
        let message = self.0.status.get(range)?;
        Some(Info::of(speaker, message))
    }

    /// Whose code it is; empty where the peer did not say.
    pub fn domain(&self) -> &str {
        self.info().and_then(|info| std::str::from_utf8(info.domain).ok()).unwrap_or("")
    }

    /// The reason, such as `USER_BANNED`: the peer's, else the entry's, else empty.
    pub fn reason(&self) -> &str {
        match self.info().and_then(|info| std::str::from_utf8(info.reason).ok()) {
            Some(reason) if !reason.is_empty() => reason,
            _ => self.entry().map_or("", |e| e.reason),
        }
    }

    /// The public message, as the peer sent it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The metadata, without the number that google.rpc.ErrorInfo carries in it.
    pub fn metadata(&self) -> Metadata<'_> {
        Metadata::of(&self.info().unwrap_or(Info::of(Speaker::Ours, &[])))
    }

    /// The details, without the ErrorInfos that say who the error is. Corrupt ones are among them.
    pub fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        let identity = self.info();
        AllDetails::of(&self.0.status).filter(move |detail| match (identity, Info::read(detail)) {
            (Some(identity), Some(info)) => !info.repeats(&identity, self.0.code),
            _ => true,
        })
    }

    /// The first detail of type `M`.
    ///
    /// # Errors
    ///
    /// There is one, but its bytes are no `M`.
    pub fn detail<M: Message + Name + Default>(&self) -> Option<Result<M, prost::DecodeError>> {
        self.details().find_map(|detail| detail.to_message())
    }

    /// The parameters, if the error has the code of `T`. A parameter that is absent, or whose text does not
    /// fit its type, is `None`.
    pub fn decode<T: TypedError>(&self) -> Option<T> {
        let metadata = self.metadata();
        (self.code::<T::Code>()? == T::CODE).then(|| T::from_metadata(|key| metadata.get(key)))
    }

    /// The gRPC code that was received.
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

    /// The id of the request, where the peer sent one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref().or_else(|| self.details().find_map(|detail| detail.request_id()))
    }

    /// What was wrong, and what is worth knowing.
    pub fn notes(&self) -> &[Note] {
        self.0.notes.as_slice()
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

    /// Turns the peer's error into one that this service answers with, as it came: code, domain, reason,
    /// message, metadata, details. Details that are corrupt stay behind.
    ///
    /// An error without a code becomes `CCC000` of its class.
    pub fn forward(&self) -> ApiError {
        let entry = self.entry();
        let own = |text: &str, known: Option<&'static str>| match known {
            Some(known) if known == text => Cow::Borrowed(known),
            _ => Cow::Owned(text.to_owned()),
        };
        let domain = match self.domain() {
            "" if self.0.code.is_some() => Cow::Borrowed(self.0.catalog.domain()),
            domain => own(domain, Some(self.0.catalog.domain())),
        };
        let reason = own(self.reason(), entry.map(|e| e.reason));
        let mut error = ApiError::from_identity(self.number_or_class(), self.own_catalog(), domain, reason);
        if entry.is_none_or(|e| e.summary != self.message()) {
            error = error.with_message(self.message().to_owned());
        }
        for (key, value) in self.metadata().to_map() {
            error = error.with_metadata(key.to_owned(), value);
        }
        for detail in self.details() {
            error.put_detail(&detail);
        }
        error
    }
}

/// The two fields of a `google.rpc.Status` that the gRPC header repeats.
struct Head<'a> {
    code: Option<i64>,
    message: Cow<'a, str>,
}

impl<'a> Head<'a> {
    fn read(status: &'a [u8], notes: &mut Notes) -> Self {
        let mut head = Self { code: None, message: Cow::Borrowed("") };
        let mut fields = Fields::new(status);
        let mut message: &[u8] = &[];
        for field in fields.by_ref() {
            match field {
                // An int32: a longer varint is cut to it, as every protobuf reader does.
                (STATUS_CODE, Value::Varint(code)) => head.code = Some(i64::from(low_i32(code))),
                (STATUS_MESSAGE, Value::Bytes(bytes) | Value::Cut(bytes)) => message = bytes,
                _ => {}
            }
        }
        if fields.is_corrupt() {
            notes.push(Note::CorruptStatus);
        }
        head.message = String::from_utf8_lossy(message);
        if let Cow::Owned(_) = head.message {
            notes.push(Note::InvalidMessage);
        }
        head
    }

    fn reconcile_code(&self, header: Option<GrpcCode>, notes: &mut Notes) -> GrpcCode {
        match (header, self.code) {
            (Some(header), Some(embedded)) if i64::from(header.number()) != embedded => {
                notes.push(Note::GrpcCodeContradiction { header, embedded });
                header
            }
            (Some(header), _) => header,
            (None, embedded) => {
                let number = embedded.unwrap_or(i64::from(GrpcCode::Unknown.number()));
                GrpcCode::from_number(number).unwrap_or_else(|| {
                    notes.push(Note::InvalidGrpcCode(number));
                    GrpcCode::Unknown
                })
            }
        }
    }

    /// The header's message counts; an empty one is not sent, and then the embedded one is all there is.
    fn reconcile_message(self, header: Option<Cow<'a, str>>, notes: &mut Notes) -> Cow<'a, str> {
        match header {
            Some(header) if self.code.is_some() && header != self.message => {
                notes.push(Note::MessageContradiction);
                if header.is_empty() { self.message } else { header }
            }
            Some(header) => header,
            None => self.message,
        }
    }
}

#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "what protobuf prescribes")]
fn low_i32(varint: u64) -> i32 {
    varint as i32
}

fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}

fn reconcile_code_field(found: Option<u32>, field: Option<&[u8]>, notes: &mut Notes) -> Option<u32> {
    let Some(field) = field else { return found };
    match (found, wire::parse_code(field)) {
        (_, None) => {
            notes.push(Note::InvalidCodeField);
            found
        }
        (Some(taken), Some(other)) if taken != other => {
            notes.push(Note::CodeContradiction { taken, other });
            found
        }
        (_, parsed) => found.or(parsed),
    }
}

fn note_details(status: &[u8], found: Option<&Identity<'_>>, notes: &mut Notes) {
    for (index, detail) in AllDetails::of(status).enumerate() {
        if !detail.is_intact() {
            notes.push(Note::CorruptDetail { index, type_name: excerpt(detail.type_name()) });
        }
        let Some(info) = Info::read(&detail) else { continue };
        match (found, info.number) {
            (_, Some(number)) if info.code().is_none() => notes.push(Note::InvalidCode(number)),
            (Some(found), Some(_)) if !info.repeats(&found.info, Some(found.code)) => {
                notes.push(Note::ContradictingErrorInfo { index });
            }
            _ => {}
        }
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
            .field("message", &self.0.message)
            .field("metadata", &self.metadata().to_map())
            .field("details", &types)
            .field("notes", &self.notes())
            .finish()
    }
}

impl std::error::Error for ReceivedError {}
