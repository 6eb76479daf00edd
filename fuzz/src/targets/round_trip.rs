use codelibra::http::{DetailTypes, Form, Reader, write_body};
use codelibra::{ApiError, CATALOG, ErrorCode, Note, ReceivedError, StatusCodeExt, rpc};
use tonic::Status;

use crate::cursor::Cursor;
use crate::oracle::{outcome_of, read_all};
use crate::{Target, seeds};

/// Any error of a service is received unchanged, over gRPC and in all five bodies.
pub const ROUND_TRIP: Target = Target { name: "round_trip", run, seeds: seeds::noise };

fn run(data: &[u8]) -> u64 {
    let error = error(&mut Cursor::new(data));
    let status = Status::from(&error);
    let received = read_all(status.to_received::<ErrorCode>());
    same(&error, &received);
    assert!(received.details().eq(error.details()));
    let is_expected = |note: &Note| match note {
        Note::UnknownCode(number) => *number == error.number(),
        // A raw detail contains any bytes.
        Note::CorruptDetail { .. } => true,
        _ => false,
    };
    assert!(received.notes().iter().all(is_expected), "{:?}", received.notes());
    assert_eq!(received.assume_trusted().to_details(), error.to_details());
    let header = ReceivedError::from_details_header(error.to_details_header().as_bytes(), &CATALOG);
    same(&error, &header);

    let types = DetailTypes::standard();
    for form in Form::ALL {
        let body = write_body(form, &error, types);
        same(&error, &read_all(Reader::new::<ErrorCode>().read_body(&body)));
    }
    outcome_of(&received)
}

fn same(sent: &ApiError, received: &ReceivedError) {
    assert_eq!(received.number(), Some(sent.number()), "{received:?}");
    assert_eq!((received.domain(), received.reason()), (sent.domain(), sent.reason()));
    assert_eq!((received.message(), received.grpc_code()), (sent.message(), sent.grpc_code()));
    assert_eq!(received.metadata(), sent.metadata());
}

fn error(cursor: &mut Cursor<'_>) -> ApiError {
    let number = match cursor.below(2) {
        0 => CATALOG.entries()[cursor.below(CATALOG.entries().len())].code,
        _ => 400_000 + cursor.number() % 200_000,
    };
    let mut error = ApiError::new(ErrorCode::from_u32(number).expect("a code"));
    if cursor.below(2) == 0 {
        error = error.with_message(cursor.text());
    }
    for _ in 0..cursor.below(4) {
        let (key, value) = (cursor.text(), cursor.text());
        // `ApiError::with_metadata`: these keys are reserved, and a body without our ErrorInfo does not contain them.
        if !matches!(key.as_str(), "code" | "shed") {
            error = error.with_metadata(key, value);
        }
    }
    for _ in 0..cursor.below(4) {
        error = match cursor.below(4) {
            0 => error.with_detail(&rpc::RequestInfo { request_id: cursor.text(), ..Default::default() }),
            1 => error.with_detail(&rpc::LocalizedMessage { locale: "de".into(), message: cursor.text() }),
            2 => error.with_raw_detail("type.example.com/acme.v1.Unknown", cursor.bytes()),
            _ => error.with_raw_detail(&cursor.text(), cursor.rest()),
        };
    }
    error
}
