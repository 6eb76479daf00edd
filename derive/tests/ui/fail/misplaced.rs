use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
#[code(USER_BANNED)]
#[param]
enum Failure {
    #[error("variant")]
    #[code(USER_BANNED)]
    #[codes(codelibra::ErrorCode)]
    #[param]
    Variant,
    #[error("field")]
    #[code(USER_BANNED)]
    Field(#[code(USER_BANNED)] u8),
}

fn main() {}
