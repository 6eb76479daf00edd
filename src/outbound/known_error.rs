//! The errors of tower, tokio, tonic and the operating system whose gRPC code is known.

use std::error::Error;
use std::io;

use crate::catalog::GrpcCode;
use crate::guard;

/// Returns the gRPC code of an error that a service returns in place of a response: DEADLINE_EXCEEDED for a timeout, and
/// RESOURCE_EXHAUSTED for load that was shed, as in tonic's own server. The error may be any error of the chain; the outermost
/// known one decides. Returns `None` for every other error, and if a `tonic::Status`, which has its own code, comes first.
///
/// A timeout of hyper is a timeout of its keep-alive. It is UNAVAILABLE in the gRPC specification and in tonic.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn grpc_code(error: &(dyn Error + 'static)) -> Option<GrpcCode> {
    of_chain(error, GrpcCode::DeadlineExceeded)
}

/// Returns the gRPC code of an error of a client's connection. A timeout of the operating system is UNAVAILABLE here: the peer
/// does not respond, and the deadline of the call did not pass. gRPC's "Status codes and their use" gives UNAVAILABLE to a broken
/// transport.
#[cfg(feature = "client")]
pub(crate) fn grpc_code_of_connection(error: &(dyn Error + 'static)) -> Option<GrpcCode> {
    of_chain(error, GrpcCode::Unavailable)
}

fn of_chain(error: &(dyn Error + 'static), io_timeout: GrpcCode) -> Option<GrpcCode> {
    for error in guard::chain(error) {
        #[cfg(feature = "tonic")]
        {
            // The connection was not made in time. No request was sent, so the error is UNAVAILABLE.
            if error.is::<tonic::ConnectError>() {
                return None;
            }
            if let Some(status) = error.downcast_ref::<tonic::Status>() {
                return is_timer(status).then_some(GrpcCode::DeadlineExceeded);
            }
            // tonic reads it as CANCELLED, which means that the caller cancelled the call.
            if error.is::<tonic::TimeoutExpired>() {
                return Some(GrpcCode::DeadlineExceeded);
            }
        }
        if error.is::<tower::timeout::error::Elapsed>() || error.is::<tokio::time::error::Elapsed>() {
            return Some(GrpcCode::DeadlineExceeded);
        }
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return Some(io_timeout);
        }
        if error.is::<tower::load_shed::error::Overloaded>() {
            return Some(GrpcCode::ResourceExhausted);
        }
    }
    None
}

/// Returns whether tonic made the status from the error of its own timer, as its bodies do.
#[cfg(feature = "tonic")]
fn is_timer(status: &tonic::Status) -> bool {
    let source = status.source().filter(|_| status.code() == tonic::Code::Cancelled);
    source.is_some_and(|source| guard::chain(source).any(|error| error.is::<tonic::TimeoutExpired>()))
}
