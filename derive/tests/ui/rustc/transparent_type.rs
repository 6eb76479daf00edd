use codelibra::ApiError;

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error(transparent)]
    #[code(transparent)]
    Io(#[from] std::io::Error),
}

fn main() {}
