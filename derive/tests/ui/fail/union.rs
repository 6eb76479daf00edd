#[derive(codelibra::ApiError)]
#[code(USER_BANNED)]
union Failure {
    number: u32,
    bytes: [u8; 4],
}

fn main() {}
