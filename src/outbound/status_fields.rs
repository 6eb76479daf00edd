//! A failure in gRPC's fields, decoded.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::catalog::{Catalog, GrpcCode};
use crate::inbound::ReceivedError;

/// A failure in gRPC's fields, decoded.
#[derive(Clone, Debug)]
pub(crate) struct StatusFields<'a> {
    pub(crate) grpc_code: GrpcCode,
    pub(crate) message: Cow<'a, str>,
    /// The encoded `google.rpc.Status`.
    pub(crate) details: Cow<'a, [u8]>,
    /// The fields as an error. It is made only if the decision needs it, because the usual status is sent as it is.
    error: OnceLock<ReceivedError>,
}

impl<'a> StatusFields<'a> {
    pub(crate) const fn new(grpc_code: GrpcCode, message: Cow<'a, str>, details: Cow<'a, [u8]>) -> Self {
        Self { grpc_code, message, details, error: OnceLock::new() }
    }

    /// Returns the fields as an error of this catalogue.
    pub(crate) fn to_error(&self, catalog: &'static Catalog) -> &ReceivedError {
        self.error.get_or_init(|| {
            let details = Bytes::copy_from_slice(&self.details);
            ReceivedError::from_status(self.grpc_code, Cow::Borrowed(&self.message), details, catalog)
        })
    }
}
