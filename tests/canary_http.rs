//! A canary goes wherever private text can get into a failure that crosses a bridge, ends a stream or leaves an axum
//! handler. Nothing of it reaches a caller, and the log has it once, with the request id that the caller got.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod support;

use std::convert::Infallible;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use codelibra::axum::{ErrorLayer, Forwarded};
use codelibra::http::{
    DetailTypes, Form, GrpcToHttpLayer, HttpToGrpcLayer, Reader, Responder, StreamBody, StreamForm,
    write_body,
};
use codelibra::{ApiError, Boundary, CATALOG, Catalog, ErrorCode, ReceivedError, StatusCodeExt, rpc};
use http::header::HeaderMap;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody as Frames};
use prost::Message;
use support::Log;
use tonic::{Code, Status};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

const CANARY: &str = "cAnArY-7f3e token=s3cr3t /srv/db-3.internal select * from users";
/// The caller's, so that it can be found in the log.
const ID: &str = "caller-17";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Where the canary is, and how often the log is to have it: values of fields may be credentials.
type Case<T> = (String, usize, T);

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

fn request() -> Request<Full<Bytes>> {
    let request = Request::post("/test.v1.Test/Unary").header("content-type", "application/grpc");
    request.header("x-request-id", ID).body(Full::default()).unwrap()
}

fn of(number: u32) -> ApiError {
    ApiError::from_catalog(&CATALOG, number).unwrap()
}

fn foreign(number: u32) -> ApiError {
    ApiError::from_catalog(Catalog::leak("upstream.example.com", "", vec![], vec![]), number).unwrap()
}

fn debug_info() -> rpc::DebugInfo {
    rpc::DebugInfo { stack_entries: vec![], detail: CANARY.into() }
}

fn help() -> rpc::Help {
    let link = rpc::help::Link { url: CANARY.into(), ..Default::default() };
    rpc::Help { links: vec![link] }
}

fn caused() -> ApiError {
    ErrorCode::USER_BANNED.with_message("banned").with_cause(std::io::Error::other(CANARY))
}

/// google.rpc.ErrorInfo of somebody who has no six digits.
fn foreign_info() -> tonic_types::pb::ErrorInfo {
    let metadata = [("host".to_owned(), CANARY.to_owned())].into();
    tonic_types::pb::ErrorInfo { reason: "DOWN".into(), domain: "db.example.com".into(), metadata }
}

/// A gRPC status without a six-digit code, and with a detail.
fn uncoded(name: &str, detail: &impl Message) -> Status {
    let type_url = format!("type.googleapis.com/{name}");
    let details = vec![prost_types::Any { type_url, value: detail.encode_to_vec() }];
    let status = tonic_types::pb::Status { code: 5, message: "gone".into(), details };
    Status::with_details(Code::NotFound, "gone", status.encode_to_vec().into())
}

/// What is private of an error whether it comes over gRPC or HTTP.
fn errors() -> Vec<Case<ApiError>> {
    let case = |name: &str, error: ApiError| (name.to_owned(), 1, error);
    vec![
        case("a foreign message", foreign(403_003).with_message(CANARY)),
        case("a foreign metadata value", foreign(404_003).with_metadata("k", CANARY)),
        case("a foreign detail", foreign(404_003).with_detail(&help())),
        case("the message of a 5xx", of(500_001).with_message(CANARY)),
        case("the message of an unlisted 5xx", of(503_000).with_message(CANARY)),
        case("DebugInfo", of(404_003).with_detail(&debug_info())),
        case("DebugInfo in an Any", of(404_003).with_raw_detail(ANY, &any(debug_info_any(), 1))),
        case("DebugInfo in many Anys", of(404_003).with_raw_detail(ANY, &any(debug_info_any(), 40))),
        case(
            "DebugInfo by another name",
            of(404_003).with_raw_detail("x/.google.rpc.DebugInfo", &debug_info().encode_to_vec()),
        ),
    ]
}

const ANY: &str = "type.googleapis.com/google.protobuf.Any";

fn debug_info_any() -> prost_types::Any {
    let type_url = "type.googleapis.com/google.rpc.DebugInfo".into();
    prost_types::Any { type_url, value: debug_info().encode_to_vec() }
}

/// The encoded Any, in as many more.
fn any(innermost: prost_types::Any, more: usize) -> Vec<u8> {
    let around =
        |any: prost_types::Any| prost_types::Any { type_url: ANY.into(), value: any.encode_to_vec() };
    (1..more).fold(innermost, |any, _| around(any)).encode_to_vec()
}

fn statuses() -> Vec<Case<Status>> {
    let mut cases: Vec<Case<Status>> =
        errors().into_iter().map(|(name, logged, error)| (name, logged, error.into())).collect();
    let mut fields = Status::not_found("");
    fields.metadata_mut().insert("x-internal-host", CANARY.parse().unwrap());
    fields.metadata_mut().insert("set-cookie", CANARY.parse().unwrap());
    cases.push(("a field".into(), 0, fields));
    cases.push(("a detail without a code".into(), 1, uncoded("google.rpc.Help", &help())));
    cases.push(("another's ErrorInfo".into(), 1, uncoded("google.rpc.ErrorInfo", &foreign_info())));
    let reason = tonic_types::pb::ErrorInfo { reason: CANARY.into(), ..Default::default() };
    cases.push(("another's reason".into(), 1, uncoded("google.rpc.ErrorInfo", &reason)));
    for kind in [std::io::ErrorKind::NotFound, std::io::ErrorKind::InvalidInput, std::io::ErrorKind::Other] {
        cases.push((format!("an io::Error {kind:?}"), 1, std::io::Error::new(kind, CANARY).into()));
    }
    for code in (1..=16).map(Code::from) {
        cases.push((format!("a message without a code, {code:?}"), 1, Status::new(code, CANARY)));
    }
    cases
}

fn says(bytes: &[u8]) -> bool {
    // The first word alone would be too much.
    String::from_utf8_lossy(bytes).contains("cAnArY")
}

/// Whether the fields of an answer say it, the details included.
fn fields_say(fields: &HeaderMap) -> bool {
    let status = Status::from_header_map(fields);
    fields.values().any(|value| says(value.as_bytes()))
        || status.is_some_and(|status| says(status.message().as_bytes()) || says(status.details()))
}

/// The error of an HTTP answer. None of the answer says the canary.
async fn read_answer<B>(name: &str, response: Response<B>) -> ReceivedError
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert!(!fields_say(&parts.headers) && !says(&body), "{name}: {:?} {body:?}", parts.headers);
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

/// A gRPC answer with these frames behind its headers.
fn grpc(frames: Vec<Frame<Bytes>>) -> Response<http_body_util::combinators::BoxBody<Bytes, Infallible>> {
    let body = Frames::new(tokio_stream::iter(frames.into_iter().map(Ok)));
    Response::builder().header("content-type", "application/grpc").body(BodyExt::boxed(body)).unwrap()
}

#[tokio::test]
async fn nothing_private_crosses_from_grpc_to_http() {
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

/// Nothing leaves any more, so everything is in the log: the message of a coded 4xx too.
#[tokio::test]
async fn a_stream_that_breaks_says_nothing_to_its_caller() {
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

/// Under an internal boundary an error without a code has the fallback's, and says all that it said.
#[tokio::test]
async fn within_an_internal_boundary_nothing_is_kept_back() {
    let log = Log::start();
    let status = uncoded("google.rpc.Help", &help());
    let service = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(status.clone().into_http::<tonic::body::Body>())
    });
    let bridge = GrpcToHttpLayer::new(responder().boundary(Boundary::internal())).layer(service);
    let (parts, body) = bridge.oneshot(request()).await.unwrap().into_parts();
    let error = Reader::new::<ErrorCode>().read_parts(&parts, &body.collect().await.unwrap().to_bytes());
    assert_eq!((error.number(), error.message()), (Some(404_003), "gone"));
    assert_eq!(error.detail::<rpc::Help>().unwrap().unwrap(), help());
    check("internal", &error, &log, 0, "codelibra::http");

    // One that names itself keeps its name.
    let status = uncoded("google.rpc.ErrorInfo", &foreign_info());
    let error = responder()
        .boundary(Boundary::internal())
        .respond_forwarded(&HeaderMap::new(), &status.to_received::<ErrorCode>());
    let error = Reader::new::<ErrorCode>().read_body(error.body());
    assert_eq!((error.number(), error.domain(), error.reason()), (Some(404_000), "db.example.com", "DOWN"));
    assert_eq!(error.metadata().get("host"), Some(CANARY));
}

/// HTTP answers: status, media type, body.
fn answers() -> Vec<Case<(u16, &'static str, Vec<u8>)>> {
    let mut cases: Vec<Case<_>> = vec![
        ("a page".into(), 1, (503, "text/html", format!("<html>{CANARY}").into_bytes())),
        ("a page of a 4xx".into(), 1, (404, "text/html", format!("<html>{CANARY}").into_bytes())),
        (
            "a message without a code".into(),
            1,
            (404, "application/json", format!(r#"{{"code":404,"message":"{CANARY}"}}"#).into_bytes()),
        ),
        (
            "a status without a code".into(),
            1,
            (
                403,
                "application/json",
                format!(r#"{{"error":{{"code":403,"message":"{CANARY}","status":"PERMISSION_DENIED"}}}}"#)
                    .into_bytes(),
            ),
        ),
        (
            "another's reason".into(),
            1,
            (
                404,
                "application/json",
                format!(r#"{{"code":404,"reason":"GONE","message":"","metadata":{{"host":"{CANARY}"}}}}"#)
                    .into_bytes(),
            ),
        ),
        (
            "a problem without a code".into(),
            1,
            (
                400,
                "application/problem+json",
                format!(r#"{{"type":"https://a.example/p","title":"no","detail":"{CANARY}"}}"#).into_bytes(),
            ),
        ),
    ];
    for form in Form::ALL {
        cases.extend(errors().into_iter().map(|(name, logged, error)| {
            let body = write_body(form, &error, DetailTypes::standard());
            (format!("{name} in {form}"), logged, (error.http_status().as_u16(), form.media_type(), body))
        }));
    }
    cases
}

#[tokio::test]
async fn nothing_private_crosses_from_http_to_grpc_or_through_a_proxy() {
    let log = Log::start();
    for (name, logged, (status, media_type, body)) in answers() {
        let service = service_fn(async |_: Request<Full<Bytes>>| {
            let response = Response::builder().status(status).header("content-type", media_type);
            let response = response.header("x-internal-host", CANARY).header("set-cookie", CANARY);
            Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body.clone()))).unwrap())
        });
        let answer = HttpToGrpcLayer::new(responder()).layer(service).oneshot(request()).await.unwrap();
        assert!(!fields_say(answer.headers()), "{name}: {:?}", answer.headers());
        let error = Status::from_header_map(answer.headers()).unwrap().to_received::<ErrorCode>();
        check(&name, &error, &log, logged, "codelibra::http");

        let answer = GrpcToHttpLayer::new(responder()).layer(service).oneshot(request()).await.unwrap();
        let error = read_answer(&name, answer).await;
        check(&name, &error, &log, logged, "codelibra::http");
    }
}

#[tokio::test]
async fn an_error_of_the_service_itself_stays_here() {
    let log = Log::start();
    let broken = service_fn(async |_: Request<Full<Bytes>>| {
        Err::<Response<Full<Bytes>>, BoxError>(std::io::Error::other(CANARY).into())
    });
    let answer = GrpcToHttpLayer::new(responder()).layer(broken).oneshot(request()).await.unwrap();
    let error = read_answer("to HTTP", answer).await;
    check("to HTTP", &error, &log, 1, "codelibra::http");
    let answer = HttpToGrpcLayer::new(responder()).layer(broken).oneshot(request()).await.unwrap();
    assert!(!fields_say(answer.headers()));
    let error = Status::from_header_map(answer.headers()).unwrap().to_received::<ErrorCode>();
    check("to gRPC", &error, &log, 1, "codelibra::http");
}

#[tokio::test]
async fn nothing_private_ends_a_stream() {
    let log = Log::start();
    let causes = [("a cause".to_owned(), 1, caused())];
    for (name, logged, error) in errors().into_iter().chain(causes) {
        for form in [StreamForm::Ndjson, StreamForm::Sse] {
            let items = tokio_stream::iter([Ok(1), Err(error.clone())]);
            let body = StreamBody::new(form, items, responder()).caller(&request());
            let body = body.collect().await.unwrap().to_bytes();
            assert!(!says(&body), "{name}: {body:?}");
            assert!(String::from_utf8_lossy(&body).contains(ID), "{name}: {body:?}");
            check_log(&name, &log, logged, "codelibra::http");
        }
    }
}

async fn axum(name: &str, app: Router) -> ReceivedError {
    let request = Request::get("/").header("x-request-id", ID).body(axum::body::Body::empty()).unwrap();
    read_answer(name, app.oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn nothing_private_leaves_axum() {
    let log = Log::start();
    let app = |handler| Router::new().route("/", handler).layer(ErrorLayer::new(responder()));
    let causes = [("a cause".to_owned(), 1, caused())];
    for (name, logged, error) in errors().into_iter().chain(causes) {
        let error = axum(&name, app(get(async move || error))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
    }
    for (name, logged, status) in statuses() {
        let received = status.to_received::<ErrorCode>();
        let forwarded = Forwarded(received.clone());
        let error = axum(&name, app(get(async move || received))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
        let error = axum(&name, app(get(async move || forwarded))).await;
        check(&name, &error, &log, logged, "codelibra::axum");
    }
    let message = ErrorCode::USER_BANNED.with_message(CANARY);
    let received = ReceivedError::from_details(message.to_details(), &CATALOG);
    let error = axum("a received message", app(get(async move || received))).await;
    check("a received message", &error, &log, 1, "codelibra::axum");

    let forwarded =
        Forwarded(ReceivedError::from_details(of(403_003).with_message("m").to_details(), &CATALOG));
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

/// It logs where it keeps something back, and only there: who passes on what was logged says nothing twice.
#[test]
fn an_answer_by_hand_is_logged_where_something_stays_here() {
    let log = Log::start();
    for (name, _, error) in errors().into_iter().chain([("a cause".to_owned(), 1, caused())]) {
        assert!(!says(responder().respond(&HeaderMap::new(), &error).body()), "{name}");
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
            assert!(!says(answer.body()), "{name}");
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

/// The harm without the boundary: what is forwarded says it all.
#[tokio::test]
async fn without_the_boundary_the_canary_leaves() {
    let received = Status::not_found(CANARY).to_received::<ErrorCode>();
    let answer = responder().respond(&HeaderMap::new(), &received.assume_trusted());
    assert!(says(answer.body()));
    let answer = responder().respond_forwarded(&HeaderMap::new(), &received);
    assert!(!says(answer.body()));
}
