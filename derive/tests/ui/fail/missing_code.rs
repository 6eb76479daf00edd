use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("coded")]
    #[code(USER_BANNED)]
    Coded,
    #[error("one")]
    One,
    #[error("two")]
    Two(u8),
}

#[derive(Debug, thiserror::Error, ApiError)]
#[error("whole")]
struct Whole;

// No further error: the conversion is there.
fn convert() -> Result<(), ApiError> {
    Err(Failure::One)?
}

fn main() {}
