use codelibra::ApiError;

#[derive(Debug)]
struct OrderId(u64);

#[derive(Debug, thiserror::Error, ApiError)]
enum Failure {
    #[error("another kind")]
    #[code(LOCKED_OUT)]
    Kind {
        #[param]
        locked_until: Option<String>,
    },
    #[error("no kind")]
    #[code(SCOPE_MISSING)]
    NoKind {
        #[param]
        scope: OrderId,
    },
    #[error("does not fit")]
    #[code(LIMIT_TOO_LARGE)]
    Wide {
        #[param]
        limit: usize,
    },
}

fn main() {}
