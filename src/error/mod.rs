//! [`ApiError`], the errors with parameters that become one, and what the derive macro calls.

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
/// Made from a code, or from one of the structs that carry a code's parameters:
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
/// What travels is all but the cause, which [`source`](std::error::Error::source) gives. There is no way to
/// send it.
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
    /// What the server that made the error left out.
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
    /// The error of a code, with its entry's summary as message.
    pub fn new<C: CatalogCode>(code: C) -> Self {
        Self::from_number(C::catalog(), code.number())
    }

    /// Returns the error of a number in a catalogue, listed or not, with the summary of its entry as message.
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

    /// The error of a number in a catalogue that is known only at run time.
    ///
    /// # Errors
    ///
    /// The number is not in 400000–599999.
    pub fn from_catalog(catalog: &'static Catalog, number: u32) -> Result<Self, code::InvalidCode> {
        CodeNumber::from_u32(number).map(|number| Self::from_number(catalog, number))
    }

    /// `catalog` is the one of the domain, where it is known.
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

    /// Replaces the public message. The caller reads it.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds a metadata value, or replaces the one that the key had.
    ///
    /// The keys `code` and `shed` are taken: google.rpc.ErrorInfo carries the number and the marks of what was left out
    /// under them. A value of the error's own under such a key is sent in `codelibra.error.v1.ErrorInfo` alone, and not
    /// at all where that is not sent: with [`ErrorInfos::Google`], and in the AIP-193 and rpc status bodies.
    #[must_use]
    pub fn with_metadata(mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.0.metadata.insert(key.as_ref(), value.as_ref());
        self
    }

    /// Adds a declared parameter, written as its kind prescribes.
    #[doc(hidden)]
    #[must_use]
    pub fn with_param(mut self, key: &'static str, value: &impl ParamValue) -> Self {
        value.with_text(|text| self.0.metadata.insert(key, text));
        self
    }

    /// Attaches a detail: one of [`rpc`](crate::rpc), or any message that has a [`Name`]. It takes the place
    /// of a detail of the same type.
    ///
    /// The two ErrorInfos are always sent, and are made from this error: they cannot be attached.
    #[must_use]
    pub fn with_detail<M: Message + Name>(mut self, detail: &M) -> Self {
        let name = M::full_name();
        if self.make_room_for(&name) {
            wire::detail_writer::message(&name, detail, self.0.details.to_mut());
        }
        self
    }

    /// Attaches a detail as type URL and encoded message, as [`with_detail`](Self::with_detail) does.
    #[must_use]
    pub fn with_raw_detail(mut self, type_url: &str, value: &[u8]) -> Self {
        let mut any = Vec::new();
        wire::detail_writer::detail(type_url, value, &mut any);
        if let Some(new) = AllDetails::new(&any).next() {
            self.put_detail(&new);
        }
        self
    }

    /// Attaches a detail as it stands in an encoded status.
    fn put_detail(&mut self, new: &Detail<'_>) {
        if let Some(any) = new.complete_any()
            && self.make_room_for(new.type_name())
        {
            wire::detail_writer::any(any, self.0.details.to_mut());
        }
    }

    /// Removes the detail of a type. `false` where details of the type cannot be attached.
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
                wire::detail_writer::any(old.complete_any().unwrap_or_default(), &mut kept);
            }
            *details = kept;
        }
    }

    /// Attaches details as they stand in an encoded status, in place of those that the error has. The last of a type
    /// counts.
    pub(crate) fn put_details<'a>(&mut self, new: impl Iterator<Item = Detail<'a>>) {
        self.0.details = Cow::Borrowed(&[]);
        // A peer decides how many there are: each is not to be looked up among all.
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

    /// Chooses which ErrorInfos the status of the error contains, and its body in the Connect form. Without it, both.
    ///
    /// A server layer and a bridge decide for all errors that they send.
    #[must_use]
    pub fn with_error_infos(mut self, infos: ErrorInfos) -> Self {
        self.0.infos = infos;
        self
    }

    pub(crate) fn with_shed(mut self, shed: ShedMarks) -> Self {
        self.0.shed = shed;
        self
    }

    /// Keeps the error that this one was made from, for logs. It is never sent.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Returns the six digits.
    pub fn number(&self) -> u32 {
        self.0.code
    }

    /// The code, if it is of `C`'s domain.
    pub fn code<C: CatalogCode>(&self) -> Option<C> {
        (self.0.domain == C::catalog().domain()).then(|| C::from_u32(self.0.code)).flatten()
    }

    /// Returns the entry, if the catalogue lists the code.
    pub fn entry(&self) -> Option<&'static Entry> {
        self.0.entry
    }

    /// The catalogue that the code belongs to; `None` for a code of another domain.
    pub fn catalog(&self) -> Option<&'static Catalog> {
        self.0.catalog
    }

    /// Returns the domain of the code; empty if it has none.
    pub fn domain(&self) -> &str {
        &self.0.domain
    }

    /// Returns the reason, such as `USER_BANNED`; empty if it is not known.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The public message: what was set, else the entry's summary, else the phrase of the class.
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

    /// The id of the request, where a `google.rpc.RequestInfo` is attached.
    pub fn request_id(&self) -> Option<&str> {
        self.details().find_map(|detail| detail.request_id())
    }

    /// Returns the HTTP status: the class of the code.
    pub fn http_status(&self) -> http::StatusCode {
        CodeNumber::from_any(self.0.code).http_status()
    }

    /// The gRPC code that the code stands for.
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

    /// The parts that a writer needs, besides those with a public method.
    #[cfg(any(feature = "gateway", feature = "server"))]
    pub(crate) fn parts(&self) -> ErrorParts<'_> {
        let ErrorData { details, shed, infos, .. } = &*self.0;
        ErrorParts { details, shed: *shed, infos: *infos }
    }

    /// The encoded `google.rpc.Status`: the value of `grpc-status-details-bin`, before base64.
    pub fn to_details(&self) -> Bytes {
        self.to_details_with(self.0.infos)
    }

    /// The encoded `google.rpc.Status` with these ErrorInfos.
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

    /// The value of `grpc-status-details-bin`: unpadded base64 of [`to_details`](Self::to_details).
    pub fn to_details_header(&self) -> String {
        wire::base64::encode(&self.to_details())
    }
}

impl<C: CatalogCode> From<C> for ApiError {
    fn from(code: C) -> Self {
        Self::new(code)
    }
}

/// `403003 USER_BANNED: the public message`.
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

/// An error of one code with its declared parameters: the struct that a generated module has for every entry
/// with parameters.
pub trait TypedError: Into<ApiError> {
    /// The codes of the catalogue.
    type Code: CatalogCode;

    /// The code.
    const CODE: Self::Code;

    /// Reads the parameters. `get` gives the text of a metadata key.
    fn from_metadata<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self;
}
