use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("no name")]
    #[code(SCOPE_MISSING)]
    NoName(#[param] String),
    #[error("twice")]
    #[code(LIMIT_TOO_LARGE)]
    Twice {
        #[param]
        limit: u32,
        #[param(name = "limit")]
        max: u32,
    },
}

fn main() {}
