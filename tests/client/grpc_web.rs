//! The client layer over tonic-web's client: answers of gRPC-Web services are read like answers of gRPC services.

use std::convert::Infallible;

use bytes::Bytes;
use codelibra::client::ClientLayer;
use codelibra::{ErrorCode, GrpcCode, Note, StatusCodeExt};
use http::{Request, Response};
use http_body_util::Full;
use tonic::client::Grpc;
use tonic::{Code, Status};
use tonic_web::{GrpcWebClientLayer, GrpcWebClientService, GrpcWebLayer, GrpcWebService};
use tower::{Layer, service_fn};

use crate::in_process::{Answer, InProcess, stream, unary};

fn layer() -> ClientLayer {
    ClientLayer::new::<ErrorCode>()
}

/// Returns tonic-web's client for a service inside of tonic-web.
fn web(answer: Answer) -> GrpcWebClientService<GrpcWebService<InProcess>> {
    GrpcWebClientLayer::new().layer(GrpcWebLayer::new().layer(InProcess(answer)))
}

fn banned() -> Status {
    ErrorCode::USER_BANNED.into()
}

#[tokio::test]
async fn a_call_that_succeeds_is_not_changed() {
    // The control: tonic-web alone.
    unary(&mut Grpc::new(web(Answer::Items(1)))).await.unwrap();
    stream(&mut Grpc::new(web(Answer::Items(3)))).await.unwrap();

    unary(&mut Grpc::new(layer().layer(web(Answer::Items(1))))).await.unwrap();
    for items in [0, 1, 3] {
        stream(&mut Grpc::new(layer().layer(web(Answer::Items(items))))).await.unwrap();
    }
}

#[tokio::test]
async fn failures_keep_their_codes() {
    for status in [
        unary(&mut Grpc::new(layer().layer(web(Answer::Fail(banned))))).await.unwrap_err(),
        stream(&mut Grpc::new(layer().layer(web(Answer::Fail(banned))))).await.unwrap_err(),
        stream(&mut Grpc::new(layer().layer(web(Answer::Break(0, banned))))).await.unwrap_err(),
        stream(&mut Grpc::new(layer().layer(web(Answer::Break(3, banned))))).await.unwrap_err(),
    ] {
        assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(status.metadata().get("codelibra-received").unwrap(), "as-sent");
        assert!(status.to_received::<ErrorCode>().notes().is_empty());
    }
}

/// Returns a body of one empty message, and then trailers.
fn body(trailers: &[u8]) -> Bytes {
    let len = u32::try_from(trailers.len()).unwrap().to_be_bytes();
    [&[0; 5][..], &[0x80], &len, trailers].concat().into()
}

/// Returns a peer that sends this answer.
fn peer(
    http_status: u16,
    content_type: &'static str,
    body: Bytes,
) -> impl tower::Service<
    Request<tonic_web::GrpcWebCall<tonic::body::Body>>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future: Send,
> + Clone {
    service_fn(move |_| {
        let response = Response::builder().status(http_status).header("content-type", content_type);
        std::future::ready(Ok(response.body(Full::new(body.clone())).unwrap()))
    })
}

#[tokio::test]
async fn invalid_fields_of_a_peer_are_repaired() {
    let invalid_base64 = body(b"grpc-status:7\r\ngrpc-status-details-bin:!\r\n");
    let service = GrpcWebClientLayer::new().layer(peer(200, "application/grpc-web+proto", invalid_base64));

    // The control: tonic panics.
    let mut control = Grpc::new(service.clone());
    let panic = tokio::spawn(async move { unary(&mut control).await.map(drop) }).await;
    assert!(panic.unwrap_err().is_panic());

    let status = unary(&mut Grpc::new(layer().layer(service))).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(status.to_received::<ErrorCode>().notes(), [Note::InvalidBase64]);
}

#[tokio::test]
async fn an_answer_that_is_not_grpc_web_is_read_as_an_answer_of_an_intermediary() {
    let page = || Bytes::from_static(b"<html>");
    for (http_status, content_type, body, code) in [
        (503, "text/html", page(), GrpcCode::Unavailable),
        (404, "application/json", page(), GrpcCode::Unimplemented),
        (200, "text/html", page(), GrpcCode::Unknown),
        // tonic-web's client reads the binary form only.
        (200, "application/grpc-web-text", page(), GrpcCode::Unknown),
        (200, "application/grpc-web+proto", Bytes::from_static(&[0; 5]), GrpcCode::Unknown),
        (503, "application/grpc-web", Bytes::new(), GrpcCode::Unavailable),
    ] {
        let service = GrpcWebClientLayer::new().layer(peer(http_status, content_type, body));
        let status = unary(&mut Grpc::new(layer().layer(service))).await.unwrap_err();
        assert_eq!(GrpcCode::from(status.code()), code, "{http_status} {content_type}");
        assert!(status.to_received::<ErrorCode>().is_synthesized(), "{http_status} {content_type}");
    }
}
