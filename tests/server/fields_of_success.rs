//! Fields of a failure in an answer that is not a failure: clients ignore them, the boundary did not check them, and they may
//! contain private text. The server layer removes them.

use std::convert::Infallible;

use crate::web;
use crate::web::{BINARY, TEXT, encode, frame};
use bytes::Bytes;
use codelibra::ErrorCode;
use codelibra::server::ServerLayer;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::body::Body;
use tower::{Layer, ServiceExt, service_fn};

const CANARY: &str = "cAnArY-7f3e";

const REMOVED: [&str; 5] = [
    "grpc-message",
    "grpc-status-details-bin",
    "codelibra-error-code",
    "codelibra-cause",
    "codelibra-received",
];

/// The answer of the service.
#[derive(Clone, Debug, Default)]
struct Answer {
    content_type: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    /// The body, before the trailers.
    data: Bytes,
    trailers: Vec<(&'static str, &'static str)>,
}

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    fields.iter().map(field).collect()
}

/// Returns the headers, the body and the trailers that a caller with this `content-type` receives.
async fn received(request: &str, answer: Answer) -> (HeaderMap, Bytes, HeaderMap) {
    let service = service_fn(move |_: Request<()>| {
        let mut frames = vec![Ok::<_, Infallible>(Frame::data(answer.data.clone()))];
        frames.extend((!answer.trailers.is_empty()).then(|| Ok(Frame::trailers(map(&answer.trailers)))));
        let mut response = Response::new(Body::new(StreamBody::new(tokio_stream::iter(frames))));
        *response.headers_mut() = map(&answer.headers);
        response.headers_mut().insert("content-type", HeaderValue::from_static(answer.content_type));
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let request = Request::post("/a.B/C").header("content-type", request).body(()).unwrap();
    let response = ServerLayer::new::<ErrorCode>().layer(service).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    (parts.headers, body.to_bytes(), trailers)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Returns a field with a private value. The value of a code is valid, so that a reader would use it.
fn beside(name: &'static str) -> (&'static str, &'static str) {
    (name, if name == "codelibra-error-code" { "403003" } else { CANARY })
}

#[tokio::test]
async fn trailers_of_a_success_have_no_field_of_a_failure() {
    let ok = ("grpc-status", "0");
    let other = ("x-rows", "7");
    let mut faults = Vec::new();
    for (request, content_type) in [
        ("application/grpc", "application/grpc"),
        ("application/grpc-web", "application/grpc"),
        ("application/json", "application/grpc"),
        ("application/json", "application/json"),
    ] {
        for name in REMOVED {
            for (place, headers, trailers) in [
                ("the OK is in the headers", vec![ok], vec![beside(name), other]),
                ("the OK is in the trailers", vec![], vec![ok, beside(name), other]),
                ("the OK is in both", vec![ok], vec![ok, beside(name), other]),
                ("there is no status", vec![], vec![beside(name), other]),
            ] {
                if place == "there is no status" && request != "application/json" {
                    // It is a failure: the service ended its response without grpc-status.
                    continue;
                }
                let (headers, trailers) = (headers.clone(), trailers.clone());
                let answer = Answer { content_type, headers, trailers, ..Answer::default() };
                let has_status = answer.trailers.contains(&ok);
                let (_, _, trailers) = received(request, answer).await;
                let what = format!("{name}, {request} answered in {content_type}, {place}");
                assert_eq!(trailers["x-rows"], "7", "{what}");
                assert_eq!(trailers.contains_key("grpc-status"), has_status, "{what}");
                if trailers.contains_key(name) {
                    faults.push(what);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} rows:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test]
async fn headers_of_a_grpc_success_have_no_field_of_a_failure() {
    let ok = ("grpc-status", "0");
    let mut faults = Vec::new();
    for (request, content_type) in [
        ("application/grpc", "application/grpc"),
        (BINARY, BINARY),
        (TEXT, TEXT),
        ("application/grpc-web", "application/grpc"),
    ] {
        for name in REMOVED {
            for (place, headers, trailers) in [
                ("with the OK", vec![ok, beside(name), ("x-rows", "7")], vec![]),
                ("before the OK", vec![beside(name), ("x-rows", "7")], vec![ok]),
            ] {
                let answer = Answer { content_type, headers, trailers, ..Answer::default() };
                let (headers, ..) = received(request, answer).await;
                let what = format!("{name}, {request} answered in {content_type}, {place}");
                assert_eq!(headers["x-rows"], "7", "{what}");
                if headers.contains_key(name) {
                    faults.push(what);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} rows:\n{}", faults.len(), faults.join("\n"));
}

/// The code of an HTTP answer is in its headers.
#[tokio::test]
async fn an_http_answer_keeps_its_code() {
    let headers = vec![("codelibra-error-code", "403003")];
    let answer = Answer { content_type: "application/json", headers, ..Answer::default() };
    let (headers, ..) = received("application/json", answer).await;
    assert_eq!(headers["codelibra-error-code"], "403003");
}

#[tokio::test]
async fn a_trailer_frame_of_a_success_has_no_field_of_a_failure() {
    let mut faults = Vec::new();
    for (content_type, is_text) in [(BINARY, false), (TEXT, true)] {
        for name in REMOVED {
            for (headers, status) in [
                (vec![], "grpc-status: 0\r\n"),
                (vec![("grpc-status", "0")], "grpc-status: 0\r\n"),
                (vec![("grpc-status", "0")], ""),
                // The line is not a field, because a value must not contain a carriage return.
                (vec![("grpc-status", "0")], "grpc-status: 13\rx: y\r\n"),
            ] {
                let (name, value) = beside(name);
                let block = format!("{status}{name}: {value}\r\nx-rows: 7\r\n");
                let data = frame(0x80, block.as_bytes());
                let data = if is_text { encode(&data) } else { data.into() };
                let answer = Answer { content_type, headers, data, trailers: vec![] };
                let (_, body, trailers) = received(content_type, answer).await;
                let body = if is_text { web::decode(&body) } else { body.to_vec() };
                let what = format!("{content_type}, {status:?}, {name}");
                assert!(trailers.is_empty(), "{what}");
                assert!(contains(&body, "x-rows: 7\r\n"), "{what}");
                assert_eq!(contains(&body, "grpc-status: 0\r\n"), status == "grpc-status: 0\r\n", "{what}");
                if contains(&body, name) || contains(&body, CANARY) {
                    faults.push(what);
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} rows:\n{}", faults.len(), faults.join("\n"));
}
