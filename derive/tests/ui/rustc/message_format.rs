use codelibra::ApiError;

#[derive(Debug)]
struct Opaque;

#[derive(Debug, thiserror::Error, ApiError)]
#[error("no Display")]
#[code(UNEXPECTED_ERROR, message = "about {0}")]
struct NoDisplay(Opaque);

#[derive(Debug, thiserror::Error, ApiError)]
#[error("unclosed")]
#[code(UNEXPECTED_ERROR, message = "about {user")]
struct Unclosed {
    user: u8,
}

fn main() {}
