//! gRPC and axum on one port: who asks in gRPC is answered in gRPC, and all others in HTTP, in every order of the layers.

#[allow(dead_code, unreachable_pub, reason = "its main is for the command line")]
#[path = "../../examples/one_port.rs"]
mod example;

use std::future::pending;
use std::time::Duration;

use crate::support;
use crate::support::{KINDS, Kind, Script, Test, call};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use codelibra::axum::ErrorLayer;
use codelibra::http::{Reader, Responder};
use codelibra::server::ServerLayer;
use codelibra::{ApiError, ErrorCode, StatusCodeExt};
use http::Request;
use http_body_util::BodyExt;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::ServiceExt;

/// Serves on a free port over HTTP/1 and HTTP/2; gives its address.
async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

async fn grpc(channel: &Channel, path: &'static str) -> Status {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(path);
    grpc.unary(tonic::Request::new("unknown".to_owned()), path, codec).await.unwrap_err()
}

#[tokio::test]
async fn the_example_answers_each_caller_in_its_protocol() {
    let url = serve(example::app()).await;
    for (path, code) in [
        ("/users/7", 403_003),
        ("/users/seven", 400_002),
        ("/nowhere", 404_003),
        ("/nobody.v1.Nothing/At", 404_003),
    ] {
        let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
        assert_eq!(u32::from(answer.status().as_u16()), code / 1000, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(
            Reader::new::<ErrorCode>().read_response(answer.into()).await.number(),
            Some(code),
            "{path}"
        );
    }
    assert_eq!(reqwest::get(format!("{url}/users/9")).await.unwrap().text().await.unwrap(), "user 9");

    let channel = Endpoint::from_shared(url).unwrap().connect().await.unwrap();
    for (path, code, number) in [
        ("/grpc.health.v1.Health/Check", Code::NotFound, 404_003),
        ("/grpc.health.v1.Health/Nothing", Code::Unimplemented, 501_000),
        ("/nobody.v1.Nothing/At", Code::Unimplemented, 501_000),
        ("/nowhere", Code::Unimplemented, 501_000),
        // The method of this route is GET.
        ("/users/9", Code::Unimplemented, 501_000),
    ] {
        let status = grpc(&channel, path).await;
        assert_eq!(status.code(), code, "{path}");
        assert_eq!(support::check(&status).number(), Some(number), "{path}");
    }
}

fn service() -> Test {
    Test::new(|_| Script::fail(ErrorCode::USER_BANNED.with_message("banned for spam")).after(2))
}

async fn panics() -> &'static str {
    panic!("secret")
}

async fn never() -> &'static str {
    pending().await
}

async fn banned() -> ApiError {
    ErrorCode::USER_BANNED.into()
}

/// Each route for both kinds of callers: gRPC posts.
fn http_routes() -> Router {
    let with_field = || async { ([("x-secret", "secret")], ApiError::from(ErrorCode::USER_BANNED)) };
    Router::new()
        .route("/coded", get(banned).post(banned))
        .route("/panic", get(panics).post(panics))
        .route("/never", get(never).post(never))
        .route("/field", get(with_field).post(with_field))
}

fn errors() -> ErrorLayer {
    ErrorLayer::new(Responder::new::<ErrorCode>()).timeout(Duration::from_secs(1))
}

/// The arrangements that people build: with tonic's fallback or without it, with the server layer around the gRPC routes
/// or around everything, inside or outside of `ErrorLayer`.
fn arrangements() -> Vec<(&'static str, Router)> {
    let server = ServerLayer::new::<ErrorCode>;
    let routes = || Routes::new(service()).into_axum_router();
    vec![
        ("as the example", routes().reset_fallback().layer(server()).merge(http_routes()).layer(errors())),
        ("with tonic's fallback", routes().layer(server()).merge(http_routes()).layer(errors())),
        ("the server layer inside", routes().merge(http_routes()).layer(server()).layer(errors())),
        ("the server layer outside", routes().merge(http_routes()).layer(errors()).layer(server())),
        (
            "no fallback, the server layer outside",
            routes().reset_fallback().merge(http_routes()).layer(errors()).layer(server()),
        ),
        (
            "no fallback, the server layer inside",
            routes().reset_fallback().merge(http_routes()).layer(server()).layer(errors()),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_arrangement_answers_each_caller_in_its_protocol() {
    for (name, app) in arrangements() {
        for (path, http, code, number) in [
            ("/nowhere", 404_003, Code::Unimplemented, 501_000),
            ("/coded", 403_003, Code::PermissionDenied, 403_003),
            ("/panic", 500_001, Code::Internal, 500_001),
            ("/never", 504_000, Code::DeadlineExceeded, 504_000),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let (parts, body) = app.clone().oneshot(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            assert_eq!(u32::from(parts.status.as_u16()), http / 1000, "{name} {path}");
            let error = Reader::new::<ErrorCode>().read_parts(&parts, &body);
            assert_eq!(error.number(), Some(http), "{name} {path}");
            assert!(!parts.headers.contains_key("grpc-status"), "{name} {path}");

            let request = Request::post(path).header("content-type", "application/grpc").body(Body::empty());
            let (parts, body) = app.clone().oneshot(request.unwrap()).await.unwrap().into_parts();
            assert_eq!((parts.status.as_u16(), body.collect().await.unwrap().to_bytes().len()), (200, 0));
            assert_eq!(parts.headers["content-type"], "application/grpc", "{name} {path}");
            let status = Status::from_header_map(&parts.headers).unwrap();
            assert_eq!(status.code(), code, "{name} {path}");
            assert_eq!(support::check(&status).number(), Some(number), "{name} {path}");
            assert!(!format!("{parts:?}").contains("secret"));
        }
        let request = Request::post("/field").header("content-type", "application/grpc").body(Body::empty());
        let (parts, _) = app.oneshot(request.unwrap()).await.unwrap().into_parts();
        assert!(!format!("{parts:?}").contains("secret"), "{name}: a field of the handler is none of gRPC");
    }
}

/// The harm without `ErrorLayer`: tonic's fallback answers a browser in gRPC, and axum's answers gRPC in HTTP.
#[tokio::test]
async fn without_the_layer_each_fallback_answers_every_caller() {
    let routes = || Routes::new(service()).into_axum_router();
    let get = || Request::get("/nowhere").body(Body::empty()).unwrap();
    let answer = routes().merge(http_routes()).oneshot(get()).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/grpc".parse().unwrap())
    );
    let post = Request::post("/nobody/At").header("content-type", "application/grpc").body(Body::empty());
    let answer = routes().reset_fallback().oneshot(post.unwrap()).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("grpc-status")), (404, false));
}

#[tokio::test]
async fn calls_of_every_kind_cross_both_layers() {
    for (name, app) in arrangements() {
        let channel = Endpoint::from_shared(serve(app).await).unwrap().connect().await.unwrap();
        for kind in KINDS {
            let (items, end) = call(channel.clone(), kind, tonic::Request::new(String::new())).await;
            assert_eq!(items.len(), if matches!(kind, Kind::Unary | Kind::ClientStream) { 0 } else { 2 });
            let status = end.unwrap_err();
            assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED), "{name} {kind:?}");
            assert_eq!(support::check(&status).message(), "banned for spam", "{name} {kind:?}");
        }
    }
}
