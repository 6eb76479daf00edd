//! Tower layers between the two protocols: one turns gRPC failures into HTTP responses, the other HTTP errors into gRPC failures.

mod body;
mod ending;
mod grpc_failure;
mod layer;
mod to_grpc;
mod to_http;

use std::sync::Arc;

use super::{Caller, Responder};
use crate::guard::{Panic, discard};
use crate::outbound::failure::Failure;
use crate::outbound::log::Transport;
use crate::outbound::sent_error::SentError;
use crate::wire::grpc_web::Protocol;

pub use body::BridgeBody;
#[cfg(feature = "axum")]
pub(crate) use ending::read_grpc_failure;
pub use to_grpc::{HttpToGrpcFuture, HttpToGrpcLayer, HttpToGrpcService};
pub use to_http::{GrpcToHttpFuture, GrpcToHttpLayer, GrpcToHttpService};

/// A call that crosses a bridge.
#[derive(Clone, Debug)]
struct BridgeCall {
    responder: Arc<Responder>,
    caller: Caller,
    protocol: Protocol,
}

impl BridgeCall {
    fn is_grpc(&self) -> bool {
        self.protocol == Protocol::Grpc
    }

    /// Returns the error that is sent, and logs the failure.
    fn finish_and_log<'a>(&'a self, failure: &'a Failure<'_>) -> SentError<'a> {
        self.responder.finish_and_log(Transport::Http, &self.caller, failure)
    }

    /// Logs a panic of a drop, if there is one. The call already has its response.
    fn log_dropped(&self, dropped: Result<(), Panic>) {
        if let Err(panic) = dropped {
            self.responder.panic_in_drop(Transport::Http, &self.caller, &panic);
        }
    }

    /// Drops a body that is replaced.
    fn discard<B>(&self, body: B) {
        self.log_dropped(discard(body));
    }
}
