//! Every form of the attributes, for CodeLibra's own catalogue, with warnings denied.

#![deny(warnings, clippy::all)]
#![allow(unreachable_pub, reason = "the public items of a user's crate")]

use codelibra::{ApiError, ErrorCode};

#[derive(Debug, thiserror::Error, ApiError)]
pub enum Failure {
    #[error("unit")]
    #[code(USER_BANNED)]
    Unit,
    #[error("tuple {0} {1}")]
    #[code(codelibra::ErrorCode::ALREADY_PAID)]
    Tuple(u8, u8),
    #[error("named {secret}")]
    #[code(LIMIT_TOO_LARGE, message = "at most {max_limit:>4}, not {limit}")]
    Named {
        #[param]
        limit: i64,
        #[param(name = "max_limit")]
        max_limit: u16,
        secret: String,
    },
    #[error(transparent)]
    #[code(transparent)]
    Inner(#[from] Plain),
}

#[derive(Debug, thiserror::Error, ApiError)]
#[error("plain")]
#[code(ErrorCode::NOT_FOUND, message = "nothing {{here}}")]
pub struct Plain;

// Without thiserror.
impl std::fmt::Display for Failure2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("by hand")
    }
}

impl std::error::Error for Failure2 {}

#[derive(Debug, codelibra::ApiError)]
#[code(SCOPE_MISSING)]
pub struct Failure2(#[param(name = "scope")] pub &'static str);

#[test]
fn every_form_of_the_attributes_compiles() {
    let error = ApiError::from(Failure::from(Plain));
    assert_eq!(error.message(), "nothing {here}");
    let status = tonic::Status::from(Failure2("read"));
    assert_eq!(i32::from(status.code()), 7);
}
