use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("number")]
    #[code(403003)]
    Number,
    #[error("name")]
    #[code(UserBanned)]
    Name,
    #[error("text")]
    #[code = "USER_BANNED"]
    Text,
    #[error("empty")]
    #[code()]
    Empty,
    #[error("bare")]
    #[code]
    Bare,
    #[error("two")]
    #[code(USER_BANNED, USER_SUSPENDED)]
    Two,
    #[error("junk")]
    #[code(USER_BANNED USER_SUSPENDED)]
    Junk,
}

#[derive(Debug, thiserror::Error, ApiError)]
#[error("no catalogue")]
#[codes]
#[code(USER_BANNED)]
struct NoCatalogue;

fn main() {}
