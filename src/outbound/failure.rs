//! A failure, before the decision on what is sent of it.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use crate::catalog::GrpcCode;
use crate::error::ApiError;
use crate::guard::{GuardedDrop, Panic};
use crate::inbound::ReceivedError;
#[cfg(any(feature = "axum", feature = "server"))]
use crate::outbound::known_error;
#[cfg(feature = "server")]
use crate::outbound::status_fields::StatusFields;

/// A failure: its source, its content, and the private cause, which is only logged.
#[derive(Clone, Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) source: Source,
    pub(crate) content: Content<'a>,
    cause: Option<Cause<'a>>,
    pub(crate) panic: Option<Panic>,
    pub(crate) origin: Origin,
}

/// Who made a failure. The boundary treats them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// This service.
    Own,
    /// The service behind, for which this one is the gateway.
    #[cfg(feature = "gateway")]
    Forwarded,
    /// The connection to the service behind. The content was made from the cause, and contains nothing else.
    #[cfg(feature = "gateway")]
    Connection,
    /// Another service.
    Received,
}

/// Who caused a failure of class 5xx. The caller causes failures of class 4xx, and UNIMPLEMENTED by a path that does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The service: ERROR.
    #[default]
    Service,
    /// The caller, by its deadline: INFO.
    #[cfg(feature = "server")]
    Caller,
    /// One of the two: a timeout is caused by a caller that sends or reads slowly, or by a service that computes slowly. WARN.
    Either,
}

#[derive(Clone, Debug)]
pub(crate) enum Content<'a> {
    /// A failure without a code. `class` is the HTTP status, where there is one. The message was written for callers.
    Uncoded {
        grpc_code: GrpcCode,
        class: Option<u16>,
        message: Cow<'a, str>,
    },
    Error(Cow<'a, ApiError>),
    Received(Cow<'a, ReceivedError>),
    /// gRPC's fields.
    #[cfg(feature = "server")]
    Status(StatusFields<'a>),
}

impl<'a> From<&'a ApiError> for Content<'a> {
    fn from(error: &'a ApiError) -> Self {
        Self::Error(Cow::Borrowed(error))
    }
}

impl From<ApiError> for Content<'_> {
    fn from(error: ApiError) -> Self {
        Self::Error(Cow::Owned(error))
    }
}

impl<'a> From<&'a ReceivedError> for Content<'a> {
    fn from(error: &'a ReceivedError) -> Self {
        Self::Received(Cow::Borrowed(error))
    }
}

impl From<ReceivedError> for Content<'_> {
    fn from(error: ReceivedError) -> Self {
        Self::Received(Cow::Owned(error))
    }
}

/// A private cause.
#[derive(Clone, Debug)]
enum Cause<'a> {
    Borrowed(&'a (dyn Error + 'static)),
    Shared(GuardedDrop<Arc<dyn Error + Send + Sync>>),
    /// The source of this error.
    #[cfg(feature = "server")]
    SourceOf(GuardedDrop<Arc<dyn Error + Send + Sync>>),
}

impl<'a> Failure<'a> {
    pub(crate) fn new(source: Source, content: Content<'a>) -> Self {
        Self { source, content, cause: None, panic: None, origin: Origin::Service }
    }

    /// Returns a failure of this service that has a gRPC code only.
    pub(crate) fn from_grpc_code(grpc_code: GrpcCode) -> Self {
        let content = Content::Uncoded { grpc_code, class: None, message: Cow::Borrowed("") };
        Self::new(Source::Own, content)
    }

    /// Returns the failure of a call that reached its deadline. `origin` set the deadline.
    #[cfg(any(feature = "axum", feature = "server"))]
    pub(crate) fn from_timeout(origin: Origin) -> Self {
        Self { origin, ..Self::from_grpc_code(GrpcCode::DeadlineExceeded) }
    }

    pub(crate) fn from_panic(panic: Panic) -> Self {
        Self { panic: Some(panic), ..Self::from_grpc_code(GrpcCode::Internal) }
    }

    /// Returns the failure for an error that the service returned in place of a response: the gRPC code of a known error, or
    /// otherwise INTERNAL.
    #[cfg(feature = "axum")]
    pub(crate) fn from_error(error: &'a (dyn Error + 'static)) -> Self {
        Self::from_known_error(error)
            .unwrap_or_else(|| Self::from_grpc_code(GrpcCode::Internal))
            .with_cause(error)
    }

    /// Returns the failure for an error whose type has a gRPC code. The cause is not set.
    #[cfg(any(feature = "axum", feature = "server"))]
    pub(crate) fn from_known_error(error: &(dyn Error + 'static)) -> Option<Self> {
        let grpc_code = known_error::grpc_code(error)?;
        Some(Self { origin: Origin::Either, ..Self::from_grpc_code(grpc_code) })
    }

    /// Returns the failure for an HTTP response of this service that contains only a text, which is for its caller.
    #[cfg(feature = "axum")]
    pub(crate) fn from_text(grpc_code: GrpcCode, class: Option<u16>, message: Cow<'a, str>) -> Self {
        Self::new(Source::Own, Content::Uncoded { grpc_code, class, message })
    }

    /// Returns the failure for an error of this service.
    pub(crate) fn own(error: impl Into<Content<'a>>) -> Self {
        Self::new(Source::Own, error.into())
    }

    /// Returns the failure for an error of the service behind, for which this one is the gateway.
    #[cfg(feature = "gateway")]
    pub(crate) fn forwarded(error: impl Into<Content<'a>>) -> Self {
        Self::new(Source::Forwarded, error.into())
    }

    /// Returns the failure for an error of the connection to the service behind. `error` was made from `cause`.
    #[cfg(feature = "gateway")]
    pub(crate) fn connection(error: impl Into<Content<'a>>, cause: &'a (dyn Error + 'static)) -> Self {
        let failure = Self::new(Source::Connection, error.into()).with_cause(cause);
        let is_timeout = failure.grpc_code() == GrpcCode::DeadlineExceeded;
        Self { origin: if is_timeout { Origin::Either } else { Origin::Service }, ..failure }
    }

    /// Returns the failure for an error that another service sent.
    pub(crate) fn received(error: impl Into<Content<'a>>) -> Self {
        Self::new(Source::Received, error.into())
    }

    /// Returns the failure for gRPC's fields. `is_received` is true if a client layer marked it.
    #[cfg(feature = "server")]
    pub(crate) fn from_status(status: StatusFields<'a>, is_received: bool) -> Self {
        let source = if is_received { Source::Received } else { Source::Own };
        Self::new(source, Content::Status(status))
    }

    #[cfg(feature = "server")]
    pub(crate) fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    pub(crate) fn with_cause(mut self, cause: &'a (dyn Error + 'static)) -> Self {
        self.cause = Some(Cause::Borrowed(cause));
        self
    }

    pub(crate) fn with_shared_cause(mut self, cause: Option<Arc<dyn Error + Send + Sync>>) -> Self {
        self.cause = cause.map(GuardedDrop::new).map(Cause::Shared);
        self
    }

    /// Sets the cause, if there is none yet.
    #[cfg(feature = "server")]
    pub(crate) fn or_cause(self, cause: &'a (dyn Error + 'static)) -> Self {
        if self.cause.is_some() { self } else { self.with_cause(cause) }
    }

    /// Sets the cause to the source of an error, if there is none yet.
    #[cfg(feature = "server")]
    pub(crate) fn or_source_of(mut self, error: impl Error + Send + Sync + 'static) -> Self {
        self.cause = self.cause.or_else(|| Some(Cause::SourceOf(GuardedDrop::new(Arc::new(error)))));
        self
    }

    /// Returns whether another service made the error, for the log.
    pub(crate) fn is_received(&self) -> bool {
        match self.source {
            Source::Own => false,
            #[cfg(feature = "gateway")]
            Source::Connection => false,
            #[cfg(feature = "gateway")]
            Source::Forwarded => true,
            Source::Received => true,
        }
    }

    /// Returns whether the content was made from the cause, which is an error of a connection.
    pub(crate) fn is_of_connection(&self) -> bool {
        match self.source {
            #[cfg(feature = "gateway")]
            Source::Connection => true,
            _ => false,
        }
    }

    /// Returns the private cause.
    pub(crate) fn cause(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.cause, &self.content) {
            (Some(Cause::Borrowed(cause)), _) => Some(*cause),
            (Some(Cause::Shared(cause)), _) => {
                cause.get().map(|cause| -> &(dyn Error + 'static) { &**cause })
            }
            #[cfg(feature = "server")]
            (Some(Cause::SourceOf(error)), _) => error.get().and_then(|error| error.source()),
            (None, Content::Error(error)) => error.source(),
            (None, _) => None,
        }
    }

    /// Returns the gRPC code, before the decision.
    pub(crate) fn grpc_code(&self) -> GrpcCode {
        match &self.content {
            Content::Uncoded { grpc_code, .. } => *grpc_code,
            Content::Error(error) => error.grpc_code(),
            Content::Received(error) => error.grpc_code(),
            #[cfg(feature = "server")]
            Content::Status(status) => status.grpc_code,
        }
    }

    /// Returns the message, before the decision.
    pub(crate) fn message(&self) -> &str {
        match &self.content {
            Content::Uncoded { message, .. } => message,
            Content::Error(error) => error.message(),
            Content::Received(error) => error.message(),
            #[cfg(feature = "server")]
            Content::Status(status) => &status.message,
        }
    }

    /// Returns the encoded `google.rpc.Status`, before the decision. It is empty for a failure without one.
    pub(crate) fn details(&self) -> Cow<'_, [u8]> {
        match &self.content {
            Content::Uncoded { .. } => Cow::Borrowed(&[]),
            Content::Error(error) => Cow::Owned(error.to_details().into()),
            Content::Received(error) => Cow::Borrowed(error.as_details()),
            #[cfg(feature = "server")]
            Content::Status(status) => Cow::Borrowed(&status.details),
        }
    }
}
