use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
#[codes(codelibra::ErrorCode)]
#[codes(codelibra::ErrorCode)]
enum Failure {
    #[error("code")]
    #[code(USER_BANNED)]
    #[code(USER_SUSPENDED)]
    Code,
    #[error("param")]
    #[code(SCOPE_MISSING)]
    Param(
        #[param(name = "scope")]
        #[param(name = "scope")]
        String,
    ),
    #[error("message")]
    #[code(USER_BANNED, message = "one", message = "two")]
    Message,
}

fn main() {}
