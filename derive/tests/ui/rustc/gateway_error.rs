// `?` in a handler converts errors that have a code, and the message names what to do with others.

use codelibra::ApiError;
use codelibra::axum::GatewayError;

#[derive(Debug, thiserror::Error)]
#[error("the store is full")]
struct StoreFull;

fn store() -> Result<(), StoreFull> {
    Err(StoreFull)
}

fn handler() -> Result<(), GatewayError> {
    store()?;
    let _: u16 = "5".parse()?;
    Ok(())
}

fn converted() -> GatewayError {
    StoreFull.into()
}

fn without_axum() -> Result<(), ApiError> {
    Ok(store()?)
}

fn main() {
    let _ = (handler(), converted(), without_axum());
}
