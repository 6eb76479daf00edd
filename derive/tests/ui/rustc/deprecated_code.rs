#![deny(deprecated)]

use codelibra::ApiError;

#[allow(dead_code, missing_docs)]
mod errors {
    include!("../../../../tests/data/history.rs");
}

#[derive(Debug, thiserror::Error, ApiError)]
#[codes(errors::ErrorCode)]
enum Failure {
    #[error("no login")]
    #[code(NO_LOGIN)]
    NoLogin,
    #[error("the card {0} is old")]
    #[code(errors::ErrorCode::CARD_OLD)]
    Card(#[param(name = "card")] String),
    #[error("the book is gone")]
    #[code(BOOK_BURNT)]
    Book,
    #[error("no card")]
    #[code(NO_CARD)]
    NoCard,
}

fn main() {
    let _ = errors::ErrorCode::NO_LOGIN;
    let _ = errors::CardOld::default();
    let _ = errors::CardTorn::default();
}
