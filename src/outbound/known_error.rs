//! The errors of tower, tokio, tonic and the operating system whose gRPC code is known.

use std::error::Error;
use std::io;

use crate::catalog::GrpcCode;
use crate::guard::sources;

/// The gRPC code of an error that a service returns in place of a response: DEADLINE_EXCEEDED for a timeout,
/// RESOURCE_EXHAUSTED for load that was shed (as tonic's own server answers it). The outermost error of the chain
/// counts that has one. `None` for every other error, and where a `tonic::Status` comes first, which has a code itself.
///
/// A timeout of hyper is one of its keep-alive; the gRPC specification makes it UNAVAILABLE, as tonic does.
#[cfg(any(feature = "gateway", feature = "server"))]
pub(crate) fn grpc_code(error: &(dyn Error + 'static)) -> Option<GrpcCode> {
    of_chain(error, GrpcCode::DeadlineExceeded)
}

/// The same of an error of a client's connection, where a timeout of the operating system is UNAVAILABLE: the peer does not
/// answer at all, whatever the deadline of the call. gRPC's "Status codes and their use": UNAVAILABLE is "a broken
/// transport".
#[cfg(feature = "client")]
pub(crate) fn grpc_code_of_connection(error: &(dyn Error + 'static)) -> Option<GrpcCode> {
    of_chain(error, GrpcCode::Unavailable)
}

fn of_chain(error: &(dyn Error + 'static), io_timeout: GrpcCode) -> Option<GrpcCode> {
    for error in sources::chain(error) {
        #[cfg(feature = "tonic")]
        {
            // A connection that was not made in time: no request was sent, so it is UNAVAILABLE.
            if error.is::<tonic::ConnectError>() {
                return None;
            }
            if let Some(status) = error.downcast_ref::<tonic::Status>() {
                return is_timer(status).then_some(GrpcCode::DeadlineExceeded);
            }
            // tonic alone reads it as CANCELLED, which means that the caller cancelled the call.
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

/// Whether tonic made the status of its own timer: a body of tonic passes the error on as a status.
#[cfg(feature = "tonic")]
fn is_timer(status: &tonic::Status) -> bool {
    let source = status.source().filter(|_| status.code() == tonic::Code::Cancelled);
    source.is_some_and(|source| sources::chain(source).any(|error| error.is::<tonic::TimeoutExpired>()))
}
