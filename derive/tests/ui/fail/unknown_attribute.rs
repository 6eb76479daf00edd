use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("key")]
    #[code(USER_BANNED, mesage = "banned")]
    Key,
    #[error("param key")]
    #[code(SCOPE_MISSING)]
    ParamKey(#[param(nam = "scope")] String),
    #[error("attribute")]
    #[code(SCOPE_MISSING)]
    #[detail(help)]
    Attribute,
}

fn main() {}
