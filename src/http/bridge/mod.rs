//! Tower layers between the two protocols: failed gRPC answers become HTTP answers, and HTTP errors gRPC failures.

mod body;
mod ending;
mod fields;
mod layer;
mod to_grpc;
mod to_http;

use std::sync::Arc;

use super::{Caller, Failing, Responder};
use crate::ApiError;
use crate::log::Door;

pub use body::BridgeBody;
pub(super) use body::Collected;
pub use to_grpc::{HttpToGrpcFuture, HttpToGrpcLayer, HttpToGrpcService};
pub use to_http::{GrpcToHttpFuture, GrpcToHttpLayer, GrpcToHttpService};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What is known of one call.
#[derive(Clone, Debug)]
struct Call {
    responder: Arc<Responder>,
    caller: Caller,
    /// Whether the request is gRPC.
    is_grpc: bool,
}

impl Call {
    /// The error as it leaves. The rest of it is logged.
    fn settle(&self, failing: Failing<'_>) -> ApiError {
        self.responder.settle(Door::Http, self.caller, failing)
    }
}
