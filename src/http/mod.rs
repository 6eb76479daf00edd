//! HTTP bodies in both directions: five forms, each written and read, nothing lost.
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

mod detail_types;
mod form;
mod read;
mod write;

pub use detail_types::{DetailTypes, InvalidDescriptorSet, MAX_DETAIL};
pub use form::Form;
pub use read::{MAX_BODY, read, read_body};
pub use write::write_body;
