//! The five bodies, written and read.
#![cfg(feature = "gateway")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use codelibra::http::{DetailTypes, Form, read_body, write_body};
use codelibra::{ApiError, CATALOG, ReceivedError, rpc};

fn types() -> &'static DetailTypes {
    DetailTypes::standard()
}

/// A detail that nobody here knows.
const UNKNOWN: (&str, &[u8]) = ("type.googleapis.com/acme.v1.Unknown", &[0x0a, 3, b'a', b'b', b'c', 0x10, 7]);

fn rich(number: u32) -> ApiError {
    ApiError::from_catalog(&CATALOG, number)
        .unwrap()
        .with_message(format!("quote \" newline \n snow \u{2603} of {number}"))
        .with_metadata("one", "1")
        .with_metadata("code", "somebody's own")
        .with_metadata("", "")
        .with_detail(&rpc::BadRequest {
            field_violations: vec![rpc::bad_request::FieldViolation {
                field: "user.emails[3]".into(),
                description: "no address".into(),
                reason: "NO_ADDRESS".into(),
                localized_message: Some(rpc::LocalizedMessage {
                    locale: "de".into(),
                    message: "keine Adresse".into(),
                }),
            }],
        })
        .with_raw_detail(UNKNOWN.0, UNKNOWN.1)
}

#[track_caller]
fn assert_same(a: &ApiError, b: &ApiError) {
    assert_eq!(a.number(), b.number());
    assert_eq!(a.domain(), b.domain());
    assert_eq!(a.reason(), b.reason());
    assert_eq!(a.message(), b.message());
    assert_eq!(a.metadata(), b.metadata());
    assert_eq!(a.grpc_code(), b.grpc_code());
    let details = |e: &ApiError| -> Vec<_> {
        e.details().map(|d| (d.type_url().to_owned(), d.value().to_vec())).collect()
    };
    assert_eq!(details(a), details(b));
}

fn through(error: &ApiError, form: Form) -> ReceivedError {
    let body = write_body(form, error, types());
    let read = read_body(&body, &CATALOG, types());
    assert_eq!(read.notes(), [], "{form}: {}", String::from_utf8_lossy(&body));
    read
}

#[test]
fn every_code_crosses_every_form_and_grpc_and_back() {
    for form in Form::ALL {
        for entry in CATALOG.entries() {
            for error in [ApiError::from_catalog(&CATALOG, entry.code).unwrap(), rich(entry.code)] {
                let received = through(&error, form).forward();
                assert_same(&error, &received);
            }
        }
    }
}
