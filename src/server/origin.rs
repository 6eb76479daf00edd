//! Who caused a failure of class 5xx, for the level of its event.

use super::failure::Failure;
use super::layer::Call;
use crate::catalog::GrpcCode;
use crate::outbound::log::Origin;

/// How the messages begin with which tonic rejects a request that it cannot read. Their gRPC code is INTERNAL, as the gRPC
/// specification demands, although the caller caused them. tonic marks them in no other way.
const REJECTED_REQUESTS: [&str; 6] = [
    "failed to decode Protobuf message",
    "Missing request message.",
    "Unexpected EOF decoding stream.",
    "protocol error: received message with",
    "Error decompressing",
    "h2 protocol error",
];

impl Call {
    pub(super) fn origin(&self, failure: &Failure<'_>) -> Origin {
        let is_rejection = || REJECTED_REQUESTS.iter().any(|text| failure.message.starts_with(text));
        match (failure.origin, failure.grpc_code) {
            // The service may have passed the caller's deadline on.
            (Origin::Service, GrpcCode::DeadlineExceeded) if self.request.has_deadline() => Origin::Either,
            (Origin::Service, _) if failure.details.is_empty() && is_rejection() => Origin::Either,
            (origin, _) => origin,
        }
    }
}
