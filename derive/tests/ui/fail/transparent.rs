use codelibra::{ApiError, ErrorCode};

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("two")]
    #[code(transparent)]
    Two(ErrorCode, u8),
    #[error("none")]
    #[code(transparent)]
    NoField,
    #[error("param")]
    #[code(transparent)]
    Param(#[param(name = "scope")] ErrorCode),
    #[error("message")]
    #[code(transparent, message = "text")]
    Message(ErrorCode),
}

fn main() {}
