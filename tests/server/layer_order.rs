//! Every row of the table in docs/guides/layer-order.md: the right order, and what goes wrong in the other one.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use crate::support::{End, Kind, Log, Script, Test, call, check, connect};
use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::routing::get;
use codelibra::axum::ErrorLayer;
use codelibra::http::{Reader, Responder};
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, StatusCodeExt};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use tonic::service::InterceptorLayer;
use tonic::transport::{Channel, Server};
use tonic::{Code, Status};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::trace::TraceLayer;

/// Serves with the given layers, the first one outermost, and gives a channel.
macro_rules! served {
    ($service:expr $(, $layer:expr)*) => {
        connect(|incoming| {
            Server::builder()$(.layer($layer))*.add_service($service).serve_with_incoming(incoming)
        })
        .await
    };
}

fn codes() -> ServerLayer {
    ServerLayer::new::<ErrorCode>()
}

fn service(end: fn() -> End) -> Test {
    Test::new(move |_| Script { items: 0, at_once: true, end: end() })
}

async fn failure(channel: Channel) -> Status {
    call(channel, Kind::Unary, tonic::Request::new(String::new())).await.1.unwrap_err()
}

fn number(status: &Status) -> Option<u32> {
    status.to_received::<ErrorCode>().number()
}

#[tokio::test]
async fn the_span_of_trace_contains_the_event_if_trace_is_outside() {
    let fails = || service(|| End::Fail(ErrorCode::USER_BANNED.into()));
    let log = Log::start();
    let trace =
        || TraceLayer::new_for_grpc().make_span_with(|_: &Request<_>| tracing::info_span!("from_trace"));
    let status = failure(served!(fails(), trace(), codes())).await;
    assert_eq!(check(&status).number(), Some(403_003));
    assert!(log.take().contains("from_trace: codelibra::server: a call failed"));
    let status = failure(served!(fails(), codes(), trace())).await;
    assert_eq!(check(&status).number(), Some(403_003));
    let text = log.take();
    assert!(
        text.contains("codelibra::server: a call failed") && !text.contains("from_trace: codelibra::server")
    );
}

#[tokio::test]
async fn a_panic_has_the_fields_of_cors_if_cors_is_outside() {
    let cors = || CorsLayer::new().allow_origin(["https://shop.example.com".parse().unwrap()]);
    let panics = || service(|| End::Panic("secret".into()));
    let _log = Log::start();
    let from_a_browser = async |channel| {
        let mut request = tonic::Request::new(String::new());
        request.metadata_mut().insert("origin", "https://shop.example.com".parse().unwrap());
        let status = call(channel, Kind::Unary, request).await.1.unwrap_err();
        assert_eq!(check(&status).number(), Some(500_001));
        status.metadata().contains_key("access-control-allow-origin")
    };
    assert!(from_a_browser(served!(panics(), cors(), codes())).await);
    assert!(!from_a_browser(served!(panics(), codes(), cors())).await);
}

#[tokio::test]
async fn a_timeout_of_tower_has_a_code_if_it_is_inside() {
    let _log = Log::start();
    let hangs = || service(|| End::Never);
    let timeout = || TimeoutLayer::new(Duration::from_millis(20));
    let status = failure(served!(hangs(), codes(), timeout())).await;
    assert_eq!((status.code(), check(&status).number()), (Code::DeadlineExceeded, Some(504_000)));
    // tonic does not know the error of this timeout, and resets the stream.
    let status = failure(served!(hangs(), timeout(), codes())).await;
    assert_eq!((status.code(), number(&status)), (Code::Internal, None));
    // tonic's own timeout is outside of every layer.
    let status = failure(
        connect(|incoming| {
            let mut server = Server::builder().timeout(Duration::from_millis(20)).layer(codes());
            server.add_service(hangs()).serve_with_incoming(incoming)
        })
        .await,
    )
    .await;
    assert_eq!((status.code(), number(&status)), (Code::Cancelled, None));
}

/// Holds the only permit with a call that does not end, and returns the failure of a second call.
async fn overloaded(serve: impl AsyncFnOnce(Test) -> Channel) -> Status {
    let arrived = Arc::new(tokio::sync::Notify::new());
    let holds = Arc::clone(&arrived);
    let service = Test::new(move |_| {
        holds.notify_one();
        Script { items: 0, at_once: true, end: End::Never }
    });
    let channel = serve(service).await;
    let held = tokio::spawn(failure(channel.clone()));
    arrived.notified().await;
    let status = failure(channel).await;
    held.abort();
    status
}

#[tokio::test]
async fn load_shed_has_a_code_if_it_is_inside() {
    let _log = Log::start();
    let limit = || GlobalConcurrencyLimitLayer::new(1);
    let shed = LoadShedLayer::new;
    let status = overloaded(async |test| served!(test, codes(), shed(), limit())).await;
    assert_eq!((status.code(), check(&status).number()), (Code::ResourceExhausted, Some(429_000)));
    let status = overloaded(async |test| served!(test, shed(), codes(), limit())).await;
    assert_eq!((status.code(), number(&status)), (Code::ResourceExhausted, None));
    // Inside of the limit, it rejects nothing: the second call waits.
    let calls = service_fn(async |_: ()| Ok::<_, std::convert::Infallible>(()));
    let mut second = ServiceBuilder::new().layer(limit()).layer(shed()).service(calls);
    let mut first = second.clone();
    first.ready().await.unwrap();
    assert!(second.poll_ready(&mut Context::from_waker(Waker::noop())).is_pending());
    // tonic's own is outside of every layer.
    let status = overloaded(async |test| {
        connect(|incoming| {
            let server = Server::builder().load_shed(true).concurrency_limit_per_connection(1);
            server.layer(codes()).add_service(test).serve_with_incoming(incoming)
        })
        .await
    })
    .await;
    assert_eq!((status.code(), number(&status)), (Code::ResourceExhausted, None));
}

#[tokio::test]
async fn an_interceptor_has_a_code_if_it_is_inside() {
    let _log = Log::start();
    type Interceptor = fn(tonic::Request<()>) -> Result<tonic::Request<()>, Status>;
    let rejects = || InterceptorLayer::<Interceptor>::new(|_| Err(Status::unauthenticated("no token")));
    let fine = || service(|| End::Ok);
    let status = failure(served!(fine(), codes(), rejects())).await;
    assert_eq!(check(&status).number(), Some(401_001));
    let status = failure(served!(fine(), rejects(), codes())).await;
    assert_eq!((status.code(), number(&status)), (Code::Unauthenticated, None));
}

#[tokio::test]
async fn health_has_codes_if_the_layer_is_around_the_server() {
    let _log = Log::start();
    let (_, health) = tonic_health::server::health_reporter();
    let channel = connect(|incoming| {
        Server::builder()
            .layer(codes())
            .add_service(health)
            .add_service(service(|| End::Ok))
            .serve_with_incoming(incoming)
    })
    .await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let unknown = tonic_health::pb::HealthCheckRequest { service: "unknown".into() };
    let status = health.check(unknown).await.unwrap_err();
    assert_eq!((status.code(), check(&status).number()), (Code::NotFound, Some(404_003)));
}

fn errors() -> ErrorLayer {
    ErrorLayer::new(Responder::new::<ErrorCode>())
}

fn routes() -> Router {
    Router::new()
        .route("/never", get(|| async { std::future::pending::<&'static str>().await }))
        .route("/panic", get(|| async { panic!("secret") as &'static str }))
}

/// Returns the status and the code of a response, and whether it has the fields of CORS.
async fn answer(app: Router, path: &str) -> (StatusCode, Option<u32>, bool) {
    let request = Request::get(path).header(header::ORIGIN, "https://shop.example.com");
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let has_cors = parts.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let has_code = parts.headers.contains_key("codelibra-error-code");
    let body = body.collect().await.unwrap().to_bytes();
    let number = Reader::new::<ErrorCode>().read_parts(&parts, &body).number();
    (parts.status, number.filter(|_| has_code), has_cors)
}

/// In axum, the last `.layer` is the outermost.
#[tokio::test(start_paused = true)]
async fn error_layer_is_after_routes_and_timeouts_and_before_cors() {
    let _log = Log::start();
    let cors = || CorsLayer::new().allow_origin(["https://shop.example.com".parse().unwrap()]);
    let late = |_: tower::BoxError| async { (StatusCode::REQUEST_TIMEOUT, "late") };
    let timeout = || {
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(late))
            .layer(TimeoutLayer::new(Duration::from_secs(1)))
    };
    // CORS
    assert_eq!(
        answer(routes().layer(errors()).layer(cors()), "/panic").await,
        (StatusCode::INTERNAL_SERVER_ERROR, Some(500_001), true)
    );
    assert_eq!(
        answer(routes().layer(cors()).layer(errors()), "/panic").await,
        (StatusCode::INTERNAL_SERVER_ERROR, Some(500_001), false)
    );
    // A route and a fallback that are added after the layer.
    assert_eq!(answer(routes().layer(errors()), "/nowhere").await.1, Some(404_003));
    let banned = || async { codelibra::ApiError::from(ErrorCode::USER_BANNED) };
    let after =
        || routes().layer(errors()).route("/after", get(|| async { StatusCode::NOT_FOUND })).fallback(banned);
    assert_eq!(answer(after(), "/after").await, (StatusCode::NOT_FOUND, None, false));
    // Timeouts
    assert_eq!(
        answer(routes().layer(timeout()).layer(errors()), "/never").await,
        (StatusCode::REQUEST_TIMEOUT, Some(408_000), false)
    );
    assert_eq!(
        answer(routes().layer(errors()).layer(timeout()), "/never").await,
        (StatusCode::REQUEST_TIMEOUT, None, false)
    );
    assert_eq!(
        answer(routes().layer(errors().timeout(Duration::from_secs(1))), "/never").await,
        (StatusCode::GATEWAY_TIMEOUT, Some(504_000), false)
    );
    // With tower's ServiceBuilder, the first layer is the outermost. The error layer handles the errors of the other ones.
    let builder = ServiceBuilder::new()
        .layer(errors())
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(1));
    let app = routes().layer(builder);
    let held = tokio::spawn({
        let app = app.clone();
        async move { answer(app, "/never").await }
    });
    tokio::task::yield_now().await;
    assert_eq!(answer(app, "/panic").await.1, Some(429_000));
    assert_eq!(held.await.unwrap().1, Some(504_000));
}
