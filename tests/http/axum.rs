//! axum handlers, their framework's own answers, panics and timeouts: each leaves with a code.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use codelibra::axum::ErrorLayer;
use codelibra::codes::LockedOut;
use codelibra::http::{Caller, Form, Reader, Responder};
use codelibra::{
    ApiError, Boundary, Budget, CatalogCode, ErrorCode, Fallback, GrpcCode, ReceivedError, StatusCodeExt, rpc,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::shop;

#[derive(Debug, thiserror::Error, codelibra::ApiError)]
enum Checkout {
    #[error("order {0} was paid already")]
    #[code(ALREADY_PAID)]
    Paid(u64),
    #[error("cannot write the order")]
    #[code(UNEXPECTED_ERROR)]
    Disk(#[from] std::io::Error),
}

#[derive(serde::Deserialize)]
struct Order {
    count: u32,
}

fn elsewhere() -> ReceivedError {
    let body = br#"{"code":403001,"message":"theirs","domain":"elsewhere.example"}"#;
    Reader::new::<ErrorCode>().read_body(body)
}

async fn domain(Path(id): Path<u64>) -> Result<Json<u64>, ApiError> {
    match id {
        1 => Err(Checkout::Paid(id))?,
        2 => Err(Checkout::from(std::io::Error::other("disk full")))?,
        _ => Ok(Json(id)),
    }
}

fn routes() -> Router {
    Router::new()
        .route("/code", get(|| async { ErrorCode::USER_BANNED }))
        .route("/struct", get(|| async { LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() } }))
        .route("/error", get(|| async { ErrorCode::USER_BANNED.with_message("banned for spam") }))
        .route("/fault", get(|| async { ErrorCode::UNEXPECTED_ERROR.with_message("select *") }))
        .route("/domain/{id}", get(domain))
        .route("/received", get(|| async { elsewhere() }))
        .route("/forwarded", get(|| async { elsewhere().assume_trusted() }))
        .route("/orders", post(|Json(order): Json<Order>| async move { order.count.to_string() }))
        .route("/query", get(|Query(order): Query<Order>| async move { order.count.to_string() }))
        .route("/small", post(|body: String| async move { body }).layer(DefaultBodyLimit::max(4)))
        .route("/text", get(|| async { (StatusCode::CONFLICT, [("x-kept", "1")], "read it again") }))
        .route("/text500", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "password=hunter2") }))
        .route("/own", get(|| async { (StatusCode::NOT_FOUND, Json(serde_json::json!({"mine": 1}))) }))
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("password=hunter2")
                }
            }),
        )
        .route("/never", get(|| async { std::future::pending::<()>().await }))
        .route("/cookie", get(|| async { ([("set-cookie", "a=b")], ErrorCode::AUTHENTICATION_REQUIRED) }))
        .route("/caller", get(|caller: Caller| async move { caller.form(Form::Aip193).name() }))
}

fn app() -> Router {
    routes().layer(ErrorLayer::new(Responder::new::<ErrorCode>()).timeout(Duration::from_secs(30)))
}

struct Answer {
    response: Response<()>,
    text: String,
    error: ReceivedError,
}

impl Answer {
    async fn of(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let error = Reader::new::<ErrorCode>().read_parts(&parts, &body);
        let text = String::from_utf8(body.to_vec()).unwrap();
        Self { response: Response::from_parts(parts, ()), text, error }
    }

    fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn is(&self, code: u32) -> &Self {
        assert_eq!(self.error.number(), Some(code), "{}", self.text);
        assert_eq!(u32::from(self.response.status().as_u16()), code / 1000);
        assert_eq!(self.header("codelibra-error-code"), code.to_string());
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.error.notes(), []);
        self
    }

    #[track_caller]
    fn says(&self, message: &str) {
        assert_eq!(self.error.message(), message);
    }
}

async fn send(app: Router, method: Method, path: &str, body: &str, accept: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("accept", accept);
    let request = request.header("content-type", "application/json").body(Body::from(body.to_owned()));
    Answer::of(app.oneshot(request.unwrap()).await.unwrap()).await
}

async fn of(path: &str) -> Answer {
    send(app(), Method::GET, path, "", "*/*").await
}

#[tokio::test]
async fn the_fields_of_a_grpc_failure_stay_within_the_budget() {
    let long = || ErrorCode::USER_BANNED.with_metadata("k", "v".repeat(4000));
    for (budget, len) in [(Budget::KIB_3, None), (Budget::from_bytes(16 << 10), Some(4000))] {
        let router = Router::new().route("/test.v1.Test/Unary", post(move || async move { long() }));
        let router = router.layer(ErrorLayer::new(Responder::new::<ErrorCode>()).budget(budget));
        let request = Request::post("/test.v1.Test/Unary").header("content-type", "application/grpc");
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = tonic::Status::from_header_map(response.headers()).unwrap();
        let received = status.to_received::<ErrorCode>();
        assert_eq!(received.number(), Some(403_003));
        assert_eq!(received.metadata().get("k").map(str::len), len, "{budget:?}");
    }
}

#[tokio::test]
async fn what_handlers_return_is_an_answer() {
    of("/code").await.is(403_003).says("This user has been banned.");
    of("/error").await.is(403_003).says("banned for spam");
    let locked = of("/struct").await;
    assert!(locked.is(403_005).error.decode::<LockedOut>().unwrap().locked_until.is_some());
    of("/domain/1").await.is(400_007);
    let fault = of("/domain/2").await;
    assert!(!fault.is(500_001).text.contains("disk"));
    assert_eq!(of("/domain/3").await.text, "3");
    of("/fault").await.is(500_001).says("The server met an unexpected error.");
}

#[tokio::test]
async fn an_error_of_another_domain_does_not_pass() {
    for path in ["/received", "/forwarded"] {
        let answer = of(path).await;
        assert!(!answer.is(500_001).text.contains("theirs"));
    }
    let inside = Responder::new::<ErrorCode>().boundary(Boundary::internal());
    let app = routes().layer(ErrorLayer::new(inside));
    let answer = send(app, Method::GET, "/received", "", "*/*").await;
    assert_eq!((answer.error.number(), answer.error.message()), (Some(403_001), "theirs"));
}

#[tokio::test]
async fn an_error_without_a_code_gets_one() {
    let inside = Responder::new::<ErrorCode>().boundary(Boundary::internal());
    for (responder, code, message) in [
        (Responder::new::<ErrorCode>(), 500_001, "The server met an unexpected error."),
        (inside, 404_003, "no row 17"),
    ] {
        let routes = Router::new()
            .route("/", get(|| async { tonic::Status::not_found("no row 17").to_received::<ErrorCode>() }));
        let app = routes.layer(ErrorLayer::new(responder));
        send(app, Method::GET, "/", "", "*/*").await.is(code).says(message);
    }
}

#[tokio::test]
async fn every_failure_has_the_id_of_its_request() {
    let id = async |path: &str, sent: &str| {
        let request = Request::get(path).header("x-request-id", sent).body(Body::empty()).unwrap();
        let answer = Answer::of(app().oneshot(request).await.unwrap()).await;
        answer.error.request_id().unwrap().to_owned()
    };
    for path in ["/code", "/received", "/nowhere", "/text", "/text500"] {
        assert_eq!(id(path, "0af7-651.9").await, "0af7-651.9", "{path}");
        for wrong in ["", "<script>", &"a".repeat(65)] {
            let made = id(path, wrong).await;
            assert!(made.len() == 16 && made.bytes().all(|b| b.is_ascii_hexdigit()), "{path} {made}");
        }
    }
    let told = rpc::RequestInfo { request_id: "its own".into(), serving_data: String::new() };
    let routes = Router::new().route("/", get(|| async move { ErrorCode::USER_BANNED.with_detail(&told) }));
    let app = routes.layer(ErrorLayer::new(Responder::new::<ErrorCode>()));
    let answer = send(app, Method::GET, "/", "", "*/*").await;
    assert_eq!(answer.is(403_003).error.request_id(), Some("its own"));
}

#[tokio::test]
async fn without_a_layer_the_answer_is_public_all_the_same() {
    for (path, code) in [("/code", 403_003), ("/fault", 500_001), ("/received", 500_001)] {
        let answer = send(routes(), Method::GET, path, "", "application/problem+json").await;
        assert!(!answer.is(code).text.contains("select") && !answer.text.contains("theirs"));
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let response = ErrorCode::USER_BANNED.into_response();
    Answer::of(response).await.is(403_003);
}

#[tokio::test]
async fn the_frameworks_own_answers_carry_codes() {
    of("/nowhere").await.is(404_003);
    let answer = send(app(), Method::DELETE, "/code", "", "*/*").await;
    assert_eq!(answer.is(405_000).header("allow"), "GET,HEAD");
    send(app(), Method::POST, "/small", "too long", "*/*").await.is(413_000);
    let request = Request::post("/orders").body(Body::from("{}")).unwrap();
    Answer::of(app().oneshot(request).await.unwrap()).await.is(415_000);
    let answer = send(app(), Method::POST, "/orders", r#"{"count":"x"}"#, "*/*").await;
    assert!(answer.is(422_000).error.message().contains("count"), "{}", answer.text);
    send(app(), Method::POST, "/orders", "{", "*/*").await.is(400_002);
    of("/query?count=x").await.is(400_002);
    of("/domain/x").await.is(400_002);

    // The control: without the layer these have no code.
    let bare = send(routes(), Method::GET, "/nowhere", "", "*/*").await;
    assert_eq!((bare.error.number(), bare.response.status()), (None, StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn a_text_becomes_the_message_but_not_that_of_a_fault() {
    let answer = of("/text").await;
    answer.is(409_000).says("read it again");
    assert_eq!(answer.header("x-kept"), "1");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!of("/text500").await.is(500_001).text.contains("hunter2"));
    let own = of("/own").await;
    assert_eq!((own.text.as_str(), own.header("codelibra-error-code")), (r#"{"mine":1}"#, ""));
}

/// A layer inside has compressed the text of axum; its content is not read here.
#[tokio::test]
async fn a_compressed_text_is_a_coded_failure_without_its_text() {
    let compressed = |status: StatusCode| {
        let fields =
            [("content-encoding", "gzip"), ("content-type", "text/plain; charset=utf-8"), ("x-kept", "1")];
        let answer = move || async move { (status, fields, "\u{1f}\u{8b} hunter2") };
        Router::new().route("/", get(answer)).layer(ErrorLayer::new(Responder::new::<ErrorCode>()))
    };
    for (status, code) in [
        (StatusCode::CONFLICT, 409_000),
        (StatusCode::NOT_FOUND, 404_003),
        (StatusCode::INTERNAL_SERVER_ERROR, 500_001),
    ] {
        let answer = send(compressed(status), Method::GET, "/", "", "*/*").await;
        assert_eq!(answer.is(code).header("content-encoding"), "");
        assert_eq!(answer.header("x-kept"), "1");
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let page = send(compressed(StatusCode::OK), Method::GET, "/", "", "*/*").await;
    assert_eq!((page.header("content-encoding"), page.header("codelibra-error-code")), ("gzip", ""));
}

#[tokio::test]
async fn a_panic_and_a_timeout_are_answered() {
    let answer = of("/panic").await;
    assert!(!answer.is(500_001).text.contains("hunter2"));

    tokio::time::pause();
    of("/never").await.is(504_000);
}

#[tokio::test]
async fn a_panic_before_the_first_await_is_answered() {
    let service = tower::service_fn(|request: Request<Body>| {
        assert!(request.uri().path() != "/", "password=hunter2");
        async { Ok::<_, std::convert::Infallible>(Response::new(Body::empty())) }
    });
    let layer = ErrorLayer::new(Responder::new::<ErrorCode>());
    let service = tower_layer::Layer::layer(&layer, service);
    let response = service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    Answer::of(response).await.is(500_001);
}

/// What a handler holds when its time is up.
#[tokio::test]
async fn a_panic_in_a_drop_at_the_timeout_is_answered() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("password=hunter2");
        }
    }

    tokio::time::pause();
    let service = tower::service_fn(|_: Request<Body>| async {
        let _bomb = Bomb;
        std::future::pending::<Result<Response<Body>, std::convert::Infallible>>().await
    });
    let layer = ErrorLayer::new(Responder::new::<ErrorCode>()).timeout(Duration::from_secs(1));
    let service = tower_layer::Layer::layer(&layer, service);
    let response = service.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    Answer::of(response).await.is(500_001);
}

#[tokio::test]
async fn the_caller_and_the_responder_say_how() {
    for path in ["/code", "/nowhere", "/text"] {
        let answer = send(app(), Method::GET, path, "", "application/problem+json").await;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.response.headers().get_all("vary").iter().count(), 1);
    }
    let answer = send(app(), Method::HEAD, "/code", "", "*/*").await;
    assert_eq!((answer.response.status().as_u16(), answer.text.as_str()), (403, ""));

    let challenge = HeaderValue::from_static("Bearer realm=\"shop\"");
    let responder = Responder::new::<ErrorCode>().form(Form::Aip193).challenge(challenge);
    let app = routes().layer(ErrorLayer::new(responder));
    let answer = send(app.clone(), Method::GET, "/cookie", "", "*/*").await;
    assert_eq!(answer.is(401_001).header("www-authenticate"), "Bearer realm=\"shop\"");
    assert_eq!(answer.header("set-cookie"), "a=b");
    assert!(answer.text.starts_with(r#"{"error":"#));
    let length = answer.header("content-length");
    assert!(length.is_empty() || length == answer.text.len().to_string());
    assert_eq!(send(app, Method::GET, "/caller", "", "application/problem+json").await.text, "problem");
}

#[tokio::test]
async fn over_a_socket() {
    answers_over_a_socket(
        app(),
        &[("GET", "/code", 403_003), ("POST", "/code", 405_000), ("GET", "/x", 404_003)],
    )
    .await;
    // Without the layer, whose body was written late.
    answers_over_a_socket(routes(), &[("GET", "/code", 403_003), ("GET", "/fault", 500_001)]).await;
}

async fn answers_over_a_socket(app: Router, answers: &[(&str, &str, u32)]) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    for &(method, path, code) in answers {
        let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {}", code / 1000)), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("codelibra-error-code: {code}")), "{answer}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
        assert_eq!(Reader::new::<ErrorCode>().read_body(body.as_bytes()).number(), Some(code));
    }
}

#[tokio::test]
async fn details_pass_and_private_ones_do_not() {
    let debug = rpc::DebugInfo { detail: "stack".into(), ..Default::default() };
    let error = ErrorCode::USER_BANNED
        .with_detail(&debug)
        .with_detail(&rpc::RequestInfo { request_id: "r-1".into(), serving_data: String::new() });
    let answer = Answer::of(error.into_response()).await;
    assert_eq!(answer.is(403_003).error.request_id(), Some("r-1"));
    assert!(!answer.text.contains("stack"));
}

/// The service chooses the fallback table, so a public boundary sends a code of another domain in it.
#[tokio::test(start_paused = true)]
async fn a_fallback_of_another_catalogue_is_sent() {
    let codes = [GrpcCode::DeadlineExceeded, GrpcCode::Unimplemented, GrpcCode::ResourceExhausted];
    let fallback = Fallback::new::<ErrorCode>();
    let fallback = codes.into_iter().fold(fallback, |table, code| table.with(code, shop::ErrorCode::CLOSED));
    let responder = Responder::new::<ErrorCode>().fallback(fallback);
    let layer = ErrorLayer::new(responder).timeout(Duration::from_secs(1));
    let app = Router::new().route("/slow", get(std::future::pending::<()>)).layer(layer);
    let request = Request::get("/slow").body(Body::empty()).unwrap();
    let answer = Answer::of(app.oneshot(request).await.unwrap()).await;
    assert_eq!(answer.error.number(), Some(503_001));
    assert_eq!(answer.error.domain(), shop::ErrorCode::catalog().domain());
}
