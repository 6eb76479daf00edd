//! Errors that a service returns in place of a response, through every layer: a timeout is DEADLINE_EXCEEDED and 504, load
//! that was shed RESOURCE_EXHAUSTED and 429, and every other error INTERNAL and 500. For the client layer a timeout of the
//! operating system is UNAVAILABLE.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::{pending, ready};
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use codelibra::axum::ErrorLayer;
use codelibra::client::ClientLayer;
use codelibra::http::{GrpcToHttpLayer, HttpToGrpcLayer, Reader, Responder};
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, GrpcCode, StatusCodeExt};
use http::{Request, Response};
use http_body_util::BodyExt;
use tonic::{Code, Status};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_layer::Layer;

const DEADLINE: (GrpcCode, u32) = (GrpcCode::DeadlineExceeded, 504_000);
const SHED: (GrpcCode, u32) = (GrpcCode::ResourceExhausted, 429_000);
const INTERNAL: (GrpcCode, u32) = (GrpcCode::Internal, 500_001);

/// An error around another one.
#[derive(Debug)]
struct Around(BoxError);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("around")
    }
}

impl Error for Around {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error whose chain has no end.
#[derive(Debug)]
struct OwnSource;

impl fmt::Display for OwnSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("private")
    }
}

impl Error for OwnSource {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

async fn tokio_elapsed() -> BoxError {
    tokio::time::timeout(Duration::from_millis(1), pending::<()>()).await.unwrap_err().into()
}

fn io_error(kind: io::ErrorKind) -> BoxError {
    io::Error::new(kind, "private").into()
}

/// Each error, and how it ends a call.
async fn errors() -> Vec<(&'static str, BoxError, (GrpcCode, u32))> {
    vec![
        ("tower's timeout", tower::timeout::error::Elapsed::new().into(), DEADLINE),
        ("tokio's timeout", tokio_elapsed().await, DEADLINE),
        ("tonic's timeout", tonic::TimeoutExpired(()).into(), DEADLINE),
        ("a timeout of the operating system", io_error(io::ErrorKind::TimedOut), DEADLINE),
        ("load that was shed", tower::load_shed::error::Overloaded::new().into(), SHED),
        ("another error of the operating system", io_error(io::ErrorKind::ConnectionReset), INTERNAL),
        ("a text", "private".into(), INTERNAL),
        ("an error that is its own source", OwnSource.into(), INTERNAL),
    ]
}

fn request() -> Request<Body> {
    Request::post("/a.B/C").header("content-type", "application/grpc").body(Body::empty()).unwrap()
}

/// A request that is not gRPC: `ErrorLayer` answers gRPC in gRPC.
fn http_request() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

fn failing(
    error: BoxError,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = BoxError, Future: Send> {
    let mut error = Some(error);
    service_fn(move |_: Request<Body>| ready(Err(error.take().unwrap())))
}

fn over_grpc<B>(response: &Response<B>) -> (GrpcCode, u32) {
    let status = Status::from_header_map(response.headers()).unwrap();
    assert!(!format!("{status:?}").contains("private"), "{status:?}");
    (status.code().into(), status.to_received::<ErrorCode>().number().unwrap())
}

async fn over_http<B>(response: Response<B>) -> (u16, u32)
where
    B: http_body::Body,
    B::Error: fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&body).contains("private"));
    (parts.status.as_u16(), Reader::new::<ErrorCode>().read_parts(&parts, &body).number().unwrap())
}

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

#[tokio::test(start_paused = true)]
async fn an_error_has_its_code_through_every_layer() {
    for depth in 0..3 {
        for at in 0..errors().await.len() {
            let error = async || {
                let (name, mut error, code) = errors().await.swap_remove(at);
                for _ in 0..depth {
                    error = Around(error).into();
                }
                (name, error, code)
            };
            let (name, inner, (grpc_code, number)) = error().await;
            let layered = ServerLayer::new::<ErrorCode>().layer(failing(inner));
            let response = layered.oneshot(request()).await.unwrap();
            assert_eq!(over_grpc(&response), (grpc_code, number), "{name}, server");

            let http = (u16::try_from(number / 1000).unwrap(), number);
            let layered = ErrorLayer::new(responder()).layer(failing(error().await.1));
            assert_eq!(over_http(layered.oneshot(http_request()).await.unwrap()).await, http, "{name}, axum");

            let layered = HttpToGrpcLayer::new(responder()).layer(failing(error().await.1));
            assert_eq!(over_grpc(&layered.oneshot(request()).await.unwrap()).1, number, "{name}, to gRPC");

            let layered = GrpcToHttpLayer::new(responder()).layer(failing(error().await.1));
            assert_eq!(
                over_http(layered.oneshot(http_request()).await.unwrap()).await,
                http,
                "{name}, to HTTP"
            );

            let layered = ClientLayer::new::<ErrorCode>().layer(failing(error().await.1));
            let status = layered.oneshot(request()).await.unwrap_err();
            // gRPC, "Status codes and their use": a client's broken connection is UNAVAILABLE.
            let grpc_code = match name {
                "a timeout of the operating system" => GrpcCode::Unavailable,
                _ => grpc_code,
            };
            if number / 1000 != 500 {
                assert_eq!(GrpcCode::from(status.code()), grpc_code, "{name}, client");
            }
            assert!(status.to_received::<ErrorCode>().is_synthesized());
        }
    }
}

/// A status that comes first in the chain has a code itself; a connection that was not made in time is UNAVAILABLE.
#[tokio::test]
async fn what_says_its_code_itself_keeps_it() {
    let status = || {
        let mut status = Status::not_found("private");
        status.set_source(std::sync::Arc::new(tower::timeout::error::Elapsed::new()));
        status
    };
    let connect = || tonic::ConnectError(io_error(io::ErrorKind::TimedOut));
    let cases: [(&dyn Fn() -> BoxError, Code, u32); 3] = [
        (&|| status().into(), Code::NotFound, 404_003),
        (&|| Around(status().into()).into(), Code::NotFound, 404_003),
        (&|| Around(connect().into()).into(), Code::Unavailable, 503_000),
    ];
    for (error, code, number) in cases {
        let layered = ServerLayer::new::<ErrorCode>().layer(failing(error()));
        assert_eq!(over_grpc(&layered.oneshot(request()).await.unwrap()), (code.into(), number));
        let layered = GrpcToHttpLayer::new(responder()).layer(failing(error()));
        assert_eq!(over_http(layered.oneshot(request()).await.unwrap()).await.1, number);
        let layered = ClientLayer::new::<ErrorCode>().layer(failing(error()));
        assert_eq!(layered.oneshot(request()).await.unwrap_err().code(), code);
    }
}

/// tower's layers as they are used, under the server layer and in a router.
#[tokio::test(start_paused = true)]
async fn towers_own_timeout_ends_a_call_with_its_code() {
    let never = || service_fn(|_: Request<Body>| pending::<Result<Response<Body>, Infallible>>());
    let timeout = Duration::from_secs(1);
    let service = ServiceBuilder::new().layer(ServerLayer::new::<ErrorCode>()).timeout(timeout);
    assert_eq!(over_grpc(&service.service(never()).oneshot(request()).await.unwrap()), DEADLINE);

    // Without `HandleErrorLayer`: the service that `ErrorLayer` makes never fails.
    let layers = ServiceBuilder::new().layer(ErrorLayer::new(responder())).timeout(timeout);
    let app: Router = Router::new().route("/", get(|| async { pending::<&str>().await })).layer(layers);
    let request = Request::get("/").body(Body::empty()).unwrap();
    assert_eq!(over_http(app.oneshot(request).await.unwrap()).await, (504, 504_000));
}
