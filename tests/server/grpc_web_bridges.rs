//! gRPC-Web and HTTP on one server: requests and answers of gRPC-Web in the bridges and in axum's layer.

use std::convert::Infallible;

use crate::support::{KINDS, Kind, Script, Test, check};
use crate::web::{BINARY, TEXT, receive, request};
use bytes::Bytes;
use codelibra::axum::ErrorLayer;
use codelibra::http::{Form, GrpcToHttpLayer, HttpToGrpcLayer, Responder};
use codelibra::server::{ServerLayer, ServerService};
use codelibra::{ApiError, ErrorCode};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use tonic::body::Body;
use tonic_web::{GrpcWebLayer, GrpcWebService};
use tower::util::BoxCloneService;
use tower::{Layer, ServiceExt, service_fn};

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

/// Returns a service whose failures are sent as coded gRPC-Web.
fn stack() -> ServerService<GrpcWebService<Test>> {
    let service =
        Test::new(|_| Script::fail(ErrorCode::USER_BANNED.with_message("banned for spam")).after(2));
    ServerLayer::new::<ErrorCode>().layer(GrpcWebLayer::new().layer(service))
}

/// Returns the same service, with a boxed body.
fn coded() -> BoxCloneService<Request<Body>, Response<Body>, Infallible> {
    BoxCloneService::new(ServiceExt::<Request<Body>>::map_response(stack(), |response| {
        response.map(Body::new)
    }))
}

fn with_id(kind: Kind, content_type: &str) -> Request<Body> {
    let mut request = request(kind.path(), content_type, "hello");
    request.headers_mut().insert("x-request-id", "same-id".parse().unwrap());
    request
}

/// The callers of an HTTP service that fails use gRPC-Web.
#[tokio::test]
async fn an_http_error_becomes_trailers_only_grpc_web() {
    let fails = service_fn(|_: Request<Body>| async {
        let error = ErrorCode::USER_BANNED.with_message("banned for spam");
        Ok::<_, Infallible>(responder().respond(&HeaderMap::new(), &error).map(Full::new))
    });
    let page = service_fn(|_: Request<Body>| async {
        let response = Response::builder().status(503).header("content-type", "application/grpc-web+proto");
        Ok::<_, Infallible>(response.body(Full::new(Bytes::from("<html>"))).unwrap())
    });
    for content_type in [BINARY, TEXT, "application/grpc-web", "application/grpc"] {
        let expected = match content_type {
            "application/grpc-web" => BINARY,
            other => other,
        };
        let service = HttpToGrpcLayer::new(responder()).layer(fails);
        let response = service.oneshot(with_id(Kind::Unary, content_type)).await.unwrap();
        assert_eq!(response.headers()["content-type"], expected);
        let received = receive(response).await;
        let error = check(&received.status().unwrap());
        assert_eq!((error.number(), error.message()), (Some(403_003), "banned for spam"));

        let service = HttpToGrpcLayer::new(responder()).layer(page);
        let received = receive(service.oneshot(with_id(Kind::Unary, content_type)).await.unwrap()).await;
        assert_eq!(received.headers["content-type"], expected);
        assert_eq!(check(&received.status().unwrap()).number(), Some(503_000));
    }
}

/// No layer for HTTP changes an answer that is already gRPC-Web.
#[tokio::test]
async fn an_answer_of_grpc_web_is_not_changed() {
    for kind in [Kind::Unary, Kind::ServerStream] {
        for content_type in [BINARY, TEXT] {
            let bare = receive(coded().oneshot(with_id(kind, content_type)).await.unwrap()).await;
            assert_eq!(check(&bare.status().unwrap()).code(), Some(ErrorCode::USER_BANNED));
            let layer = HttpToGrpcLayer::new(responder());
            let there =
                receive(layer.layer(coded()).oneshot(with_id(kind, content_type)).await.unwrap()).await;
            let layer = GrpcToHttpLayer::new(responder().form(Form::Problem));
            let back =
                receive(layer.layer(coded()).oneshot(with_id(kind, content_type)).await.unwrap()).await;
            let router = axum::Router::new().route_service(kind.path(), stack());
            let router = router.layer(ErrorLayer::new(responder()));
            let mut axum = receive(router.oneshot(with_id(kind, content_type)).await.unwrap()).await;
            // axum adds the length of an empty body.
            axum.headers.remove("content-length");
            for received in [there, back, axum] {
                assert_eq!((&received.headers, &received.body), (&bare.headers, &bare.body), "{kind:?}");
            }
        }
    }
}

async fn panics() -> &'static str {
    panic!("cAnArY")
}

/// axum's layer answers a call of gRPC-Web in gRPC-Web.
#[tokio::test]
async fn axum_answers_grpc_web_in_grpc_web() {
    for (content_type, expected) in [(BINARY, BINARY), (TEXT, TEXT), ("application/grpc-web", BINARY)] {
        for (path, number) in [("/panics", 500_001), ("/missing", 501_000), ("/refuses", 403_003)] {
            let refuses = axum::routing::post(|| async { ApiError::from(ErrorCode::USER_BANNED) });
            let router =
                axum::Router::new().route("/panics", axum::routing::post(panics)).route("/refuses", refuses);
            let router = router.layer(ErrorLayer::new(responder()));
            let received = router.oneshot(request(path, content_type, "hello")).await.unwrap();
            assert_eq!(received.status(), 200);
            assert_eq!(received.headers()["content-type"], expected);
            let received = receive(received).await;
            assert_eq!(check(&received.status().unwrap()).number(), Some(number), "{content_type} {path}");
            assert!(!received.contains("cAnArY"));
        }
    }
}

/// A caller of HTTP receives HTTP for any answer of the service.
#[tokio::test]
async fn an_http_caller_receives_a_failure_without_a_body_as_http() {
    let service = service_fn(|_: Request<Body>| async {
        let response = Response::builder().header("content-type", BINARY).header("grpc-status", "5");
        Ok::<_, Infallible>(response.body(Full::new(Bytes::new())).unwrap())
    });
    let service = GrpcToHttpLayer::new(responder()).layer(service);
    let request = Request::get("/v1/users/7").body(Body::empty()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(!response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

/// Every kind of call, through a server layer with `GrpcWebLayer` inside: that layer does not change plain gRPC.
#[tokio::test]
async fn plain_grpc_is_the_same_with_and_without_grpc_web() {
    for kind in KINDS {
        let request = || {
            let mut request = with_id(kind, "application/grpc");
            *request.version_mut() = http::Version::HTTP_2;
            request
        };
        let service =
            Test::new(|_| Script::fail(ErrorCode::USER_BANNED.with_message("banned for spam")).after(2));
        let plain = ServerLayer::new::<ErrorCode>().layer(service);
        let plain = plain.oneshot(request()).await.unwrap();
        let beside = coded().oneshot(request()).await.unwrap();
        assert_eq!(plain.headers(), beside.headers());
        let plain = plain.into_body().collect().await.unwrap();
        let beside = beside.into_body().collect().await.unwrap();
        assert_eq!(plain.trailers(), beside.trailers());
        assert_eq!(plain.to_bytes(), beside.to_bytes());
    }
}
