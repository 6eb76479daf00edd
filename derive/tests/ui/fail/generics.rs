use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
#[error("generic")]
#[code(USER_BANNED)]
struct Generic<T>(T);

#[derive(Debug, thiserror::Error, ApiError)]
#[error("borrowed")]
#[code(USER_BANNED)]
struct Borrowed<'a>(&'a str);

fn main() {}
