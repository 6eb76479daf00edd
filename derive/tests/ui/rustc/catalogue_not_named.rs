// The codes of another catalogue, without `#[codes]`: one message names the attribute.
mod errors {
    include!("../../../../tests/data/shop.rs");
}

use errors::ErrorCode;

#[derive(Debug, thiserror::Error, codelibra::ApiError)]
enum Failure {
    #[error("known")]
    #[code(USER_BANNED)]
    Banned,
    #[error("sold out")]
    #[code(SOLD_OUT)]
    SoldOut,
    #[error("misspelt")]
    #[code(CARD_EXPIRED)]
    CardExpired,
}

fn main() {
    let _ = ErrorCode::SOLD_OUT;
}
