//! Unusual answers of services inside the server layer: answers that are not gRPC, answers without an end, errors of the service,
//! and fields that a layer in between changed.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use crate::support::{Log, check};
use bytes::Bytes;
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, StatusCodeExt};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Status};
use tower::{BoxError, ServiceExt};
use tower_layer::Layer;

type Answer = Response<BoxBody<Bytes, Infallible>>;

fn grpc() -> Request<()> {
    Request::post("/test.v1.Test/Unary").header("content-type", "application/grpc").body(()).unwrap()
}

/// Returns the parts of the answer that the server layer sends for an answer of the service.
async fn send(
    request: Request<()>,
    answer: Result<Answer, BoxError>,
) -> (HeaderMap, Bytes, Option<HeaderMap>) {
    let mut answer = Some(answer);
    let service = tower::service_fn(move |_: Request<()>| std::future::ready(answer.take().unwrap()));
    let service = ServerLayer::new::<ErrorCode>().layer(service);
    let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned();
    (parts.headers, body.to_bytes(), trailers)
}

/// Returns the status of a gRPC call. It is in the headers or in the trailers.
async fn ending(answer: Result<Answer, BoxError>) -> Status {
    let (headers, _, trailers) = send(grpc(), answer).await;
    assert_eq!(headers["content-type"], "application/grpc");
    let status = Status::from_header_map(trailers.as_ref().unwrap_or(&headers)).unwrap();
    check(&status);
    status
}

fn answer(http_status: u16, content_type: &str, body: &'static str) -> Answer {
    let response = Response::builder().status(http_status).header("content-type", content_type);
    response.body(Full::new(Bytes::from_static(body.as_bytes())).boxed()).unwrap()
}

/// Such an answer comes, for example, from a layer in between that checks tokens over HTTP, or from a proxy.
#[tokio::test]
async fn an_answer_that_is_not_grpc_becomes_a_coded_failure() {
    let log = Log::start();
    for (http_status, content_type, number) in [
        (401, "text/plain", 401_001),
        (404, "application/grpc-web+proto", 501_000),
        (503, "text/html", 503_000),
        (200, "text/plain", 500_001),
        (302, "", 500_001),
    ] {
        let status = ending(Ok(answer(http_status, content_type, "secret page"))).await;
        assert_eq!(status.to_received::<ErrorCode>().number(), Some(number), "{http_status}");
        assert!(!format!("{status:?}").contains("secret"));
        let log = log.take();
        let why = format!("the service sent HTTP {}", http::StatusCode::from_u16(http_status).unwrap());
        assert_eq!(log.matches(&why).count(), 1, "{log}");
    }
}

#[tokio::test]
async fn an_answer_without_a_status_at_its_end_becomes_a_coded_failure() {
    let log = Log::start();
    const MESSAGE: &str = "\0\0\0\0\0";
    let without_a_status = || {
        let trailers = [("x-secret".parse().unwrap(), "secret".parse().unwrap())].into_iter().collect();
        let frames = [http_body::Frame::data(Bytes::from(MESSAGE)), http_body::Frame::trailers(trailers)];
        answer(200, "application/grpc", "")
            .map(|_| BodyExt::boxed(StreamBody::new(tokio_stream::iter(frames.map(Ok)))))
    };
    for answer in [
        answer(200, "application/grpc", MESSAGE),
        answer(200, "application/grpc+proto", ""),
        without_a_status(),
    ] {
        let (_, _, trailers) = send(grpc(), Ok(answer)).await;
        let status = Status::from_header_map(&trailers.unwrap()).unwrap();
        assert_eq!(check(&status).code(), Some(ErrorCode::UNEXPECTED_ERROR));
        assert!(!format!("{status:?}").contains("secret"));
        let log = log.take();
        assert_eq!(log.matches("ended its response without grpc-status").count(), 1, "{log}");
    }
}

/// A service may also answer HTTP requests, such as probes and metrics.
#[tokio::test]
async fn an_http_answer_to_an_http_request_is_not_changed() {
    let log = Log::start();
    for http_status in [200, 404, 503] {
        for request in
            [Request::get("/healthz"), Request::post("/").header("content-type", "application/json")]
        {
            let sent = answer(http_status, "text/plain", "not ready");
            let headers = sent.headers().clone();
            let received = send(request.body(()).unwrap(), Ok(sent)).await;
            assert_eq!(received, (headers, Bytes::from("not ready"), None));
        }
    }
    assert_eq!(log.take(), "");
}

/// With trailers, an HTTP answer that ends too early would look complete. An HTTP request has no deadline to report.
#[tokio::test(start_paused = true)]
async fn an_http_answer_that_ends_too_early_is_not_completed() {
    let log = Log::start();
    type Item = Result<Frame<Bytes>, BoxError>;
    type Make = fn() -> Item;
    let last: [(&str, Make); 3] = [
        ("error", || Err("reset".into())),
        ("panic", || panic!("secret")),
        ("late", || Ok(Frame::data(Bytes::from("second half")))),
    ];
    for (name, last) in last {
        let first: Make = || Ok(Frame::data(Bytes::from("half, ")));
        let frames = tokio_stream::iter([first, last]).map(|frame| frame()).throttle(Duration::from_secs(2));
        let frames: Pin<Box<dyn Stream<Item = Item> + Send>> = Box::pin(frames);
        let body = StreamBody::new(frames);
        let mut response = Some(Response::new(body));
        let service = tower::service_fn(move |_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(response.take().unwrap()))
        });
        let layer = ServerLayer::new::<ErrorCode>().timeout(Duration::from_secs(1));
        let request = Request::get("/report").body(()).unwrap();
        let body = layer.layer(service).oneshot(request).await.unwrap().into_body();
        let received = tokio::spawn(body.collect()).await;
        let log = log.take();
        match (name, received) {
            ("error", Ok(Err(error))) => assert_eq!((error.to_string(), &*log), ("reset".into(), "")),
            ("panic", Err(_)) => assert_eq!(log.matches("code=500001").count(), 1, "{log}"),
            ("late", Ok(Ok(whole))) => {
                assert!(whole.trailers().is_none());
                assert_eq!((whole.to_bytes(), &*log), (Bytes::from("half, second half"), ""));
            }
            (name, other) => panic!("{name}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_error_of_the_service_that_is_a_status_is_logged_once() {
    let log = Log::start();
    let secret = || std::io::Error::other("secret");
    let mut sourced = Status::internal("secret");
    sourced.set_source(std::sync::Arc::new(secret()));
    for (status, number) in [
        (Status::unauthenticated("secret"), 401_001),
        (Status::from_error(secret().into()), 500_001),
        (sourced, 500_001),
        (ErrorCode::USER_BANNED.with_cause(secret()).into(), 403_003),
    ] {
        let status = ending(Err(status.into())).await;
        assert_eq!(status.to_received::<ErrorCode>().number(), Some(number));
        assert!(!format!("{status:?}").contains("secret"));
        let log = log.take();
        assert_eq!(log.matches("secret").count(), 1, "{log}");
    }
}

/// Returns the status of a call whose failure, `USER_BANNED`, a layer in between changed. tonic also keeps the original status in
/// the extensions of its answer.
async fn ending_changed(change: impl FnOnce(&mut HeaderMap)) -> Status {
    let status = Status::from(ErrorCode::USER_BANNED.with_message("banned for spam"));
    let mut answer: Response<tonic::body::Body> = status.into_http();
    change(answer.headers_mut());
    ending(Ok(answer.map(|_| BodyExt::boxed(Full::default())))).await
}

#[tokio::test]
async fn fields_that_an_inner_layer_changed_are_used() {
    let whole = ending_changed(|_| ()).await;
    assert_eq!((whole.code(), whole.message()), (Code::PermissionDenied, "banned for spam"));
    assert_eq!(whole.error_code(), Some(ErrorCode::USER_BANNED));

    let redacted = ending_changed(|fields| drop(fields.insert("grpc-message", "redacted".parse().unwrap())));
    let redacted = redacted.await;
    assert_eq!((redacted.message(), redacted.error_code()), ("redacted", Some(ErrorCode::USER_BANNED)));

    // The new text may have the same length.
    for error in [ErrorCode::NOT_FOUND.into(), ErrorCode::USER_BANNED.with_message("banned for 5p4m")] {
        let other = Status::from(&error);
        let changed = ending_changed(|fields| other.add_header(fields).unwrap()).await;
        let number = changed.to_received::<ErrorCode>().number();
        assert_eq!((changed.message(), number), (error.message(), Some(error.number())));
    }
    let bare = ending_changed(|fields| drop(fields.remove("grpc-status-details-bin"))).await;
    assert_eq!(bare.error_code(), Some(ErrorCode::USER_UNAUTHORIZED));
    let twice_ok = ending_changed(|fields| {
        fields.insert("grpc-status", "0".parse().unwrap());
        fields.append("grpc-status", "0".parse().unwrap());
    });
    assert_eq!(twice_ok.await.code(), Code::PermissionDenied, "the details contain the gRPC code");
}

/// Of several values of the details, the first one that decodes and agrees with `grpc-status` counts, wherever it is.
#[tokio::test]
async fn the_first_value_of_the_details_that_agrees_counts() {
    let coded = codelibra::ApiError::new(ErrorCode::USER_BANNED).to_details_header();
    for values in [[&*coded, ""], [&*coded, "!"], ["", &*coded], ["!", &*coded]] {
        let service = tower::service_fn(|_: Request<()>| {
            let mut response = Response::builder().header("content-type", "application/grpc");
            response = response.header("grpc-status", "7");
            for value in values {
                response = response.header("grpc-status-details-bin", value);
            }
            std::future::ready(Ok::<_, std::convert::Infallible>(
                response.body(tonic::body::Body::empty()).unwrap(),
            ))
        });
        let layer = codelibra::server::ServerLayer::new::<ErrorCode>();
        let response =
            tower::ServiceExt::oneshot(tower_layer::Layer::layer(&layer, service), grpc()).await.unwrap();
        assert_eq!(response.headers()["codelibra-error-code"], "403003", "{values:?}");
    }
}
