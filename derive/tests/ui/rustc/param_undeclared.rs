use codelibra::ApiError;

mod errors {
    include!("../../../../tests/data/shop.rs");
}

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("misspelt")]
    #[code(LOCKED_OUT)]
    Misspelt {
        #[param]
        until: codelibra::params::Timestamp,
    },
    #[error("renamed to nothing")]
    #[code(LIMIT_TOO_LARGE)]
    Renamed(#[param(name = "maximum")] i64),
    #[error("none declared")]
    #[code(USER_BANNED)]
    NoneDeclared {
        #[param]
        user: String,
    },
    #[error("of another catalogue")]
    #[code(errors::ErrorCode::SOLD_OUT)]
    Other {
        #[param]
        scope: String,
    },
}

fn main() {}
