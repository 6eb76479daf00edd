//! HTTP answers in both directions: five forms of bodies, each written and read, nothing lost, and the fields
//! around them.
//!
//! An error is written in one form, which the author of a gateway or the caller picks; a reader takes any
//! of them unasked. What is read becomes an encoded `google.rpc.Status`, as if it had come over gRPC, so
//! that there is one kind of [`ReceivedError`](crate::ReceivedError).
//!
//! ```
//! use codelibra::http::{DetailTypes, Form, read_body, write_body};
//! use codelibra::{CATALOG, ApiError, ErrorCode};
//!
//! let types = DetailTypes::standard();
//! let body = write_body(Form::Problem, &ApiError::new(ErrorCode::USER_BANNED), types);
//! let error = read_body(&body, &CATALOG, types);
//! assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
//! ```
//!
//! A [`Responder`] makes the whole answer of an error, as the [`Caller`] takes it; [`read`] reads one.

mod bridge;
mod caller;
mod detail_types;
mod finish;
mod form;
mod read;
mod receive;
mod request_info;
mod respond;
mod stream;
mod write;

pub use crate::outbound::boundary::Boundary;
pub use crate::outbound::budget::Budget;
pub use crate::outbound::fallback::Fallback;
pub use crate::outbound::log_limit::LogLimit;
#[cfg(feature = "axum")]
pub(crate) use bridge::received;
pub use bridge::{
    BridgeBody, GrpcToHttpFuture, GrpcToHttpLayer, GrpcToHttpService, HttpToGrpcFuture, HttpToGrpcLayer,
    HttpToGrpcService,
};
pub use caller::{Caller, prefers};
pub use detail_types::{DetailTypes, InvalidDescriptorSet, MAX_DETAIL};
pub use form::Form;
pub use read::{MAX_BODY, read, read_body};
pub use receive::{receive, receive_with};
pub use respond::{EXPOSED_HEADERS, Responder};
pub use stream::{StreamBody, StreamEvent, StreamForm, StreamReader};
pub use write::write_body;
