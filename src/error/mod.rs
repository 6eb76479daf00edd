//! [`ApiError`], the trait of errors with parameters, and the functions that the derive macro calls.

#[cfg(feature = "derive")]
pub mod derive;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use prost::{Message, Name};

use crate::catalog::code;
use crate::catalog::params::ParamValue;
use crate::catalog::{Catalog, CatalogCode, CodeNumber, Entry, GrpcCode};
use crate::wire;
use crate::wire::details::{AllDetails, Detail};
use crate::wire::error_infos::ErrorInfos;
use crate::wire::metadata::{Metadata, MetadataBuf};
use crate::wire::schema::{ERROR_INFO, GOOGLE_ERROR_INFO};
use crate::wire::shed::ShedMarks;
use crate::wire::write::WrittenMetadata;

/// An error that an API sends: a code, a public message, metadata and details for the caller, and a private cause for the log.
///
/// It is created from a code, or from a struct that contains the parameters of a code:
///
/// ```
/// use codelibra::codes::LockedOut;
/// use codelibra::{ApiError, ErrorCode};
///
/// let error = ErrorCode::USER_BANNED.with_message("banned for spam");
/// assert_eq!(error.to_string(), "403003 USER_BANNED: banned for spam");
///
/// let error = ApiError::from(LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() });
/// assert_eq!(error.metadata().get("locked_until"), Some("2026-01-31T09:30:00Z"));
/// ```
///
/// Everything is sent except the cause, which [`source`](std::error::Error::source) returns. No method sends the cause.
#[derive(Clone)]
pub struct ApiError(Box<ErrorData>);

#[derive(Clone)]
struct ErrorData {
    code: u32,
    /// `None` for a code of another domain.
    catalog: Option<&'static Catalog>,
    entry: Option<&'static Entry>,
    domain: Cow<'static, str>,
    reason: Cow<'static, str>,
    message: Option<Cow<'static, str>>,
    metadata: MetadataBuf,
    /// Encoded `details` fields of a `google.rpc.Status`, without both ErrorInfos.
    details: Cow<'static, [u8]>,
    /// The parts that the server that created the error removed.
    shed: ShedMarks,
    infos: ErrorInfos,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// Parts of an error for a writer.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) struct ErrorParts<'a> {
    /// Encoded `details` fields without both ErrorInfos.
    pub(crate) details: &'a [u8],
    pub(crate) shed: ShedMarks,
    pub(crate) infos: ErrorInfos,
}

impl ApiError {
    /// Creates the error of a code. Its message is the summary of the entry; without an entry, it is the phrase of the class.
    pub fn new<C: CatalogCode>(code: C) -> Self {
        Self::from_number(C::catalog(), code.number())
    }

    /// Creates the error of a number in a catalogue. Its message is the summary of the entry; without an entry, it is the phrase
    /// of the class.
    ///
    /// ```
    /// use codelibra::{ApiError, CATALOG, CodeNumber};
    ///
    /// let error = ApiError::from_number(&CATALOG, CodeNumber::from_class(503));
    /// assert_eq!(error.to_string(), "503000: Service Unavailable");
    /// ```
    pub fn from_number(catalog: &'static Catalog, number: CodeNumber) -> Self {
        let number = number.as_u32();
        let entry = catalog.by_code(number);
        let (reason, attached) = entry.map_or(("", &[][..]), |e| (e.reason, e.attached));
        let domain = Cow::Borrowed(catalog.domain());
        Self::from_parts(number, Some(catalog), entry, domain, Cow::Borrowed(reason), attached)
    }

    /// Creates the error of a number in a catalogue that is known only at run time.
    ///
    /// # Errors
    ///
    /// Returns an error if the number is not in 400000–599999.
    pub fn from_catalog(catalog: &'static Catalog, number: u32) -> Result<Self, code::InvalidCode> {
        CodeNumber::from_u32(number).map(|number| Self::from_number(catalog, number))
    }

    /// Creates an error of any domain. `catalog` is the catalogue of the domain, if it is known.
    pub(crate) fn from_identity(
        code: u32,
        catalog: Option<&'static Catalog>,
        domain: Cow<'static, str>,
        reason: Cow<'static, str>,
    ) -> Self {
        let entry = catalog.and_then(|c| c.by_code(code));
        Self::from_parts(code, catalog, entry, domain, reason, &[])
    }

    fn from_parts(
        code: u32,
        catalog: Option<&'static Catalog>,
        entry: Option<&'static Entry>,
        domain: Cow<'static, str>,
        reason: Cow<'static, str>,
        details: &'static [u8],
    ) -> Self {
        Self(Box::new(ErrorData {
            code,
            catalog,
            entry,
            domain,
            reason,
            message: None,
            metadata: MetadataBuf::new(),
            details: Cow::Borrowed(details),
            shed: ShedMarks::NONE,
            infos: ErrorInfos::Both,
            cause: None,
        }))
    }

    /// Replaces the public message. The caller sees this text.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds a metadata value, or replaces the value of the key.
    ///
    /// The keys `code` and `shed` are reserved: google.rpc.ErrorInfo contains the number and the names of the removed parts
    /// under them. A value that is set here under such a key is sent only in `codelibra.error.v1.ErrorInfo`. It is not sent
    /// if that message is not sent: with [`ErrorInfos::Google`], and in the AIP-193 and rpc status bodies.
    #[must_use]
    pub fn with_metadata(mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.0.metadata.insert(key.as_ref(), value.as_ref());
        self
    }

    /// Adds a declared parameter, in the text form of its kind.
    #[doc(hidden)]
    #[must_use]
    pub fn with_param(mut self, key: &'static str, value: &impl ParamValue) -> Self {
        value.with_text(|text| self.0.metadata.insert(key, text));
        self
    }

    /// Attaches a detail: one of [`rpc`](crate::rpc), or any message that has a [`Name`]. It replaces a detail of the same
    /// type.
    ///
    /// The writer creates the two ErrorInfos from this error. They cannot be attached, and such a detail is ignored.
    #[must_use]
    pub fn with_detail<M: Message + Name>(mut self, detail: &M) -> Self {
        let name = M::full_name();
        if self.make_room_for(&name) {
            wire::detail_writer::message(&name, detail, self.0.details.to_mut());
        }
        self
    }

    /// Attaches a detail that is given as type URL and encoded message, with the rules of [`with_detail`](Self::with_detail).
    /// The message is not checked.
    #[must_use]
    pub fn with_raw_detail(mut self, type_url: &str, value: &[u8]) -> Self {
        let mut any = Vec::new();
        wire::detail_writer::detail(type_url, value, &mut any);
        if let Some(new) = AllDetails::new(&any).next() {
            self.put_detail(&new);
        }
        self
    }

    /// Attaches a detail as it is encoded in a status.
    fn put_detail(&mut self, new: &Detail<'_>) {
        if let Some(any) = new.complete_any()
            && self.make_room_for(new.type_name())
        {
            wire::detail_writer::any(any, self.0.details.to_mut());
        }
    }

    /// Removes the detail of a type. Returns `false` if details of the type cannot be attached.
    fn make_room_for(&mut self, name: &str) -> bool {
        if matches!(name, ERROR_INFO | GOOGLE_ERROR_INFO) {
            return false;
        }
        self.remove_details(|old| old.type_name() == name);
        true
    }

    fn remove_details(&mut self, is_removed: impl Fn(&Detail<'_>) -> bool) {
        let details = self.0.details.to_mut();
        if AllDetails::new(details).any(|old| is_removed(&old)) {
            let mut kept = Vec::with_capacity(details.len());
            for old in AllDetails::new(details).filter(|old| !is_removed(old)) {
                if let Some(any) = old.complete_any() {
                    wire::detail_writer::any(any, &mut kept);
                }
            }
            *details = kept;
        }
    }

    /// Replaces all details by those of an encoded status. Of several details of one type, the last one is used.
    pub(crate) fn put_details<'a>(&mut self, new: impl Iterator<Item = Detail<'a>>) {
        self.0.details = Cow::Borrowed(&[]);
        // A peer decides how many details there are, so that a search among all of them for each one would take quadratic time.
        let mut last = BTreeMap::new();
        for (index, detail) in new.enumerate() {
            let name = detail.type_name();
            if let Some(any) = detail.complete_any()
                && !matches!(name, ERROR_INFO | GOOGLE_ERROR_INFO)
            {
                last.insert(name, (index, any));
            }
        }
        let mut last: Vec<_> = last.into_values().collect();
        last.sort_unstable_by_key(|(index, _)| *index);
        for (_, any) in last {
            wire::detail_writer::any(any, self.0.details.to_mut());
        }
    }

    /// Chooses the ErrorInfos in the status of the error, and in its body in the Connect form. The default is both.
    ///
    /// A server layer and a bridge use their own setting for all errors that they send.
    #[must_use]
    pub fn with_error_infos(mut self, infos: ErrorInfos) -> Self {
        self.0.infos = infos;
        self
    }

    pub(crate) fn with_shed(mut self, shed: ShedMarks) -> Self {
        self.0.shed = shed;
        self
    }

    /// Keeps the error that this one was created from as the private cause, for logs. It is never sent.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Returns the six digits.
    pub fn number(&self) -> u32 {
        self.0.code
    }

    /// Returns the code, if it is in the domain of `C`.
    pub fn code<C: CatalogCode>(&self) -> Option<C> {
        (self.0.domain == C::catalog().domain()).then(|| C::from_u32(self.0.code)).flatten()
    }

    /// Returns the entry, if the catalogue lists the code.
    pub fn entry(&self) -> Option<&'static Entry> {
        self.0.entry
    }

    /// Returns the catalogue of the domain of the code; `None` if the error was read from a peer of another domain.
    pub fn catalog(&self) -> Option<&'static Catalog> {
        self.0.catalog
    }

    /// Returns the domain of the code; empty if it has none.
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// Returns the reason, such as `USER_BANNED`; empty if it is unknown.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Returns the public message: the one that was set, else the summary of the entry, else the phrase of the class.
    pub fn message(&self) -> &str {
        match (&self.0.message, self.0.entry) {
            (Some(message), _) => message,
            (None, Some(entry)) => entry.summary,
            (None, None) => CodeNumber::from_any(self.0.code).phrase(),
        }
    }

    /// Returns the metadata.
    pub fn metadata(&self) -> Metadata<'_> {
        self.0.metadata.view()
    }

    /// Iterates over the details, without both ErrorInfos.
    pub fn details(&self) -> impl Iterator<Item = Detail<'_>> {
        AllDetails::new(&self.0.details)
    }

    /// Returns the id of the request, if a `google.rpc.RequestInfo` is attached.
    pub fn request_id(&self) -> Option<&str> {
        self.details().find_map(|detail| detail.request_id())
    }

    /// Returns the HTTP status: the class of the code.
    pub fn http_status(&self) -> http::StatusCode {
        CodeNumber::from_any(self.0.code).http_status()
    }

    /// Returns the gRPC code: the one in the entry, else the one of the class.
    pub fn grpc_code(&self) -> GrpcCode {
        code::grpc_code(self.0.code, self.0.entry)
    }

    /// Returns the private cause.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    #[cfg(feature = "tonic")]
    pub(crate) fn shared_cause(&self) -> Option<Arc<dyn StdError + Send + Sync>> {
        self.0.cause.clone()
    }

    /// Returns the parts that a writer needs and that have no public method.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn parts(&self) -> ErrorParts<'_> {
        let ErrorData { details, shed, infos, .. } = &*self.0;
        ErrorParts { details, shed: *shed, infos: *infos }
    }

    /// Encodes the error as `google.rpc.Status`: the value of `grpc-status-details-bin`, before base64.
    pub fn to_details(&self) -> Bytes {
        self.to_details_with(self.0.infos)
    }

    /// Encodes the error as `google.rpc.Status` with these ErrorInfos.
    pub(crate) fn to_details_with(&self, infos: ErrorInfos) -> Bytes {
        let ErrorData { code, entry, domain, reason, message, metadata, details, shed, .. } = &*self.0;
        if let Some(entry) = entry
            && message.is_none()
            && metadata.is_empty()
            && shed.is_empty()
            && infos == ErrorInfos::Both
            && **details == *entry.attached
            && !entry.details.is_empty()
        {
            return Bytes::from_static(entry.details);
        }
        let pairs;
        let metadata = match metadata.canonical_fields() {
            Some(fields) => WrittenMetadata::Fields(fields),
            None => {
                pairs = metadata.view().to_pairs();
                WrittenMetadata::Pairs(&pairs)
            }
        };
        let parts = wire::write::Parts {
            grpc_code: self.grpc_code().number(),
            message: self.message(),
            code: *code,
            domain,
            reason,
            metadata,
            rest: details,
            shed: *shed,
            infos: infos.into(),
        };
        let mut status = Vec::new();
        wire::write::status_to_vec(&parts, &mut status);
        status.into()
    }

    /// Returns the value of `grpc-status-details-bin`: unpadded base64 of [`to_details`](Self::to_details).
    pub fn to_details_header(&self) -> String {
        wire::base64::encode(&self.to_details())
    }
}

impl<C: CatalogCode> From<C> for ApiError {
    fn from(code: C) -> Self {
        Self::new(code)
    }
}

/// Writes code, reason and public message: `403003 USER_BANNED: the public message`.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.code)?;
        if !self.reason().is_empty() {
            write!(f, " {}", self.reason())?;
        }
        write!(f, ": {}", self.message())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<&str> = self.details().map(|d| d.type_name()).collect();
        f.debug_struct("ApiError")
            .field("code", &self.0.code)
            .field("domain", &self.0.domain)
            .field("reason", &self.0.reason)
            .field("message", &self.message())
            .field("metadata", &self.metadata())
            .field("details", &types)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause: &(dyn StdError + 'static) = self.0.cause.as_deref()?;
        Some(cause)
    }
}

/// An error of one code with its declared parameters. The generated module has a struct with this trait for each entry with
/// parameters.
///
/// ```
/// use codelibra::codes::LockedOut;
/// use codelibra::{ApiError, ErrorCode, TypedError};
///
/// let error = ApiError::new(ErrorCode::LOCKED_OUT).with_metadata("locked_until", "2026-01-31T09:30:00Z");
/// assert_eq!(error.code(), Some(LockedOut::CODE));
/// let LockedOut { locked_until } = LockedOut::from_metadata(|key| error.metadata().get(key));
/// assert_eq!(locked_until, "2026-01-31T09:30:00Z".parse().ok());
/// ```
pub trait TypedError: Into<ApiError> {
    /// The code type of the catalogue.
    type Code: CatalogCode;

    /// The code of the error.
    const CODE: Self::Code;

    /// Reads the parameters. `get` returns the text of a metadata key. A parameter without a text, or whose text is not a value
    /// of its type, is `None`.
    fn from_metadata<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self;
}
