//! The level and the fields of the events: which failures are ERROR, and what an unknown caller cannot cause.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::support::{End, Kind, Log, Script, Test};
use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::{get, post};
use bytes::Bytes;
use codelibra::axum::ErrorLayer;
use codelibra::http::{Caller, GrpcToHttpLayer, HttpToGrpcLayer, Responder, StreamBody, StreamForm};
use codelibra::server::ServerLayer;
use codelibra::{ApiError, CatalogCode, ErrorCode, LogLimit, ReceivedError};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio_stream::{Stream, StreamExt};
use tonic::Status;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::{BoxError, Service, ServiceExt, service_fn};
use tower_layer::Layer;

const UNARY: &str = "/test.v1.Test/Unary";

fn grpc(path: &str) -> http::request::Builder {
    Request::post(path).header("content-type", "application/grpc")
}

/// A message of five bytes in the frame of gRPC.
fn message(bytes: &'static [u8]) -> Body {
    Body::new(Full::new(Bytes::from_static(bytes)))
}

const EMPTY: &[u8] = b"\0\0\0\0\0";

/// Reads the answer to its end, and returns the one event in the log.
async fn event<S, B>(log: &Log, service: S, request: Request<Body>) -> String
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body,
{
    log.take();
    let response = service.oneshot(request).await.unwrap();
    drop(response.into_body().collect().await);
    let log = log.take();
    assert_eq!(log.lines().count(), 1, "{log}");
    log
}

/// The level of an event, and whether it has a field.
#[track_caller]
fn check(name: &str, event: &str, level: &str, fields: &[&str]) {
    assert!(event.split_whitespace().nth(1) == Some(level), "{name}: not {level}: {event}");
    for field in fields {
        assert!(event.contains(field), "{name}: no {field}: {event}");
    }
    assert!(!event.contains("secret"), "{name}: {event}");
}

fn server() -> ServerLayer {
    ServerLayer::new::<ErrorCode>().timeout(Duration::from_secs(5))
}

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

/// What tonic's router, its codec and a handler answer.
#[tokio::test(start_paused = true)]
async fn over_grpc() {
    let log = Log::start();
    let routes = || {
        let test = Test::new(|text| match text {
            "never" => Script { items: 0, at_once: true, end: End::Never },
            "panic" => Script { items: 0, at_once: true, end: End::Panic("a panic".into()) },
            "late" => Script::fail(Status::deadline_exceeded("downstream")),
            "stub" => Script::fail(Status::unimplemented("not yet")),
            "internal" => Script::fail(Status::internal("bug")),
            "coded" => Script::fail(ErrorCode::UNEXPECTED_ERROR.with_message("bug")),
            "unavailable" => Script::fail(Status::unavailable("db")),
            _ => Script::fail(ErrorCode::USER_BANNED),
        });
        server().layer(Routes::new(test).prepare())
    };
    let text = |text: &'static str| {
        let mut frame = vec![0, 0, 0, 0, u8::try_from(text.len() + 2).unwrap(), 10];
        frame.push(u8::try_from(text.len()).unwrap());
        frame.extend(text.bytes());
        Body::new(Full::new(Bytes::from(frame)))
    };
    let unary = |body: Body| grpc(UNARY).body(body).unwrap();
    let with_deadline = |body: Body| grpc(UNARY).header("grpc-timeout", "1S").body(body).unwrap();
    for (name, request, level, fields) in [
        (
            "an unknown service",
            grpc("/nobody.v1.Nothing/At").body(message(EMPTY)).unwrap(),
            "INFO",
            ["method=\"/nobody.v1.Nothing/At\"", "code=501000"],
        ),
        (
            "an unknown method",
            grpc("/test.v1.Test/Nothing").body(message(EMPTY)).unwrap(),
            "INFO",
            ["method=\"/test.v1.Test/Nothing\"", "code=501000"],
        ),
        (
            "a query",
            grpc("/nobody/At?secret=1").body(message(EMPTY)).unwrap(),
            "INFO",
            ["method=\"/nobody/At\"", "code=501000"],
        ),
        (
            "a handler that is a stub",
            unary(text("stub")),
            "INFO",
            ["method=\"/test.v1.Test/Unary\"", "code=501000"],
        ),
        (
            "an unknown compression",
            grpc(UNARY).header("grpc-encoding", "snappy").body(message(EMPTY)).unwrap(),
            "INFO",
            ["code=501000", "UNIMPLEMENTED"],
        ),
        (
            "a message that is no protobuf",
            unary(message(b"\0\0\0\0\x01\xff")),
            "WARN",
            ["code=500001", "INTERNAL"],
        ),
        ("no message", unary(Body::empty()), "WARN", ["code=500001", "INTERNAL"]),
        ("half a message", unary(message(b"\0\0\0")), "WARN", ["code=500001", "INTERNAL"]),
        ("a flag that does not exist", unary(message(b"\x07\0\0\0\0")), "WARN", ["code=500001", "INTERNAL"]),
        (
            "compressed without a compression",
            unary(message(b"\x01\0\0\0\0")),
            "WARN",
            ["code=500001", "INTERNAL"],
        ),
        (
            "the deadline of the caller",
            with_deadline(text("never")),
            "INFO",
            ["code=504000", "DEADLINE_EXCEEDED"],
        ),
        ("the timeout of the server", unary(text("never")), "WARN", ["code=504000", "DEADLINE_EXCEEDED"]),
        ("a timeout of the handler", unary(text("late")), "ERROR", ["code=504000", "DEADLINE_EXCEEDED"]),
        (
            "a timeout of the handler, and a deadline of the caller",
            with_deadline(text("late")),
            "WARN",
            ["code=504000", "DEADLINE_EXCEEDED"],
        ),
        (
            "a failure of class 4xx",
            unary(text("x")),
            "INFO",
            ["method=\"/test.v1.Test/Unary\"", "code=403003"],
        ),
        ("a bug", unary(text("internal")), "ERROR", ["method=\"/test.v1.Test/Unary\"", "code=500001"]),
        ("a coded bug", unary(text("coded")), "ERROR", ["method=\"/test.v1.Test/Unary\"", "code=500001"]),
        (
            "an unavailable service",
            unary(text("unavailable")),
            "ERROR",
            ["method=\"/test.v1.Test/Unary\"", "code=503000"],
        ),
        ("a panic", unary(text("panic")), "ERROR", ["panic=\"a panic\"", "code=500001"]),
    ] {
        check(name, &event(&log, routes(), request).await, level, &fields);
    }
}

/// A service under the server layer that answers a gRPC request in HTTP.
#[tokio::test]
async fn an_http_answer_to_a_grpc_request() {
    let log = Log::start();
    for (status, level, code) in [
        (404, "INFO", "code=501000"),
        (405, "INFO", "code=501000"),
        (501, "INFO", "code=501000"),
        (200, "WARN", "code=500001"),
        (503, "ERROR", "code=503000"),
    ] {
        let http = service_fn(move |_: Request<Body>| {
            ready(Ok::<_, Infallible>(Response::builder().status(status).body(Body::empty()).unwrap()))
        });
        let event = event(&log, server().layer(http), grpc("/a.B/C").body(Body::empty()).unwrap()).await;
        check(&format!("{status}"), &event, level, &[code, "method=\"/a.B/C\""]);
    }
}

/// HTTP 400 and 415 in answer to a gRPC-Web request: the caller sent a message format that a layer does not know.
#[tokio::test]
async fn an_http_answer_to_a_grpc_web_request() {
    let log = Log::start();
    for (content_type, status, code, level, fields) in [
        ("application/grpc-web", 400, None, "WARN", ["code=500001", "INTERNAL"]),
        ("application/grpc-web-text+thrift", 400, None, "WARN", ["code=500001", "INTERNAL"]),
        ("application/grpc-web", 415, None, "WARN", ["code=500001", "INTERNAL"]),
        ("application/grpc-web", 400, Some("400001"), "INFO", ["code=400001", "INVALID_ARGUMENT"]),
        ("application/grpc-web", 404, None, "INFO", ["code=501000", "UNIMPLEMENTED"]),
        ("application/grpc-web", 503, None, "ERROR", ["code=503000", "UNAVAILABLE"]),
        ("application/grpc", 400, None, "INFO", ["code=400002", "INVALID_ARGUMENT"]),
        ("application/grpc", 415, None, "INFO", ["code=400002", "INVALID_ARGUMENT"]),
    ] {
        let http = service_fn(move |_: Request<Body>| {
            let mut response = Response::builder().status(status);
            response = code.iter().fold(response, |it, code| it.header("codelibra-error-code", *code));
            ready(Ok::<_, Infallible>(response.body(Body::empty()).unwrap()))
        });
        let request = Request::post("/a.B/C").header("content-type", content_type).body(Body::empty());
        let event = event(&log, server().layer(http), request.unwrap()).await;
        check(&format!("{content_type} {status} {code:?}"), &event, level, &fields);
    }
}

async fn panics() -> &'static str {
    panic!("a panic")
}

#[tokio::test(start_paused = true)]
async fn over_axum() {
    let log = Log::start();
    let app = || {
        let routes = Router::new()
            .route("/banned", get(|| async { ErrorCode::USER_BANNED }))
            .route("/bug", get(|| async { ErrorCode::UNEXPECTED_ERROR }))
            .route("/text", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "bug") }))
            .route("/stub", get(|| async { StatusCode::NOT_IMPLEMENTED }))
            .route("/json", post(|_: axum::Json<u32>| async {}))
            .route("/panic", get(panics))
            .route("/never", get(|| async { pending::<&str>().await }));
        routes.layer(ErrorLayer::new(responder()).timeout(Duration::from_secs(1)))
    };
    for (method, path, level, code) in [
        ("GET", "/banned", "INFO", "code=403003"),
        ("GET", "/nowhere", "INFO", "code=404003"),
        ("DELETE", "/banned", "INFO", "code=405000"),
        ("POST", "/json", "INFO", "code=415000"),
        ("GET", "/stub", "INFO", "code=501000"),
        ("GET", "/never", "WARN", "code=504000"),
        ("GET", "/bug", "ERROR", "code=500001"),
        ("GET", "/text", "ERROR", "code=500001"),
        ("GET", "/panic", "ERROR", "panic=\"a panic\""),
    ] {
        let request = Request::builder().method(method).uri(format!("{path}?token=secret"));
        let event = event(&log, app(), request.body(Body::empty()).unwrap()).await;
        let fields = [code, &format!("http_method=\"{method}\""), &format!("path=\"{path}\"")];
        check(path, &event, level, &fields);
    }
}

#[tokio::test]
async fn over_bridges() {
    let log = Log::start();
    type Answer = Result<Response<Body>, BoxError>;
    let of_status = |status: Status| -> Answer { Ok(status.into_http()) };
    let of_http =
        |status: u16| -> Answer { Ok(Response::builder().status(status).body(Body::empty()).unwrap()) };
    let cases: [(&str, &dyn Fn() -> Answer, &str, &str); 9] = [
        ("an unknown method", &|| of_status(Status::unimplemented("")), "INFO", "code=501000"),
        ("a failure of class 4xx", &|| of_status(ErrorCode::USER_BANNED.into()), "INFO", "code=403003"),
        ("a bug", &|| of_status(Status::internal("bug")), "ERROR", "code=500001"),
        ("an unknown path", &|| of_http(404), "INFO", "code=404"),
        ("an unknown HTTP method", &|| of_http(405), "INFO", "code=405000"),
        ("a service that is down", &|| of_http(503), "ERROR", "code=503000"),
        ("no connection", &|| Err("refused".into()), "ERROR", "code=500001"),
        ("a timeout", &|| Err(tower::timeout::error::Elapsed::new().into()), "WARN", "code=504000"),
        ("a panic", &|| std::panic::panic_any("a panic"), "ERROR", "panic=\"a panic\""),
    ];
    for (name, answer, level, code) in cases {
        let service = || service_fn(move |_: Request<Body>| ready(answer()));
        let request = Request::get("/v1/users?token=secret").body(Body::empty()).unwrap();
        let over_http = event(&log, GrpcToHttpLayer::new(responder()).layer(service()), request).await;
        check(name, &over_http, level, &[code, "http_method=\"GET\"", "path=\"/v1/users\""]);
        if name != "a panic" && answer().is_ok_and(|answer| answer.headers().contains_key("grpc-status")) {
            continue;
        }
        let request = grpc("/a.B/C?secret").body(Body::empty()).unwrap();
        let over_grpc = event(&log, HttpToGrpcLayer::new(responder()).layer(service()), request).await;
        check(name, &over_grpc, level, &[code, "method=\"/a.B/C\""]);
    }
}

/// What a caller writes stays in its field.
#[tokio::test]
async fn a_path_is_escaped_and_bounded() {
    let log = Log::start();
    let app = || Router::new().layer(ErrorLayer::new(responder().log_limit(LogLimit::from_bytes(64))));
    let event_of =
        async |path: &str| event(&log, app(), Request::get(path).body(Body::empty()).unwrap()).await;
    let forged = event_of("/\u{202e}path=\"/forged\"%0aERROR").await;
    assert!(forged.contains(r#"path="/\u{202e}path=\"/forged\"%0aERROR""#), "{forged}");
    let long = event_of(&format!("/{}", "x".repeat(60_000))).await;
    assert!(long.contains(&format!("path=\"/{}… (60001 bytes)\"", "x".repeat(63))), "{}", long.len());
    assert!(long.len() < 600, "{}", long.len());
    let method = "M".repeat(5000);
    let request = Request::builder().method(&*method).uri("/").body(Body::empty()).unwrap();
    let long = event(&log, app(), request).await;
    assert!(long.contains("http_method=\"MM") && long.contains("… (5000 bytes)"), "{long}");
}

/// A panic of a drop is logged with the call that it belongs to.
#[tokio::test]
async fn a_panic_of_a_drop_names_its_call() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any("a panic");
        }
    }
    struct Answering(Bomb);
    impl Future for Answering {
        type Output = Result<Response<Body>, Infallible>;
        fn poll(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Self::Output> {
            let response = Response::builder().header("content-type", "application/grpc");
            std::task::Poll::Ready(Ok(response.header("grpc-status", "0").body(Body::empty()).unwrap()))
        }
    }
    let log = Log::start();
    let service = || service_fn(|_: Request<Body>| Answering(Bomb));
    let event_of =
        event(&log, server().layer(service()), grpc("/a.B/C?secret").body(Body::empty()).unwrap()).await;
    check("server", &event_of, "ERROR", &["method=\"/a.B/C\"", "panic=\"a panic\""]);
    let request = Request::get("/x?secret").body(Body::empty()).unwrap();
    let event_of = event(&log, ErrorLayer::new(responder()).layer(service()), request).await;
    check("axum", &event_of, "ERROR", &["path=\"/x\"", "http_method=\"GET\"", "panic=\"a panic\""]);
}

/// Kinds of streams end alike: the event of trailers names the call too.
#[tokio::test]
async fn the_failure_of_a_stream_names_its_call() {
    let log = Log::start();
    let test = Test::new(|_| Script::fail(ApiError::new(ErrorCode::USER_BANNED)).after(2));
    let request = grpc(Kind::ServerStream.path()).body(message(EMPTY)).unwrap();
    let routes = server().layer(Routes::new(test).prepare());
    check("stream", &event(&log, routes, request).await, "INFO", &["method=\"/test.v1.Test/ServerStream\""]);
}

/// What tonic-web answers to a request that is not base64, or whose messages it cannot read. The message of such a status is
/// not marked as the caller's.
#[tokio::test]
async fn over_grpc_web() {
    let log = Log::start();
    let routes = || {
        let test = Test::new(|_| Script::fail(Status::internal("bug")));
        server().layer(GrpcWebLayer::new().layer(Routes::new(test).prepare()))
    };
    let hello = "AAAAAAcKBWhlbGxv";
    for (name, content_type, body, level) in [
        ("no base64", "application/grpc-web-text", "****", "WARN"),
        ("a page", "application/grpc-web-text", "<html></html>***", "WARN"),
        ("a digit too many", "application/grpc-web-text", "AAAAA", "WARN"),
        ("padding first", "application/grpc-web-text", "=AAA", "WARN"),
        ("padding after one digit", "application/grpc-web-text", "A===", "WARN"),
        ("a last digit with other bits", "application/grpc-web-text", "AB==", "WARN"),
        ("half a head", "application/grpc-web-text", "AAAA", "WARN"),
        ("nothing", "application/grpc-web-text", "", "WARN"),
        ("half a head, binary", "application/grpc-web", "\0\0\0", "WARN"),
        ("an unknown flag, binary", "application/grpc-web", "****", "WARN"),
        ("nothing, binary", "application/grpc-web", "", "WARN"),
        ("a control: the service", "application/grpc-web-text", hello, "ERROR"),
        ("a control: the service, binary", "application/grpc-web", "\0\0\0\0\x07\x0a\x05hello", "ERROR"),
    ] {
        let request = Request::post(UNARY).header("content-type", content_type);
        let request = request.body(Body::from(body)).unwrap();
        check(name, &event(&log, routes(), request).await, level, &["code=500001", "INTERNAL"]);
    }
}

/// tonic-web gives the failure of a response the same prefix. No caller caused it.
#[tokio::test]
async fn the_body_of_a_grpc_web_response_that_fails() {
    let log = Log::start();
    let failing = service_fn(|_: Request<tonic::body::Body>| {
        let frame = Err::<http_body::Frame<Bytes>, _>(Status::internal("bug"));
        let body = http_body_util::StreamBody::new(tokio_stream::iter([frame]));
        let response = Response::builder().header("content-type", "application/grpc");
        ready(Ok::<_, Infallible>(response.body(tonic::body::Body::new(body)).unwrap()))
    });
    for content_type in ["application/grpc-web", "application/grpc-web-text"] {
        let request = Request::post(UNARY).header("content-type", content_type).body(Body::empty()).unwrap();
        let service = server().layer(GrpcWebLayer::new().layer(failing));
        check(content_type, &event(&log, service, request).await, "ERROR", &["code=500001"]);
    }
}

/// HTTP/1.1: the connection ends before the body does, or the chunks are not as RFC 9112 §7.1 writes them.
#[tokio::test]
async fn a_body_that_breaks_off() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let log = Log::start();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let test = || Test::new(|_| Script::fail(ErrorCode::USER_BANNED));
    let router = tonic::transport::Server::builder()
        .accept_http1(true)
        .layer(server())
        .layer(GrpcWebLayer::new())
        .add_service(test());
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let served = tokio::spawn(router.serve_with_incoming(incoming));
    for content_type in ["application/grpc-web", "application/grpc-web-text", "application/grpc"] {
        for (name, body) in [
            ("the connection ends", "content-length: 100\r\n\r\nAAAA"),
            ("the connection ends in a chunk", "transfer-encoding: chunked\r\n\r\n100\r\nAAAA"),
            ("a chunk without a length", "transfer-encoding: chunked\r\n\r\n4\r\nAAAA\r\nsecret\r\n"),
        ] {
            log.take();
            let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
            let head = format!("POST {UNARY} HTTP/1.1\r\nhost: a\r\ncontent-type: {content_type}\r\n");
            socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            socket.shutdown().await.unwrap();
            let _ = socket.read_to_end(&mut Vec::new()).await;
            let event = log.take();
            // tonic's gRPC-Web layer refuses plain gRPC in HTTP/1.1.
            let is_refused = content_type == "application/grpc";
            assert!(is_refused || !event.is_empty(), "{name}, {content_type}: no event");
            assert!(!event.contains("ERROR") && !event.contains("secret"), "{name}, {content_type}: {event}");
        }
    }
    served.abort();
}

/// The events of a [`Responder`] without a layer, and of a stream, name the request.
#[tokio::test]
async fn an_answer_without_a_layer_names_its_request() {
    let log = Log::start();
    let http = Request::get("/shop?secret=1").header("x-request-id", "a1").body(()).unwrap();
    let rpc = grpc("/shop.v1.Shop/Buy?secret=1").header("x-request-id", "a1").body(()).unwrap();
    let of_http = ["http_method=\"GET\"", "path=\"/shop\"", "request_id=\"a1\""];
    let of_rpc = ["method=\"/shop.v1.Shop/Buy\"", "request_id=\"a1\"", "code=500001"];
    let own: ApiError = ErrorCode::UNEXPECTED_ERROR.with_message("the database is down");
    let received = ReceivedError::from_details(own.to_details(), ErrorCode::catalog());
    for (request, fields) in [(http, of_http), (rpc, of_rpc)] {
        let headers = request.headers().clone();
        let parts = request.clone().into_parts().0;
        type Answers<'a> = [(&'a str, Box<dyn Fn(Caller) + 'a>); 3];
        let answers: Answers<'_> = [
            ("respond", Box::new(|caller| drop(responder().respond(caller, &own)))),
            ("forwarded", Box::new(|caller| drop(responder().respond_forwarded(caller, &received)))),
            ("received", Box::new(|caller| drop(responder().respond_received(caller, &received)))),
        ];
        for (name, answer) in &answers {
            for caller in [Caller::from(&request), Caller::from(&parts)] {
                answer(caller);
                check(name, &log.take(), "ERROR", &fields);
            }
            // Header fields contain no path.
            answer(Caller::from(&headers));
            let event = log.take();
            check(name, &event, "ERROR", &["code=500001", "request_id=\"a1\""]);
            assert!(!event.contains("path=") && !event.contains("method="), "{name}: {event}");
        }

        for name in ["an error", "a panic"] {
            let items = tokio_stream::once(name).map(|name| match name {
                "an error" => Err::<u8, _>(own.clone()),
                _ => panic!("a panic"),
            });
            let body = StreamBody::new(StreamForm::Ndjson, items, responder()).caller(&request);
            body.collect().await.unwrap();
            check(name, &log.take(), "ERROR", &fields);
        }
        let items = tokio_stream::empty::<Result<u8, ApiError>>();
        let items = DropPanics(items);
        StreamBody::new(StreamForm::Ndjson, items, responder()).caller(&request).collect().await.unwrap();
        check("a panic of a drop", &log.take(), "ERROR", &fields[..2]);
    }
}

/// A stream whose drop panics.
struct DropPanics<S>(S);

impl<S: Stream + Unpin> Stream for DropPanics<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

impl<S> Drop for DropPanics<S> {
    fn drop(&mut self) {
        panic!("a panic of a drop");
    }
}
