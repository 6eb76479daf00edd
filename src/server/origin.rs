//! Who caused a failure of class 5xx, for the level of its event.

use super::failure::Failure;
use super::layer::Call;
use crate::catalog::GrpcCode;
use crate::outbound::log::Origin;

/// How the messages begin with which tonic rejects a request that it cannot read. Their gRPC code is INTERNAL, as the gRPC
/// specification demands, although the caller caused them. tonic marks them in no other way.
const REJECTED_REQUESTS: [&str; 8] = [
    "failed to decode Protobuf message",
    "Missing request message.",
    "Unexpected EOF decoding stream.",
    "protocol error: received message with",
    "Error decompressing",
    "h2 protocol error",
    // Of hyper: an HTTP/1.1 body that breaks off. tonic makes UNKNOWN of it.
    "error reading a body from connection",
    // Of tonic-web: no base64, and any error of the request's body.
    "tonic-web: ",
];

impl Call {
    pub(super) fn origin(&self, failure: &Failure<'_>) -> Origin {
        // A request is rejected with a response. A body or a service that ends with such a status as its error is the service's.
        let is_response = failure.status.is_none();
        let is_rejection = || {
            is_response
                && failure.details.is_empty()
                && REJECTED_REQUESTS.iter().any(|text| failure.message.starts_with(text))
        };
        match (failure.origin, failure.grpc_code) {
            // The service may have passed the caller's deadline on.
            (Origin::Service, GrpcCode::DeadlineExceeded) if self.request.has_deadline() => Origin::Either,
            (Origin::Service, _) if is_rejection() => Origin::Either,
            (origin, _) => origin,
        }
    }
}
