//! The private parts that the table does not have, through the bridges, streams, a responder and axum.

use std::convert::Infallible;

use ::axum::Router;
use ::axum::routing::get;
use bytes::Bytes;
use codelibra::axum::{ErrorLayer, GatewayError};
use codelibra::http::{Form, GrpcToHttpLayer, HttpToGrpcLayer, Reader, Responder, StreamBody, StreamForm};
use codelibra::{Boundary, CATALOG, ErrorCode, ReceivedError, StatusCodeExt, rpc};
use http::header::HeaderMap;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody as Frames};
use tonic::Status;
use tower::{BoxError, ServiceExt, service_fn};
use tower_layer::Layer;

use crate::single_cases::{
    CANARY, ID, caused, errors, help, info_of_another_service, of, responses, statuses, without_code,
};
use crate::support::Log;

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

fn request() -> Request<Full<Bytes>> {
    let request = Request::post("/test.v1.Test/Unary").header("content-type", "application/grpc");
    request.header("x-request-id", ID).body(Full::default()).unwrap()
}

fn contains(bytes: &[u8]) -> bool {
    // Not even its first word may be sent.
    String::from_utf8_lossy(bytes).contains("cAnArY")
}

/// Whether fields contain the text, the details included.
fn fields_contain(fields: &HeaderMap) -> bool {
    let status = Status::from_header_map(fields);
    fields.values().any(|value| contains(value.as_bytes()))
        || status.is_some_and(|status| contains(status.message().as_bytes()) || contains(status.details()))
}

/// The error of an HTTP response, which does not contain the private text.
async fn read_answer<B>(name: &str, response: Response<B>) -> ReceivedError
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert!(!fields_contain(&parts.headers) && !contains(&body), "{name}: {:?} {body:?}", parts.headers);
    Reader::new::<ErrorCode>().read_parts(&parts, &body)
}

#[track_caller]
fn check(name: &str, error: &ReceivedError, log: &Log, logged: usize, target: &str) {
    assert!(error.number().is_some(), "{name}: {error:?}");
    assert_eq!(error.request_id(), Some(ID), "{name}");
    check_log(name, log, logged, target);
}

#[track_caller]
fn check_log(name: &str, log: &Log, logged: usize, target: &str) {
    let log = log.take();
    assert_eq!(log.matches("cAnArY").count(), logged, "{name}: {log}");
    assert_eq!(log.matches(ID).count(), 1, "{name}: {log}");
    assert_eq!(log.lines().count(), 1, "{name}: {log}");
    assert!(log.contains(target), "{name}: {log}");
}

fn trailers_of(status: &Status) -> HeaderMap {
    let mut fields = status.clone().into_http::<()>().headers().clone();
    fields.remove("content-type");
    fields
}

/// A gRPC response with these frames after its headers.
fn grpc(frames: Vec<Frame<Bytes>>) -> Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    let body = Frames::new(tokio_stream::iter(frames.into_iter().map(Ok)));
    Response::builder().header("content-type", "application/grpc").body(BodyExt::boxed(body)).unwrap()
}

#[tokio::test]
async fn private_text_does_not_cross_from_grpc_to_http() {
    let log = Log::start();
    for (name, logged, status) in statuses() {
        for form in Form::ALL {
            let whole = service_fn(async |_: Request<Full<Bytes>>| {
                Ok::<_, Infallible>(status.clone().into_http::<tonic::body::Body>())
            });
            let bridge = GrpcToHttpLayer::new(responder().form(form)).layer(whole);
            let error = read_answer(&name, bridge.oneshot(request()).await.unwrap()).await;
            check(&name, &error, &log, logged, "codelibra::http");
        }
        let trailers = service_fn(async |_: Request<Full<Bytes>>| {
            Ok::<_, Infallible>(grpc(vec![Frame::trailers(trailers_of(&status))]))
        });
        let bridge = GrpcToHttpLayer::new(responder()).layer(trailers);
        let error = read_answer(&name, bridge.oneshot(request()).await.unwrap()).await;
        check(&name, &error, &log, logged, "codelibra::http");
    }
}

/// Nothing can be sent any more, so everything is in the log: the message of a coded 4xx too.
#[tokio::test]
async fn a_stream_that_breaks_sends_no_private_text() {
    let log = Log::start();
    let banned = ErrorCode::USER_BANNED.with_message(CANARY).into();
    for (name, logged, status) in statuses().into_iter().chain([("a 4xx".into(), 1, banned)]) {
        let late = service_fn(async |_: Request<Full<Bytes>>| {
            let message = Frame::data(Bytes::from_static(b"\0\0\0\0\0"));
            Ok::<_, Infallible>(grpc(vec![message, Frame::trailers(trailers_of(&status))]))
        });
        let bridge = GrpcToHttpLayer::new(responder()).layer(late);
        let mut body = bridge.oneshot(request()).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), &b"\0\0\0\0\0"[..]);
        assert!(body.frame().await.unwrap().is_err(), "{name}");
        assert!(body.frame().await.is_none());
        check_log(&name, &log, logged, "codelibra::http");
    }
}

/// Within an internal boundary an error without a code gets the code of the fallback table, and keeps its parts.
#[tokio::test]
async fn an_internal_boundary_removes_nothing() {
    let log = Log::start();
    let status = without_code("google.rpc.Help", &help());
    let service = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(status.clone().into_http::<tonic::body::Body>())
    });
    let bridge = GrpcToHttpLayer::new(responder().boundary(Boundary::internal())).layer(service);
    let (parts, body) = bridge.oneshot(request()).await.unwrap().into_parts();
    let error = Reader::new::<ErrorCode>().read_parts(&parts, &body.collect().await.unwrap().to_bytes());
    assert_eq!((error.number(), error.message()), (Some(404_003), "gone"));
    assert_eq!(error.detail::<rpc::Help>().unwrap().unwrap(), help());
    check("internal", &error, &log, 0, "codelibra::http");

    // An ErrorInfo without a number keeps its domain and reason.
    let status = without_code("google.rpc.ErrorInfo", &info_of_another_service());
    let error = responder()
        .boundary(Boundary::internal())
        .respond_forwarded(&HeaderMap::new(), &status.to_received::<ErrorCode>());
    let error = Reader::new::<ErrorCode>().read_body(error.body());
    assert_eq!((error.number(), error.domain(), error.reason()), (Some(404_000), "db.example.com", "DOWN"));
    assert_eq!(error.metadata().get("host"), Some(CANARY));
}

#[tokio::test]
async fn private_text_does_not_cross_from_http() {
    let log = Log::start();
    for (name, logged, (status, media_type, body)) in responses() {
        let service = service_fn(async |_: Request<Full<Bytes>>| {
            let response = Response::builder().status(status).header("content-type", media_type);
            let response = response.header("x-internal-host", CANARY).header("set-cookie", CANARY);
            Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body.clone()))).unwrap())
        });
        let answer = HttpToGrpcLayer::new(responder()).layer(service).oneshot(request()).await.unwrap();
        assert!(!fields_contain(answer.headers()), "{name}: {:?}", answer.headers());
        let error = Status::from_header_map(answer.headers()).unwrap().to_received::<ErrorCode>();
        check(&name, &error, &log, logged, "codelibra::http");

        let answer = GrpcToHttpLayer::new(responder()).layer(service).oneshot(request()).await.unwrap();
        let error = read_answer(&name, answer).await;
        check(&name, &error, &log, logged, "codelibra::http");
    }
}

#[tokio::test]
async fn an_error_in_place_of_a_response_is_not_sent() {
    let log = Log::start();
    let broken = service_fn(async |_: Request<Full<Bytes>>| {
        Err::<Response<Full<Bytes>>, BoxError>(std::io::Error::other(CANARY).into())
    });
    let answer = GrpcToHttpLayer::new(responder()).layer(broken).oneshot(request()).await.unwrap();
    let error = read_answer("to HTTP", answer).await;
    check("to HTTP", &error, &log, 1, "codelibra::http");
    let answer = HttpToGrpcLayer::new(responder()).layer(broken).oneshot(request()).await.unwrap();
    assert!(!fields_contain(answer.headers()));
    let error = Status::from_header_map(answer.headers()).unwrap().to_received::<ErrorCode>();
    check("to gRPC", &error, &log, 1, "codelibra::http");
}

#[tokio::test]
async fn private_text_is_not_in_the_end_of_a_stream() {
    let log = Log::start();
    let causes = [("a cause".to_owned(), 1, caused())];
    for (name, logged, error) in errors().into_iter().chain(causes) {
        for form in [StreamForm::Ndjson, StreamForm::Sse] {
            let items = tokio_stream::iter([Ok(1), Err(error.clone())]);
            let body = StreamBody::new(form, items, responder()).caller(&request());
            let body = body.collect().await.unwrap().to_bytes();
            assert!(!contains(&body), "{name}: {body:?}");
            assert!(String::from_utf8_lossy(&body).contains(ID), "{name}: {body:?}");
            check_log(&name, &log, logged, "codelibra::http");
        }
    }
}

async fn axum(name: &str, app: Router) -> ReceivedError {
    let request = Request::get("/").header("x-request-id", ID).body(::axum::body::Body::empty()).unwrap();
    read_answer(name, app.oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn axum_sends_no_private_text() {
    let log = Log::start();
    let app = |handler| Router::new().route("/", handler).layer(ErrorLayer::new(responder()));
    let causes = [("a cause".to_owned(), 1, caused())];
    for (name, logged, error) in errors().into_iter().chain(causes) {
        let error = axum(&name, app(get(async move || error))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
    }
    for (name, logged, status) in statuses() {
        let received = status.to_received::<ErrorCode>();
        let forwarded = GatewayError::from_forwarded(received.clone());
        let behind = GatewayError::from(status);
        let error = axum(&name, app(get(async move || received))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
        let error = axum(&name, app(get(async move || forwarded))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
        let error = axum(&name, app(get(async move || behind))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
    }
    let message = ErrorCode::USER_BANNED.with_message(CANARY);
    let received = ReceivedError::from_details(message.to_details(), &CATALOG);
    let error = axum("a received message", app(get(async move || received))).await;
    check("a received message", &error, &log, 1, "codelibra::axum");

    let forwarded = GatewayError::from(Status::from(of(403_003).with_message("m")));
    let error = axum("a coded 4xx", app(get(async move || forwarded))).await;
    assert_eq!((error.number(), error.message()), (Some(403_003), "m"));
    log.take();

    let fault = get(async || (StatusCode::BAD_GATEWAY, CANARY));
    let error = axum("a text of a 5xx", app(fault)).await;
    check("a text of a 5xx", &error, &log, 1, "codelibra::axum");

    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let error = axum(
        "a panic",
        app(get(async || {
            if true {
                panic!("{CANARY}")
            }
        })),
    )
    .await;
    std::panic::set_hook(hook);
    check("a panic", &error, &log, 1, "codelibra::axum");
}

/// A responder logs only what is not sent: an error that was logged before is not logged twice.
#[test]
fn a_responder_logs_what_is_not_sent() {
    let log = Log::start();
    for (name, _, error) in errors().into_iter().chain([("a cause".to_owned(), 1, caused())]) {
        assert!(!contains(responder().respond(&HeaderMap::new(), &error).body()), "{name}");
        let log = log.take();
        assert_eq!((log.matches("cAnArY").count(), log.lines().count()), (1, 1), "{name}: {log}");
        assert!(log.contains("codelibra::http"), "{name}: {log}");
    }
    for (name, logged, status) in statuses() {
        let received = status.to_received::<ErrorCode>();
        for answer in [
            responder().respond_forwarded(&HeaderMap::new(), &received),
            responder().respond_received(&HeaderMap::new(), &received),
        ] {
            assert!(!contains(answer.body()), "{name}");
        }
        assert_eq!(log.take().matches("cAnArY").count(), 2 * logged, "{name}");
    }
    let whole = ErrorCode::USER_BANNED.with_message("banned for spam");
    responder().respond(&HeaderMap::new(), &whole);
    let received = ReceivedError::from_details(whole.to_details(), &CATALOG);
    responder().respond_forwarded(&HeaderMap::new(), &received);
    responder().boundary(Boundary::internal()).respond_received(&HeaderMap::new(), &received);
    assert_eq!(log.take(), "");
}

/// The control: an error that is forwarded as it is contains the private text.
#[tokio::test]
async fn without_the_boundary_the_private_text_is_sent() {
    let received = Status::not_found(CANARY).to_received::<ErrorCode>();
    let answer = responder().respond(&HeaderMap::new(), &received.assume_trusted());
    assert!(contains(answer.body()));
    let answer = responder().respond_forwarded(&HeaderMap::new(), &received);
    assert!(!contains(answer.body()));
}
