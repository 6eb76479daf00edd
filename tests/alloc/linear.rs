//! The work on a peer's input is linear: twice the input takes twice the memory, and not four times.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use codelibra::http::{Form, Reader, Responder};
use codelibra::rpc::BadRequest;
use codelibra::rpc::bad_request::FieldViolation;
use codelibra::server::ServerLayer;
use codelibra::{ApiError, Boundary, CATALOG, ErrorCode, ReceivedError};
use http::HeaderMap;
use prost::Message;
use tonic::{Code, Status};
use tower::{Layer, Service, service_fn};

/// Returns a status of 403003 with these encoded details.
fn status(details: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut status = ApiError::new(ErrorCode::USER_BANNED).to_details().to_vec();
    for detail in details {
        prost::encoding::encode_key(3, prost::encoding::WireType::LengthDelimited, &mut status);
        prost::encoding::encode_varint(u64::try_from(detail.len()).unwrap(), &mut status);
        status.extend(detail);
    }
    status
}

fn any(name: &str, value: Vec<u8>) -> Vec<u8> {
    prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value }.encode_to_vec()
}

fn bad_request(violations: Range<usize>) -> Vec<u8> {
    let violation = |i| FieldViolation { field: format!("f{i}"), ..Default::default() };
    let request = BadRequest { field_violations: violations.map(violation).collect() };
    any("google.rpc.BadRequest", request.encode_to_vec())
}

type Input = (&'static str, fn(usize) -> Vec<u8>);

/// The parts that a peer can repeat, each as a status with `n` of them.
const INPUTS: [Input; 7] = [
    ("BadRequests with a violation", |n| status((0..n).map(|i| bad_request(i..i + 1)))),
    ("BadRequests without a violation", |n| status((0..n).map(|_| bad_request(0..0)))),
    ("violations of one BadRequest", |n| status([bad_request(0..n)])),
    ("details of one type", |n| status((0..n).map(|_| any("a.B", vec![8, 1])))),
    ("details of a type each", |n| status((0..n).map(|i| any(&format!("a.B{i}"), vec![])))),
    ("ErrorInfos", |n| status((0..n).map(|_| any("google.rpc.ErrorInfo", vec![0x0a, 1, b'X'])))),
    ("metadata", |n| {
        let error = ApiError::new(ErrorCode::USER_BANNED);
        (0..n).fold(error, |error, i| error.with_metadata(format!("k{i:07}"), "v")).to_details().to_vec()
    }),
];

/// Sends a failure through the server layer: its fields fit the budget.
fn send(details: &[u8], boundary: Boundary) {
    let status = Status::with_details(Code::PermissionDenied, "m", details.to_vec().into());
    let service = service_fn(move |_: http::Request<()>| {
        std::future::ready(Ok::<_, Infallible>(status.clone().into_http::<tonic::body::Body>()))
    });
    let layer = ServerLayer::new::<ErrorCode>().boundary(boundary);
    let response = pin!(layer.layer(service).call(http::Request::new(())));
    let Poll::Ready(Ok(response)) = response.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the service waits")
    };
    let fields: &HeaderMap = response.headers();
    assert_eq!(fields.get("codelibra-error-code").unwrap(), "403003");
    assert!(
        fields.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum::<usize>() < 3 << 10
    );
}

/// Calls every method of a received error.
fn receive(details: &[u8]) {
    let error = ReceivedError::from_details(details.to_vec(), &CATALOG);
    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    let _ = (error.notes(), error.retry_advice(), error.request_id(), format!("{error:?}"));
    let forwarded = error.assume_trusted();
    let _ = forwarded.to_details();
    // Write and read each form of HTTP.
    let responder = Responder::new::<ErrorCode>().boundary(Boundary::internal());
    for form in [Form::Native, Form::Problem, Form::Aip193, Form::RpcStatus, Form::Connect] {
        let response = responder.clone().form(form).respond(&http::HeaderMap::new(), &forwarded);
        let body = response.into_body();
        let _ = Reader::new::<ErrorCode>().read_body(body.as_ref());
    }
}

#[test]
fn twice_the_input_takes_twice_the_memory() {
    type Work = fn(&[u8]);
    let steps: [(&str, Work); 3] = [
        ("sent, public", |details| send(details, Boundary::public())),
        ("sent, internal", |details| send(details, Boundary::internal())),
        ("received", receive),
    ];
    for (name, input) in INPUTS {
        for (step, work) in steps {
            // The first run creates the tables and the pool of descriptors.
            work(&input(1));
            let [once, twice] = [2000, 4000].map(|n| {
                let details = input(n);
                measure(|| work(&details))
            });
            for (what, once, twice) in [
                ("bytes", once.bytes_total, twice.bytes_total),
                ("allocations", once.count_total, twice.count_total),
            ] {
                assert!(
                    twice < once * 5 / 2 + 1000,
                    "{name}, {step}: {once} {what} become {twice} with twice the input"
                );
            }
        }
    }
}
