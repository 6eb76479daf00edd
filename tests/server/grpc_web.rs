//! gRPC-Web, with `GrpcWebLayer` on either side of the server layer: every failure has a code, and nothing private is
//! sent.

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::support::{End, Kind, Log, Script, Test, check};
use crate::web;
use crate::web::{BINARY, Received, TEXT, receive, request};
use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::rpc::bad_request::FieldViolation;
use codelibra::rpc::{BadRequest, DebugInfo, RequestInfo};
use codelibra::server::ServerLayer;
use codelibra::{Boundary, Budget, ErrorCode, GrpcCode, StatusCodeExt};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_web::GrpcWebLayer;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceExt};

const CANARY: &str = "cAnArY-7f3e /srv/db-3.internal select * from users";

const CONTENT_TYPES: [&str; 4] = [BINARY, TEXT, "application/grpc-web", "application/grpc-web-text"];

/// The position of `GrpcWebLayer`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// Inside the server layer, which then sees gRPC-Web.
    Inside,
    /// Outside the server layer, which then sees gRPC.
    Outside,
}

const ORDERS: [Order; 2] = [Order::Inside, Order::Outside];

type Boxed = BoxCloneService<Request<Body>, Response<Body>, Infallible>;

fn boxed<S, B>(service: S) -> Boxed
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    BoxCloneService::new(service.map_response(|response| response.map(Body::new)))
}

/// A service that panics in `call`, before it returns a future.
#[derive(Clone)]
struct PanicsInCall;

impl Service<Request<Body>> for PanicsInCall {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        panic!("{CANARY}")
    }
}

impl Order {
    fn stack(self, layer: ServerLayer, service: Boxed) -> Boxed {
        match self {
            Self::Inside => boxed(layer.layer(GrpcWebLayer::new().layer(service))),
            Self::Outside => boxed(GrpcWebLayer::new().layer(layer.layer(service))),
        }
    }
}

async fn call(service: Boxed, kind: Kind, content_type: &str) -> Received {
    receive(service.oneshot(request(kind.path(), content_type, "hello")).await.unwrap()).await
}

fn layer() -> ServerLayer {
    ServerLayer::new::<ErrorCode>()
}

fn private_cause() -> Status {
    let debug = DebugInfo { stack_entries: vec![], detail: CANARY.into() };
    let error = ErrorCode::UNEXPECTED_ERROR.with_detail(&debug).with_cause(std::io::Error::other(CANARY));
    error.into()
}

/// The behaviour of a service, and the expected end of the call.
struct Case {
    name: &'static str,
    service: fn() -> Boxed,
    number: u32,
    grpc_code: GrpcCode,
    /// How often the log contains the canary.
    logged: usize,
}

fn scripted(script: impl Fn() -> Script + Send + Sync + 'static) -> Boxed {
    boxed(Test::new(move |_| script()))
}

fn cases() -> Vec<Case> {
    let case = |name, service, number, grpc_code, logged| Case { name, service, number, grpc_code, logged };
    vec![
        case(
            "a handler's error",
            || scripted(|| Script::fail(ErrorCode::USER_BANNED.with_message("banned for spam")).after(3)),
            403_003,
            GrpcCode::PermissionDenied,
            0,
        ),
        case(
            "a handler's error before the stream",
            || scripted(|| Script::fail(ErrorCode::USER_BANNED).at_once()),
            403_003,
            GrpcCode::PermissionDenied,
            0,
        ),
        case(
            "a private message of a 5xx",
            || scripted(|| Script::fail(ErrorCode::UNEXPECTED_ERROR.with_message(CANARY)).after(3)),
            500_001,
            GrpcCode::Internal,
            1,
        ),
        case(
            "a private cause and DebugInfo",
            || scripted(|| Script::fail(private_cause()).after(1)),
            500_001,
            GrpcCode::Internal,
            2,
        ),
        case(
            "a status without a code",
            || scripted(|| Script::fail(Status::not_found(CANARY)).after(2)),
            404_003,
            GrpcCode::NotFound,
            1,
        ),
        case(
            "a private field",
            || {
                scripted(|| {
                    let mut status = Status::from(ErrorCode::NOT_FOUND);
                    status.metadata_mut().insert("x-internal-host", CANARY.parse().unwrap());
                    Script::fail(status).after(2)
                })
            },
            404_003,
            GrpcCode::NotFound,
            0,
        ),
        case(
            "a panic in poll",
            || scripted(|| Script { items: 0, at_once: false, end: End::Panic(CANARY.into()) }),
            500_001,
            GrpcCode::Internal,
            1,
        ),
        case(
            "a panic in a stream",
            || scripted(|| Script { items: 3, at_once: false, end: End::Panic(CANARY.into()) }),
            500_001,
            GrpcCode::Internal,
            1,
        ),
        case("a panic in call", || boxed(PanicsInCall), 500_001, GrpcCode::Internal, 1),
        case(
            "no status at the end",
            || {
                boxed(tower::service_fn(|_: Request<Body>| async {
                    let message = Bytes::from_static(b"\0\0\0\0\0");
                    let response = Response::builder().header("content-type", "application/grpc");
                    Ok(response.body(Body::new(http_body_util::Full::new(message))).unwrap())
                }))
            },
            500_001,
            GrpcCode::Internal,
            0,
        ),
        case(
            "no gRPC at all",
            || {
                boxed(tower::service_fn(|_: Request<Body>| async {
                    let response = Response::builder().status(503).header("content-type", "text/html");
                    Ok(response.body(Body::new(http_body_util::Full::new(Bytes::from(CANARY)))).unwrap())
                }))
            },
            503_000,
            GrpcCode::Unavailable,
            0,
        ),
    ]
}

#[tokio::test]
async fn every_failure_is_coded_and_private_text_is_logged_only() {
    let log = Log::start();
    let mut failures = Vec::new();
    for case in cases() {
        for order in ORDERS {
            for content_type in CONTENT_TYPES {
                for kind in [Kind::Unary, Kind::ServerStream] {
                    log.take();
                    let what = format!("{}, GrpcWebLayer {order:?}, {content_type}, {kind:?}", case.name);
                    // Every row runs, and the message contains all rows that fail.
                    let service = order.stack(layer(), (case.service)());
                    let received = tokio::spawn(call(service, kind, content_type));
                    let Ok(received) = received.await else {
                        failures.push(format!("{what}: not a gRPC-Web answer"));
                        continue;
                    };
                    let log = log.take();
                    if let Err(fault) = fault_of(&case, &received, &log, content_type) {
                        failures.push(format!("{what}: {fault}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

/// Checks the promises of the layer about an answer, and returns the first one that is broken.
fn fault_of(case: &Case, received: &Received, log: &str, content_type: &str) -> Result<(), String> {
    let is_text = content_type.contains("-text");
    if received.headers["content-type"] != (if is_text { TEXT } else { BINARY }) {
        return Err(format!("content-type {:?}", received.headers["content-type"]));
    }
    for private in ["cAnArY", "codelibra-cause", "x-internal-host"] {
        if received.contains(private) {
            return Err(format!("the caller received {private:?}"));
        }
    }
    let status = received.status().ok_or("no grpc-status")?;
    let error = status.to_received::<ErrorCode>();
    if (error.number(), error.grpc_code()) != (Some(case.number), case.grpc_code) {
        return Err(format!("ended with {:?} {:?}", error.number(), error.grpc_code()));
    }
    let fields = received.trailers.as_ref().unwrap_or(&received.headers);
    if fields.get("codelibra-error-code").is_none_or(|value| *value != case.number.to_string()) {
        return Err("no codelibra-error-code".into());
    }
    let id = error.detail::<RequestInfo>().and_then(Result::ok).map(|info| info.request_id);
    let logged = id.map_or(0, |id| log.matches(&id).count());
    if logged != 1 {
        return Err(format!("the log has its request id {logged} times"));
    }
    let canaries = log.matches("cAnArY").count();
    if canaries != case.logged {
        return Err(format!("the log has the canary {canaries} times: {log}"));
    }
    Ok(())
}

/// The control, without the layer: the private message is in the body, and the answer has no code.
#[tokio::test]
async fn without_the_layer_the_canary_is_sent() {
    let error = || ErrorCode::UNEXPECTED_ERROR.with_message(CANARY);
    for content_type in CONTENT_TYPES {
        for kind in [Kind::Unary, Kind::ServerStream] {
            let service = scripted(move || Script::fail(error()).after(1));
            let received = call(boxed(GrpcWebLayer::new().layer(service)), kind, content_type).await;
            assert!(received.contains("cAnArY"), "{content_type} {kind:?}: {received:?}");
            let fields = received.trailers.as_ref().unwrap_or(&received.headers);
            assert!(fields.get("codelibra-error-code").is_none());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_after_its_deadline_is_coded() {
    for order in ORDERS {
        for content_type in CONTENT_TYPES {
            for kind in [Kind::Unary, Kind::ServerStream] {
                for (deadline_of_caller, drops_unread) in
                    [(false, false), (true, false), (false, true), (true, true)]
                {
                    let mut request = request(kind.path(), content_type, "hello");
                    let mut layer = layer();
                    if deadline_of_caller {
                        request.headers_mut().insert("grpc-timeout", "100m".parse().unwrap());
                    } else {
                        layer = layer.timeout(Duration::from_millis(100));
                    }
                    if drops_unread {
                        layer = layer.drop_unread();
                    }
                    let service = scripted(|| Script { items: 2, at_once: false, end: End::Never });
                    let service = order.stack(layer, service);
                    let received = receive(service.oneshot(request).await.unwrap()).await;
                    let status = received.status().unwrap();
                    let error = check(&status);
                    assert_eq!((status.code(), error.number()), (Code::DeadlineExceeded, Some(504_000)));
                    let streamed = kind == Kind::ServerStream;
                    assert_eq!(received.messages.len(), if streamed { 2 } else { 0 }, "{order:?}");
                    assert_eq!(received.trailers.is_some(), streamed, "trailers-only before a message");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_success_is_not_changed() {
    for order in ORDERS {
        for content_type in CONTENT_TYPES {
            for (kind, messages) in [(Kind::Unary, 1), (Kind::ServerStream, 5)] {
                let service = scripted(|| Script { items: 5, at_once: false, end: End::Ok });
                let bare = call(boxed(GrpcWebLayer::new().layer(service.clone())), kind, content_type).await;
                let received = call(order.stack(layer(), service), kind, content_type).await;
                assert_eq!(received.messages.len(), messages);
                assert_eq!(received.status().unwrap().code(), Code::Ok);
                assert_eq!((&received.headers, &received.body), (&bare.headers, &bare.body), "{order:?}");
            }
        }
    }
}

/// Makes a call of plain gRPC, whose answer has HTTP trailers.
async fn call_grpc(service: Boxed, kind: Kind) -> HeaderMap {
    let mut request = request(kind.path(), "application/grpc", "hello");
    request.headers_mut().insert("x-request-id", "same-id".parse().unwrap());
    let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
    body.collect().await.unwrap().trailers().cloned().unwrap_or(parts.headers)
}

/// Returns large failures, and failures with fields of a handler.
fn large_failures() -> Vec<Status> {
    let violations = |count: usize| {
        let violation = |i| FieldViolation { field: format!("f{i}"), ..Default::default() };
        ErrorCode::VALIDATION_ERROR
            .with_detail(&BadRequest { field_violations: (0..count).map(violation).collect() })
    };
    let mut with_field = Status::from(ErrorCode::USER_BANNED);
    with_field.metadata_mut().insert("x-shard", "7".parse().unwrap());
    let mut received = Status::from(ErrorCode::USER_BANNED.with_message("of another service"));
    received.metadata_mut().insert("codelibra-received", "".parse().unwrap());
    vec![
        ErrorCode::USER_BANNED.with_message("ü 100% \u{1f600}\r\n: x".repeat(100)).into(),
        ErrorCode::USER_BANNED.with_metadata("k", "v".repeat(4000)).into(),
        LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() }.into(),
        violations(10).into(),
        violations(1_000).into(),
        with_field,
        received,
        Status::unauthenticated("no token"),
        Status::unimplemented(""),
    ]
}

#[tokio::test]
async fn grpc_web_and_grpc_have_the_same_decision() {
    for status in large_failures() {
        for boundary in [Boundary::public, Boundary::internal] {
            for budget in [Budget::KIB_3, Budget::KIB_8, Budget::from_bytes(720)] {
                for kind in [Kind::Unary, Kind::ServerStream] {
                    let layer = layer().boundary(boundary()).budget(budget);
                    let status = status.clone();
                    let service = scripted(move || Script::fail(status.clone()).after(1));
                    let mut expected = call_grpc(boxed(layer.layer(service.clone())), kind).await;
                    expected.remove("content-type");
                    for order in ORDERS {
                        for content_type in [BINARY, TEXT] {
                            let mut request = request(kind.path(), content_type, "hello");
                            request.headers_mut().insert("x-request-id", "same-id".parse().unwrap());
                            let service = order.stack(layer.clone(), service.clone());
                            let received = receive(service.oneshot(request).await.unwrap()).await;
                            let mut fields = received.trailers.unwrap_or(received.headers);
                            fields.remove("content-type");
                            // The other fields limit the details, and `content-type` is longer in gRPC-Web.
                            let what = format!("{order:?} {content_type} {kind:?} {budget:?}");
                            if kind == Kind::ServerStream {
                                assert_eq!(fields, expected, "{what}");
                            }
                            let status = Status::from_header_map(&fields).unwrap();
                            let grpc = Status::from_header_map(&expected).unwrap();
                            let number =
                                |status: &Status| status.to_received::<ErrorCode>().number().unwrap();
                            assert_eq!(number(&status), number(&grpc), "{what}");
                            assert_eq!(status.code(), grpc.code(), "{what}");
                            let size: usize = fields
                                .iter()
                                .map(|(name, value)| name.as_str().len() + value.len() + 32)
                                .sum();
                            assert!(budget != Budget::KIB_3 || size <= 3 << 10, "{what}: {size}");
                        }
                    }
                }
            }
        }
    }
}

/// A trailer frame that arrives in one piece may be longer than one that is collected.
#[tokio::test]
async fn a_large_failure_keeps_its_code() {
    let service =
        scripted(|| Script::fail(ErrorCode::USER_BANNED.with_message("x".repeat(300_000))).after(1));
    for content_type in [BINARY, TEXT] {
        let service = Order::Inside.stack(layer(), service.clone());
        let received = call(service, Kind::ServerStream, content_type).await;
        assert!(received.body.len() < 5_000);
        let error = received.status().unwrap().to_received::<ErrorCode>();
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    }
}

#[tokio::test]
async fn failures_of_tonic_web_itself_are_coded() {
    // PROTOCOL-WEB.md permits only POST. `GrpcWebLayer` answers 405, without fields.
    let mut wrong = request(Kind::Unary.path(), BINARY, "hello");
    *wrong.method_mut() = http::Method::GET;
    let service = Order::Inside.stack(layer(), scripted(|| Script::fail(ErrorCode::USER_BANNED)));
    let received = receive(service.clone().oneshot(wrong).await.unwrap()).await;
    assert_eq!(received.headers["content-type"], BINARY);
    let status = received.status().unwrap();
    assert_eq!((status.code(), check(&status).number()), (Code::Unimplemented, Some(501_000)));

    // Over HTTP/1.1 it answers 400 if it does not know the message format. No argument of the method is invalid.
    for content_type in ["application/grpc-web+thrift", "application/grpc-web-text+thrift"] {
        let received = receive(
            service.clone().oneshot(request(Kind::Unary.path(), content_type, "hello")).await.unwrap(),
        )
        .await;
        let status = received.status().unwrap();
        assert_eq!((status.code(), check(&status).number()), (Code::Internal, Some(500_001)));
    }

    let unknown = request("/nobody.v1.Nothing/At", TEXT, "hello");
    let received = receive(service.oneshot(unknown).await.unwrap()).await;
    assert_eq!(check(&received.status().unwrap()).number(), Some(501_000));
}

/// The headers of a page contain a failure, and the trailers contain a `content-type`: a gRPC-Web caller receives neither the
/// page nor the text.
#[tokio::test]
async fn content_of_a_failure_that_is_not_grpc_web_is_removed() {
    let page = Response::builder().header("content-type", "text/html").header("grpc-status", "5");
    let page = page.body(Bytes::from(format!("<html>{CANARY}"))).unwrap();
    let trailers = format!("grpc-status: 5\r\ncontent-type: {CANARY}\r\n");
    let frame = Response::builder().header("content-type", BINARY);
    let frame = frame.body(Bytes::from(web::frame(0x80, trailers.as_bytes()))).unwrap();
    for (name, response) in [("a page", page), ("a trailer", frame)] {
        let service = tower::service_fn(move |_: Request<Body>| {
            std::future::ready(Ok::<_, Infallible>(response.clone().map(http_body_util::Full::new)))
        });
        let received = call(boxed(layer().layer(service)), Kind::Unary, BINARY).await;
        assert!(!received.contains("cAnArY"), "{name}");
        assert_eq!(check(&received.status().unwrap()).code(), Some(ErrorCode::NOT_FOUND), "{name}");
    }
}
