use codelibra::ErrorCode;
use codelibra::http::Reader;

use crate::cursor::Cursor;
use crate::oracle::{outcome, outcome_of, read_all};
use crate::{Target, seeds};

/// Any body of any media type is read as an error.
pub const BODIES: Target = Target { name: "bodies", run, seeds: seeds::bodies };

const MEDIA_TYPES: [&str; 6] = [
    "application/json",
    "application/problem+json",
    "application/json; charset=utf-16",
    "text/html",
    "application/grpc",
    "",
];

fn run(data: &[u8]) -> u64 {
    let alone = read_all(Reader::new::<ErrorCode>().read_body(data));
    // The last bytes of the body select the media type and the status, so that the first bytes remain a body.
    let mut cursor = Cursor::new(data.last_chunk::<2>().map_or(&[], |end| end.as_slice()));
    let media_type = MEDIA_TYPES[cursor.below(MEDIA_TYPES.len())];
    let status = 100 + u16::from(cursor.byte()) * 2;
    let response = http::Response::builder().status(status).header("content-type", media_type);
    let (parts, ()) = response.body(()).expect("a response").into_parts();
    let answer = read_all(Reader::new::<ErrorCode>().read_parts(&parts, data));
    outcome((outcome_of(&alone), outcome_of(&answer)))
}
