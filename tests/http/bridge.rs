//! Failed gRPC answers become HTTP answers, and HTTP errors gRPC failures: unary and streaming.

#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test helper; not every test uses all of it"
)]
use std::convert::Infallible;

use crate::in_process;
use crate::in_process::{Answer, InProcess, Item, STREAM, UNARY};
use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::http::{
    BridgeBody, DetailTypes, Form, GrpcToHttpLayer, HttpToGrpcLayer, MAX_BODY, Reader, Responder, write_body,
};
use codelibra::{
    ApiError, Boundary, Budget, CATALOG, CodeNumber, ErrorCode, GrpcCode, Note, ReceivedError, RetryAdvice,
    Shed, StatusCodeExt, rpc,
};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use prost::Message;
use tonic::Status;
use tonic::body::Body;
use tower::{ServiceExt, service_fn};
use tower_http::cors::CorsLayer;
use tower_layer::Layer;

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

fn to_http(layer: Responder) -> GrpcToHttpLayer {
    GrpcToHttpLayer::new(layer)
}

fn request(path: &str) -> Request<Body> {
    let item = Item { text: "hello".into() }.encode_to_vec();
    let mut frame = vec![0, 0, 0, 0, u8::try_from(item.len()).unwrap()];
    frame.extend(item);
    let body = Body::new(Full::new(Bytes::from(frame)));
    Request::post(path).header("content-type", "application/grpc").body(body).unwrap()
}

async fn read_answer<B>(response: Response<B>) -> ReceivedError
where
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reader::new::<ErrorCode>().read_parts(&parts, &body)
}

fn locked() -> Status {
    let locked = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
    let delay = Some(prost_types::Duration { seconds: 30, nanos: 0 });
    locked.with_message("three wrong").with_detail(&rpc::RetryInfo { retry_delay: delay }).into()
}

#[tokio::test]
async fn a_failure_before_the_first_message_is_an_http_answer() {
    for (path, answer) in
        [(UNARY, Answer::Fail(locked)), (STREAM, Answer::Fail(locked)), (STREAM, Answer::Break(0, locked))]
    {
        let service = to_http(responder().form(Form::Problem)).layer(InProcess(answer));
        let response = service.oneshot(request(path)).await.unwrap();
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["retry-after"], "30");
        assert!(response.headers().get("grpc-status").is_none());
        let error = read_answer(response).await;
        assert_eq!((error.number(), error.message(), error.notes()), (Some(403_005), "three wrong", &[][..]));
        assert!(error.decode::<LockedOut>().unwrap().locked_until.is_some());
    }
}

#[tokio::test]
async fn every_grpc_code_and_every_entry_crosses() {
    for entry in CATALOG.entries() {
        let error = ApiError::from_catalog(&CATALOG, entry.code).unwrap();
        let service = to_http(responder()).layer(service_fn(move |_: Request<Body>| {
            std::future::ready(Ok::<_, Infallible>(Status::from(&error).into_http::<Body>()))
        }));
        let answer = service.oneshot(request(UNARY)).await.unwrap();
        assert_eq!(answer.status().as_u16(), entry.class());
        assert_eq!(read_answer(answer).await.number(), Some(entry.code));
    }
    for code in GrpcCode::ALL.into_iter().skip(1) {
        let service = to_http(responder().boundary(Boundary::internal()));
        let service = service.layer(service_fn(move |_: Request<Body>| {
            let status = Status::new(code.into(), "no code, 100%");
            std::future::ready(Ok::<_, Infallible>(status.into_http::<Body>()))
        }));
        let error = read_answer(service.oneshot(request(UNARY)).await.unwrap()).await;
        let expected = match code {
            GrpcCode::Unauthenticated => 401_001,
            GrpcCode::PermissionDenied => 403_001,
            GrpcCode::NotFound => 404_003,
            GrpcCode::InvalidArgument => 400_002,
            GrpcCode::Internal | GrpcCode::Unknown | GrpcCode::DataLoss => 500_001,
            other => CodeNumber::from_class(codelibra::tables::grpc_to_class(other)).as_u32(),
        };
        assert_eq!(error.number(), Some(expected), "{code}");
        assert_eq!(error.message(), "no code, 100%");
    }
}

#[tokio::test]
async fn a_success_passes_as_it_is() {
    for (path, items) in [(UNARY, 1), (STREAM, 0), (STREAM, 3)] {
        let bare = InProcess(Answer::Items(items)).oneshot(request(path)).await.unwrap();
        let service = to_http(responder()).layer(InProcess(Answer::Items(items)));
        let bridged = service.oneshot(request(path)).await.unwrap();
        assert_eq!(bare.headers(), bridged.headers());
        let (bare, bridged) = (bare.collect().await.unwrap(), bridged.collect().await.unwrap());
        assert_eq!(bare.trailers(), bridged.trailers());
        assert_eq!(bare.to_bytes(), bridged.to_bytes());
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_not_taken_for_a_whole_one() {
    let service = to_http(responder()).layer(InProcess(Answer::Break(2, locked)));
    let response = service.oneshot(request(STREAM)).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body: BridgeBody<Body> = response.into_body();
    // tonic puts messages that are ready into one frame.
    let mut sent = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => sent += frame.into_data().unwrap().len(),
            Err(error) => break error.downcast::<ReceivedError>().unwrap(),
        }
    };
    assert_eq!(sent, 2 * (5 + Item { text: "hello".into() }.encoded_len()));
    assert_eq!(error.code(), Some(ErrorCode::LOCKED_OUT));
    assert!(body.frame().await.is_none());

    // A stream without trailers was cut.
    let cut = service_fn(|_: Request<Body>| async {
        let response = Response::builder().header("content-type", "application/grpc");
        Ok::<_, Infallible>(response.body(Full::new(Bytes::from_static(b"\0\0\0\0\0"))).unwrap())
    });
    let mut body = to_http(responder()).layer(cut).oneshot(request(STREAM)).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    let error = body.frame().await.unwrap().unwrap_err().downcast::<ReceivedError>().unwrap();
    assert!(error.is_synthesized());
}

/// An OK in the headers stands until the trailers say something else.
#[tokio::test]
async fn an_ok_in_the_headers_may_be_contradicted() {
    let answer = |message: bool, trailers: Option<(&'static str, &'static str)>| {
        let service = to_http(responder()).layer(service_fn(move |_: Request<Body>| {
            let message = message.then(|| Frame::data(Bytes::from_static(&[0; 5])));
            let trailers = trailers.map(|(name, value)| {
                let field = (name.parse().unwrap(), value.parse().unwrap());
                Frame::trailers([field].into_iter().collect())
            });
            let frames = message.into_iter().chain(trailers).map(Ok::<_, Infallible>);
            let response = Response::builder().header("content-type", "application/grpc");
            let body = StreamBody::new(tokio_stream::iter(frames));
            std::future::ready(Ok::<_, Infallible>(response.header("grpc-status", "0").body(body).unwrap()))
        }));
        service.oneshot(request(STREAM))
    };
    let failed = Some(("grpc-status", "5"));
    let response = answer(false, failed).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(read_answer(response).await.number(), Some(404_003));

    let response = answer(true, failed).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err().downcast::<ReceivedError>().unwrap();
    assert_eq!(error.grpc_code(), GrpcCode::NotFound);

    for trailers in [None, Some(("x", "y")), Some(("grpc-status", "0"))] {
        for message in [false, true] {
            let response = answer(message, trailers).await.unwrap();
            assert_eq!(response.status(), 200);
            let body = response.into_body().collect().await.unwrap();
            assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        }
    }
}

#[tokio::test]
async fn what_stands_around_a_failure_about_retries_is_read() {
    let busy = || {
        let mut status = Status::unavailable("busy");
        status.metadata_mut().insert("grpc-retry-pushback-ms", "5000".parse().unwrap());
        status
    };
    let service = to_http(responder()).layer(InProcess(Answer::Break(1, busy)));
    let mut body = service.oneshot(request(STREAM)).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().unwrap().is_data());
    let error = body.frame().await.unwrap().unwrap_err().downcast::<ReceivedError>().unwrap();
    let five = RetryAdvice::After(std::time::Duration::from_secs(5));
    assert_eq!(error.retry_advice(), five);

    // HTTP has a field and a detail for it.
    let service = to_http(responder()).layer(InProcess(Answer::Fail(busy)));
    let answer = service.oneshot(request(UNARY)).await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(read_answer(answer).await.retry_advice(), five);
}

#[tokio::test]
async fn a_proxy_that_is_busy_may_say_for_how_long() {
    let service = HttpToGrpcLayer::new(responder()).layer(service_fn(|_: Request<Body>| async {
        let response = Response::builder().status(503).header("retry-after", "120");
        Ok::<_, Infallible>(response.body(Full::new(Bytes::from_static(b"<html>"))).unwrap())
    }));
    let status = in_process::unary(&mut tonic::client::Grpc::new(service)).await.unwrap_err();
    let error = status.to_received::<ErrorCode>();
    assert_eq!(error.number(), Some(503_000));
    assert_eq!(error.retry_advice(), RetryAdvice::After(std::time::Duration::from_secs(120)));
}

/// What a service that answers no gRPC request is, such as a transcoder, answers well is no failure.
#[tokio::test]
async fn what_answers_no_grpc_request_need_not_be_grpc() {
    let service = to_http(responder()).layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
    }));
    let answer = service.oneshot(Request::get("/").body(Body::default()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "{}");
}

#[tokio::test]
async fn a_proxy_that_spoke_is_answered_with_a_code() {
    for (status, content_type, body, code) in [
        (503, "text/html", &b"<html>busy"[..], 503_000),
        (404, "text/html", b"<html>", 404_000),
        (200, "application/grpc", b"", 500_001),
        (200, "text/html", b"<html>", 500_001),
        (302, "text/html", b"", 500_001),
        (200, "application/grpc-web+proto", b"\0\0\0\0\0", 500_001),
        (200, "application/grpcx", b"\0\0\0\0\0", 500_001),
        (404, "application/json", br#"{"code":404003,"message":"gone","domain":"codelibra"}"#, 404_003),
    ] {
        let service = to_http(responder()).layer(service_fn(move |_: Request<Body>| {
            let response = Response::builder().status(status).header("content-type", content_type);
            std::future::ready(Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap()))
        }));
        let error = read_answer(service.oneshot(request(UNARY)).await.unwrap()).await;
        assert_eq!(error.number(), Some(code));
    }
}

/// What a gRPC client gets of an HTTP service that answers this.
async fn over_grpc(status: u16, content_type: &'static str, body: Vec<u8>) -> Status {
    over_grpc_by(HttpToGrpcLayer::new(responder()), status, content_type, body).await
}

async fn over_grpc_by(
    layer: HttpToGrpcLayer,
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
) -> Status {
    let service = layer.layer(service_fn(move |_: Request<Body>| {
        let response = Response::builder().status(status).header("content-type", content_type);
        std::future::ready(Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body.clone()))).unwrap()))
    }));
    in_process::unary(&mut tonic::client::Grpc::new(service)).await.unwrap_err()
}

#[tokio::test]
async fn an_http_error_is_a_grpc_failure() {
    for form in Form::ALL {
        for entry in CATALOG.entries() {
            let error = ApiError::from_catalog(&CATALOG, entry.code).unwrap().with_metadata("k", "v");
            let body = write_body(form, &error, DetailTypes::standard());
            let status = over_grpc(entry.class(), form.media_type(), body).await;
            let received = status.to_received::<ErrorCode>();
            assert_eq!((received.number(), received.notes()), (Some(entry.code), &[][..]), "{form}");
            assert_eq!(received.grpc_code(), entry.grpc_code);
            assert_eq!(received.metadata().get("k"), Some("v"));
            assert_eq!(status.metadata().get("codelibra-error-code").unwrap(), &entry.code.to_string());
        }
    }
    for (http, media_type, body, code, number) in [
        (503, "text/html", "<html>", tonic::Code::Unavailable, 503_000),
        (404, "text/html", "<html>", tonic::Code::Unimplemented, 404_000),
        (404, "application/json", r#"{"error":{"code":404,"message":"m"}}"#, tonic::Code::NotFound, 404_003),
        (
            418,
            "application/json",
            r#"{"error":{"code":418,"message":"m"}}"#,
            tonic::Code::InvalidArgument,
            418_000,
        ),
        (409, "application/json", r#"{"code":6,"message":"m"}"#, tonic::Code::AlreadyExists, 409_000),
        (503, "application/grpc-web", "", tonic::Code::Unavailable, 503_000),
    ] {
        let status = over_grpc(http, media_type, body.into()).await;
        let received = status.to_received::<ErrorCode>();
        assert_eq!((status.code(), received.number()), (code, Some(number)), "{http} {body}");
        assert!(received.message() != "m" && received.request_id().is_some_and(|id| id.len() == 16));
    }
}

#[tokio::test]
async fn what_a_peer_sends_is_bounded() {
    let error = ErrorCode::USER_BANNED.with_metadata("k", "v".repeat(4000));
    let body = write_body(Form::Native, &error, DetailTypes::standard());
    let received = over_grpc(403, "application/json", body.clone()).await.to_received::<ErrorCode>();
    assert_eq!(received.number(), Some(403_003));
    assert_eq!(received.notes(), [Note::Shed(Shed::Metadata)]);
    assert!(received.request_id().is_some(), "the id stays");
    let large = HttpToGrpcLayer::new(responder()).budget(Budget::from_bytes(16 << 10));
    let received = over_grpc_by(large, 403, "application/json", body).await.to_received::<ErrorCode>();
    assert_eq!((received.notes(), received.metadata().get("k").map(str::len)), (&[][..], Some(4000)));

    let error = error.with_message("m".repeat(2 * MAX_BODY));
    let body = write_body(Form::Native, &error, DetailTypes::standard());
    let status = over_grpc(403, "application/json", body).await;
    assert_eq!(status.to_received::<ErrorCode>().number(), Some(403_003));
    assert!(status.details().len() < 3072);
}

#[tokio::test]
async fn http_to_grpc_to_http() {
    let error = ErrorCode::USER_BANNED.with_message("banned for spam").with_metadata("k", "v");
    let answer =
        error.clone().with_detail(&rpc::RequestInfo { request_id: "r-1".into(), ..Default::default() });
    let error = answer.clone();
    let http = service_fn(move |_: Request<Body>| {
        let response = responder().respond(&http::HeaderMap::new(), &answer);
        std::future::ready(Ok::<_, Infallible>(response.map(Full::new)))
    });
    let there = HttpToGrpcLayer::new(responder()).layer(http);
    let back = to_http(responder()).layer(there).oneshot(request(UNARY)).await.unwrap();
    let again = responder().respond(&http::HeaderMap::new(), &error);
    assert_eq!(back.headers(), again.headers());
    assert_eq!(back.into_body().collect().await.unwrap().to_bytes(), again.into_body());
}

/// What a gRPC caller gets of a gRPC answer that goes wrong behind its headers.
#[tokio::test]
async fn a_grpc_answer_that_breaks_off_ends_with_trailers() {
    const MESSAGE: Bytes = Bytes::from_static(b"\0\0\0\0\0");
    type Frames = Vec<Result<Frame<Bytes>, std::io::Error>>;
    let fields = |fields: &[(&'static str, &'static str)]| -> http::HeaderMap {
        fields.iter().map(|(k, v)| (http::HeaderName::from_static(k), v.parse().unwrap())).collect()
    };
    let whole = fields(&[("grpc-status", "5"), ("grpc-message", "its own"), ("x", "y")]);
    let message = || Ok(Frame::data(MESSAGE));
    let cases: [(Frames, Option<u32>); 4] = [
        (vec![message(), Err(std::io::Error::other("db1.internal"))], Some(500_001)),
        (vec![message()], Some(500_001)),
        (vec![message(), Ok(Frame::trailers(fields(&[("codelibra-error-code", "403003")])))], Some(403_003)),
        (vec![message(), Ok(Frame::trailers(whole.clone()))], None),
    ];
    for (frames, number) in cases {
        let frames = std::sync::Mutex::new(Some(frames));
        let service = service_fn(|_: Request<Body>| {
            let frames = tokio_stream::iter(frames.lock().unwrap().take().unwrap());
            let response = Response::builder().header("content-type", "application/grpc");
            std::future::ready(Ok::<_, Infallible>(response.body(StreamBody::new(frames)).unwrap()))
        });
        let layer = HttpToGrpcLayer::new(responder());
        let mut body = layer.layer(service).oneshot(request(STREAM)).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), MESSAGE);
        let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert!(body.frame().await.is_none());
        assert!(!format!("{trailers:?}").contains("db1"));
        match number {
            Some(number) => {
                let status = Status::from_header_map(&trailers).unwrap();
                let error = status.to_received::<ErrorCode>();
                assert_eq!((error.number(), error.notes()), (Some(number), &[][..]));
                assert!(error.request_id().is_some());
            }
            None => assert_eq!(trailers, whole, "what a service says in gRPC passes"),
        }
    }
}

/// Both bridges around each other, as a transcoder inside of a gRPC server is. A wrapper of the body makes a status of the
/// error.
#[tokio::test]
async fn a_stream_that_fails_late_keeps_its_code_through_both_bridges() {
    for wraps in [false, true] {
        let service =
            to_http(responder()).layer(InProcess(Answer::Break(2, || ErrorCode::USER_BANNED.into())));
        let service = service.map_response(move |response: Response<_>| {
            response.map(|body| if wraps { Body::new(Body::new(body)) } else { Body::new(body) })
        });
        let service = HttpToGrpcLayer::new(responder()).layer(service);
        let body = service.oneshot(request(STREAM)).await.unwrap().into_body().collect().await.unwrap();
        let status = Status::from_header_map(body.trailers().unwrap()).unwrap();
        assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED), "{status:?}");
    }
}

/// The server layer around a bridge: an error of another service, whose code is known.
#[cfg(feature = "server")]
#[tokio::test]
async fn a_stream_that_fails_late_keeps_its_code_through_a_server_layer() {
    let failing = || ErrorCode::USER_BANNED.with_message("secret").into();
    let service = to_http(responder()).layer(InProcess(Answer::Break(2, failing)));
    let service = codelibra::server::ServerLayer::new::<ErrorCode>().layer(service);
    let body = service.oneshot(request(STREAM)).await.unwrap().into_body().collect().await.unwrap();
    let status = Status::from_header_map(body.trailers().unwrap()).unwrap();
    assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED), "{status:?}");
    assert!(!format!("{status:?}").contains("secret"));
}

/// A browser calls both bridges from another origin. `CorsLayer` sends the response to a preflight request itself.
#[tokio::test]
async fn cors_fits_around_both_bridges() {
    async fn check<S, B>(bridge: S)
    where
        S: tower::Service<Request<Body>, Response = Response<B>> + Clone,
        S::Error: std::fmt::Debug,
        B: http_body::Body + Default,
        B::Error: std::fmt::Debug,
    {
        let service = CorsLayer::permissive().layer(bridge);
        let request =
            |method| Request::builder().method(method).uri(UNARY).header("origin", "https://a.example");
        let preflight = request("OPTIONS").header("access-control-request-method", "POST");
        let response = service.clone().oneshot(preflight.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());

        let call = request("POST").header("content-type", "application/grpc");
        let response = service.oneshot(call.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        assert_eq!(response.headers()["codelibra-error-code"], "403003");
    }
    let grpc = async |_| Ok::<_, Infallible>(Status::from(ErrorCode::USER_BANNED).into_http::<Body>());
    check(GrpcToHttpLayer::new(responder()).layer(service_fn(grpc))).await;
    let http = async |_| {
        let error = responder().respond(&Request::new(()), &ErrorCode::USER_BANNED.into());
        Ok::<_, Infallible>(error.map(Full::new))
    };
    check(HttpToGrpcLayer::new(responder()).layer(service_fn(http))).await;
}
