//! Errors as HTTP responses, in both directions: five forms of bodies, each written and read, and the headers of a failure.
//!
//! A [`Responder`] makes the response to an error. The author of a gateway chooses the [`Form`] of the body, or the
//! [`Caller`] asks for one. A [`Reader`] reads the error of a response, in any form. It turns the body into an encoded
//! `google.rpc.Status`, as if the error had arrived over gRPC, so there is one type of received error:
//! [`ReceivedError`](crate::ReceivedError).
//!
//! ```
//! use codelibra::ErrorCode;
//! use codelibra::http::{Form, Reader, Responder};
//!
//! let request = http::Request::get("/users/7").body(())?;
//! let responder = Responder::new::<ErrorCode>().form(Form::Problem);
//! let (parts, body) = responder.respond(&request, &ErrorCode::USER_BANNED.into()).into_parts();
//!
//! let error = Reader::new::<ErrorCode>().read_parts(&parts, &body);
//! assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
//! # Ok::<(), http::Error>(())
//! ```

mod bridge;
mod caller;
mod collect;
mod detail_types;
mod form;
mod read;
mod request_info;
mod respond;
mod stream;
mod write;

#[cfg(feature = "axum")]
pub(crate) use bridge::read_grpc_failure;
pub use bridge::{
    BridgeBody, GrpcToHttpFuture, GrpcToHttpLayer, GrpcToHttpService, HttpToGrpcFuture, HttpToGrpcLayer,
    HttpToGrpcService,
};
pub use caller::{Caller, prefers};
pub use collect::MAX_BODY;
pub use detail_types::{DetailTypes, InvalidDescriptorSet, MAX_DETAIL};
pub use form::Form;
pub use read::Reader;
use read::read_parts;
pub use respond::{EXPOSED_HEADERS, Responder};
pub use stream::{StreamBody, StreamEvent, StreamForm, StreamReader};
pub use write::write_body;
