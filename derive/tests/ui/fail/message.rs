use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("unknown")]
    #[code(USER_BANNED, message = "no such {usr}")]
    Unknown { user: u8, since: u8 },
    #[error("position")]
    #[code(USER_BANNED, message = "{}")]
    Position(u8),
    #[error("fieldless")]
    #[code(USER_BANNED, message = "{0}")]
    Fieldless,
    #[error("private")]
    #[code(UNEXPECTED_ERROR, message = "failed: {0}")]
    Private(#[from] std::io::Error),
    #[error("private too")]
    #[code(UNEXPECTED_ERROR, message = "failed: {source}")]
    PrivateToo { source: std::fmt::Error },
    #[error("empty")]
    #[code(UNEXPECTED_ERROR, message = " ")]
    Empty,
    #[error("number")]
    #[code(UNEXPECTED_ERROR, message = 7)]
    Number,
}

fn main() {}
