#[derive(Debug, codelibra::ApiError)]
#[code(USER_BANNED)]
struct NotAnError;

#[derive(Debug, thiserror::Error, codelibra::ApiError)]
#[error("stays on its thread")]
#[code(USER_BANNED)]
struct NotSend(std::rc::Rc<u8>);

fn main() {}
