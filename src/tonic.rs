//! Conversions to and from `tonic::Status`.

use std::borrow::Cow;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
use std::error::Error;

use bytes::Bytes;
use tonic::Status;

use crate::catalog::{Catalog, CatalogCode, CodeNumber, GrpcCode};
use crate::error::ApiError;
use crate::error::TypedError;
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
use crate::guard;
use crate::inbound::ReceivedError;
use crate::inbound::identity::{self, Identity, identity};
#[cfg(any(feature = "client", feature = "gateway"))]
use crate::outbound::known_error;
use crate::wire;
use crate::wire::header::ERROR_CODE_HEADER;
#[cfg(any(feature = "client", feature = "gateway"))]
use crate::wire::header::text;
use crate::wire::info::Info;
use crate::wire::info::InfoKind;

impl From<tonic::Code> for GrpcCode {
    fn from(code: tonic::Code) -> Self {
        Self::from_number(i32::from(code).into()).unwrap_or(Self::Unknown)
    }
}

impl From<GrpcCode> for tonic::Code {
    fn from(code: GrpcCode) -> Self {
        Self::from_i32(code.number().into())
    }
}

/// Returns the status of a code with its default message. It allocates twice: the message and the status.
#[doc(hidden)]
#[inline]
pub fn default_status(catalog: &'static Catalog, number: u32) -> Status {
    match catalog.by_code(number) {
        Some(entry) if !entry.details.is_empty() => {
            Status::with_details(entry.grpc_code.into(), entry.summary, Bytes::from_static(entry.details))
        }
        _ => ApiError::from_number(catalog, CodeNumber::from_any(number)).into(),
    }
}

/// Converts an error to the status that is sent: gRPC code, message and details. The cause becomes the source of the status,
/// which tonic does not send.
impl From<&ApiError> for Status {
    fn from(error: &ApiError) -> Self {
        let details = error.to_details();
        let mut status = Self::with_details(error.grpc_code().into(), error.message(), details);
        if let Some(cause) = error.shared_cause() {
            #[cfg(feature = "server")]
            if let Some((name, value)) = crate::outbound::cause::store(&cause) {
                let fields = http::HeaderMap::from_iter([(name, value)]);
                *status.metadata_mut() = tonic::metadata::MetadataMap::from_headers(fields);
            }
            status.set_source(cause);
        }
        status
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        Self::from(&error)
    }
}

/// Reads the six-digit code of a `tonic::Status`.
///
/// ```
/// use codelibra::codes::LockedOut;
/// use codelibra::{ErrorCode, StatusCodeExt};
///
/// # let status = tonic::Status::from(ErrorCode::USER_BANNED);
/// match status.error_code() {
///     Some(ErrorCode::USER_BANNED) => { /* … */ }
///     Some(code) if code.http_status() == 403 => { /* … */ }
///     _ => { /* … */ }
/// }
/// if let Some(LockedOut { locked_until, .. }) = status.decode() {
///     println!("locked until {locked_until:?}");
/// }
/// ```
pub trait StatusCodeExt {
    /// Returns the code, if the status has one of `C`'s domain. Allocates nothing and decodes nothing else.
    fn error_code<C: CatalogCode>(&self) -> Option<C>;

    /// Returns the parameters, if the status has the code of `T`.
    fn decode<T: TypedError>(&self) -> Option<T>;

    /// Reads the whole status, as an error of `C`'s catalogue.
    fn to_received<C: CatalogCode>(&self) -> ReceivedError {
        self.to_received_with(C::catalog())
    }

    /// Reads the whole status, as an error of a catalogue that is known only at run time.
    fn to_received_with(&self, catalog: &'static Catalog) -> ReceivedError;
}

impl StatusCodeExt for Status {
    #[inline]
    fn error_code<C: CatalogCode>(&self) -> Option<C> {
        let catalog = C::catalog();
        // Nearly every coded status has the usual encoding. Other statuses are read by a function that is not inlined.
        let usual = identity::usual_code(self.details(), catalog.domain());
        C::from_u32(usual.or_else(|| code_of(self, catalog))?)
    }

    fn decode<T: TypedError>(&self) -> Option<T> {
        let catalog = T::Code::catalog();
        let (number, info) = match identity(self.details(), catalog) {
            Some(Identity { code, info }) if info.is_of(catalog.domain()) => (code, info),
            Some(_) => return None,
            None => (code_field(self).and_then(wire::parse_code)?, Info::from_message(InfoKind::Ours, &[])),
        };
        if T::Code::from_u32(number)? != T::CODE {
            return None;
        }
        let metadata = info.metadata();
        Some(T::from_metadata(|key| metadata.get(key)))
    }

    fn to_received_with(&self, catalog: &'static Catalog) -> ReceivedError {
        let details = Bytes::copy_from_slice(self.details());
        let message = Cow::Borrowed(self.message());
        ReceivedError::from_grpc(self.code().into(), message, details, self.metadata().as_ref(), catalog)
    }
}

/// Returns the code of a status, if it is of the catalogue's domain.
#[inline(never)]
fn code_of(status: &Status, catalog: &Catalog) -> Option<u32> {
    match identity(status.details(), catalog) {
        Some(Identity { code, info }) => info.is_of(catalog.domain()).then_some(code),
        None => code_field(status).and_then(wire::parse_code),
    }
}

fn code_field(status: &Status) -> Option<&[u8]> {
    let metadata = status.metadata();
    if metadata.is_empty() {
        return None;
    }
    metadata.get(ERROR_CODE_HEADER.as_str()).map(|value| value.as_bytes())
}

/// Returns the status of an error that the service inside a bridge returned in place of a response.
#[cfg(feature = "gateway")]
#[cold]
pub(crate) fn service_status(error: Box<dyn Error + Send + Sync>) -> Status {
    synthesized_status(known_error::grpc_code(&*error), error)
}

/// Returns the status of an error of a client's connection, which arrived in place of a response or of the rest of one.
#[cfg(feature = "client")]
#[cold]
pub(crate) fn connection_status(error: Box<dyn Error + Send + Sync>) -> Status {
    synthesized_status(known_error::grpc_code_of_connection(&*error), error)
}

#[cfg(any(feature = "client", feature = "gateway"))]
fn synthesized_status(known: Option<GrpcCode>, error: Box<dyn Error + Send + Sync>) -> Status {
    let mut status = match known {
        Some(grpc_code) => {
            let message = match grpc_code {
                GrpcCode::DeadlineExceeded => wire::DEADLINE_PASSED,
                GrpcCode::Unavailable => "the connection timed out",
                _ => "the service sheds load",
            };
            let mut status = Status::new(grpc_code.into(), message);
            status.set_source(error.into());
            status
        }
        None => status_of(error).unwrap_or_else(|error| {
            // Foreign code: it may panic.
            let text = crate::guard::catch(|| error.to_string());
            let mut status = Status::unknown(text.unwrap_or_else(|_| "an error whose Display panics".into()));
            status.set_source(error.into());
            status
        }),
    };
    mark_synthesized(&mut status);
    status
}

/// Returns the status that tonic makes from an error or finds among its sources. Returns the error if tonic finds none, or if the
/// chain of sources is too long: tonic reads it to the end.
#[cfg(any(feature = "client", feature = "gateway", feature = "server"))]
pub(crate) fn status_of(error: Box<dyn Error + Send + Sync>) -> Result<Status, Box<dyn Error + Send + Sync>> {
    if guard::is_too_long(&*error) { Err(error) } else { Status::try_from_error(error) }
}

/// Returns the status of a call whose deadline passed. `status` is the one that was read; it becomes the source.
#[cfg(feature = "client")]
#[cold]
pub(crate) fn deadline_exceeded(mut status: Status) -> Status {
    let metadata = std::mem::take(status.metadata_mut());
    let mut exceeded = Status::with_metadata(tonic::Code::DeadlineExceeded, wire::DEADLINE_PASSED, metadata);
    exceeded.set_source(std::sync::Arc::new(status));
    mark_synthesized(&mut exceeded);
    exceeded
}

#[cfg(any(feature = "client", feature = "gateway"))]
fn mark_synthesized(status: &mut Status) {
    let metadata = status.metadata_mut();
    if !metadata.contains_key(text::RECEIVED_HEADER) {
        metadata.insert(
            text::RECEIVED_HEADER,
            tonic::metadata::MetadataValue::from_static(crate::inbound::mark::SYNTHESIZED),
        );
    }
}
