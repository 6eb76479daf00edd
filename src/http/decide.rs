//! What of an error leaves over HTTP: the boundary, applied.

use std::borrow::Cow;

use super::Responder;
use crate::boundary::DEBUG_INFO;
use crate::code::class_of;
use crate::{ApiError, GrpcCode, ParamKind, ReceivedError};

impl Responder {
    /// The error as it leaves: one that this service answers with.
    pub(crate) fn decide<'a>(&self, error: &'a ApiError) -> Cow<'a, ApiError> {
        if !self.boundary.is_public() {
            return Cow::Borrowed(error);
        }
        if !self.boundary.trusts(error.domain().as_bytes(), self.catalog) {
            return Cow::Owned(self.internal());
        }
        let is_private = class_of(error.number()) >= 500 && error.has_message();
        if !is_private && !error.details().any(|detail| detail.type_name() == DEBUG_INFO) {
            return Cow::Borrowed(error);
        }
        let error = error.clone().without_detail(DEBUG_INFO);
        Cow::Owned(if is_private { error.without_message() } else { error })
    }

    /// The error as it leaves: one that another service answered with.
    pub(crate) fn decide_received(&self, error: &ReceivedError) -> ApiError {
        if !self.boundary.is_public() {
            return error.forward();
        }
        let own = error.own_catalog().filter(|own| own.domain() == self.catalog.domain());
        let domain = error.domain();
        match (error.number(), own) {
            (Some(number), Some(own)) => {
                let alone = ApiError::of(own, number);
                let params = alone.entry().map_or(&[][..], |entry| entry.params);
                let metadata = error.metadata();
                let said = params.iter().filter(|param| param.kind != ParamKind::String);
                let said = said.filter_map(|param| Some((param, metadata.get(param.name)?)));
                let sound = said.filter(|(param, text)| param.kind.accepts(text));
                sound.fold(alone, |error, (param, text)| error.with_metadata(param.name, text))
            }
            (Some(number), None)
                if !domain.is_empty() && self.boundary.trusts(domain.as_bytes(), self.catalog) =>
            {
                ApiError::from_identity(number, None, Cow::Owned(domain.to_owned()), Cow::Borrowed(""))
            }
            _ => self.internal(),
        }
    }

    /// What stands in for an error that must not leave, and for a panic.
    pub(crate) fn internal(&self) -> ApiError {
        self.fallback(GrpcCode::Internal)
    }

    /// The code that a failure gets which has a gRPC code and no more.
    pub(crate) fn fallback(&self, grpc_code: GrpcCode) -> ApiError {
        let (catalog, number) = self.fallback.get(grpc_code);
        ApiError::of(catalog, number)
    }

    /// The code that a failure gets which has an HTTP status and no more: the fallback's, where it is of this very
    /// class, else `CCC000`.
    #[cfg(feature = "axum")]
    pub(crate) fn of_status(&self, status: ::http::StatusCode) -> ApiError {
        let (catalog, number) = self.fallback.get(crate::tables::class_to_grpc(status.as_u16()));
        if class_of(number) == status.as_u16() {
            return ApiError::of(catalog, number);
        }
        ApiError::of(self.catalog, crate::class_code(status.as_u16()))
    }
}
