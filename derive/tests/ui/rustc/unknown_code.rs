use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("misspelt")]
    #[code(USER_BANED)]
    Misspelt,
    #[error("misspelt, with param")]
    #[code(codelibra::ErrorCode::SCOPE_MISING)]
    Param(#[param(name = "scope")] String),
    #[error("no such catalogue")]
    #[code(errors::ErrorCode::SOLD_OUT)]
    Catalogue,
}

fn main() {}
