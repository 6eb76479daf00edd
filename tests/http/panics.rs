//! Services that panic wherever foreign code runs: when they are asked whether they are ready, called, polled or
//! dropped, and in their bodies. Every layer answers with a code, sends nothing of the payload, and logs it once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::support::Log;
use bytes::Bytes;
use codelibra::axum::ErrorLayer;
use codelibra::http::{GrpcToHttpLayer, HttpToGrpcLayer, Reader, Responder};
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, StatusCodeExt};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tonic::Status;
use tower::{BoxError, Service, ServiceExt};
use tower_layer::Layer;

const CANARY: &str = "cAnArY-password=hunter2";

/// Where the service panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ready,
    /// No panic: an error of `poll_ready`.
    ReadyError,
    Call,
    Future,
    FutureThenDrop,
    DropAtTimeout,
    DropAfterAnswer,
    DropAfterError,
    Stream,
    StreamThenDrop,
    StreamDropAtTimeout,
    StreamDropAfterEnd,
    /// `is_end_stream` and `size_hint`.
    StreamQuestions,
    /// The body of an HTTP error.
    ErrorBody,
    ErrorBodyThenDrop,
    ErrorBodyDropAfterEnd,
}

/// How a call ends for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ok,
    /// With this code.
    Code(u32),
    /// The server cuts the connection: HTTP cannot send an error in a body.
    Cut,
    /// The layer has no part in it: it has no timeout, or does not wrap such a body.
    NotApplicable,
}

const UNEXPECTED: End = End::Code(500_001);

/// The ends through the server layer, `ErrorLayer`, `HttpToGrpcLayer` and `GrpcToHttpLayer`.
const TABLE: [(Place, [End; 4]); 16] = {
    use End::{Code, Cut, NotApplicable, Ok};
    [
        (Place::Ready, [UNEXPECTED; 4]),
        (Place::ReadyError, [UNEXPECTED; 4]),
        (Place::Call, [UNEXPECTED; 4]),
        (Place::Future, [UNEXPECTED; 4]),
        (Place::FutureThenDrop, [UNEXPECTED; 4]),
        (Place::DropAtTimeout, [UNEXPECTED, UNEXPECTED, NotApplicable, NotApplicable]),
        (Place::DropAfterAnswer, [Ok; 4]),
        (Place::DropAfterError, [UNEXPECTED; 4]),
        (Place::Stream, [UNEXPECTED, NotApplicable, UNEXPECTED, Cut]),
        (Place::StreamThenDrop, [UNEXPECTED, NotApplicable, UNEXPECTED, Cut]),
        (Place::StreamDropAtTimeout, [UNEXPECTED, NotApplicable, NotApplicable, NotApplicable]),
        (Place::StreamDropAfterEnd, [Ok, NotApplicable, Ok, Ok]),
        (Place::StreamQuestions, [Ok, NotApplicable, Ok, UNEXPECTED]),
        (Place::ErrorBody, [Code(409_000), UNEXPECTED, UNEXPECTED, UNEXPECTED]),
        (Place::ErrorBodyThenDrop, [Code(409_000), UNEXPECTED, UNEXPECTED, UNEXPECTED]),
        (Place::ErrorBodyDropAfterEnd, [Code(409_000); 4]),
    ]
};

impl Place {
    fn is_of_an_http_error(self) -> bool {
        matches!(self, Self::ErrorBody | Self::ErrorBodyThenDrop | Self::ErrorBodyDropAfterEnd)
    }

    fn explode_at(self, places: &[Self]) {
        if places.contains(&self) {
            std::panic::panic_any(CANARY);
        }
    }
}

/// The service.
#[derive(Clone, Copy, Debug)]
struct Bad {
    place: Place,
    /// Whether it answers in gRPC, else in HTTP.
    grpc: bool,
}

impl Service<Request<String>> for Bad {
    type Response = Response<BadBody>;
    type Error = BoxError;
    type Future = BadFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.place.explode_at(&[Place::Ready]);
        Poll::Ready(if self.place == Place::ReadyError { Err(CANARY.into()) } else { Ok(()) })
    }

    fn call(&mut self, _: Request<String>) -> BadFuture {
        self.place.explode_at(&[Place::Call]);
        BadFuture(*self)
    }
}

struct BadFuture(Bad);

impl Future for BadFuture {
    type Output = Result<Response<BadBody>, BoxError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let Bad { place, grpc } = self.0;
        place.explode_at(&[Place::Future, Place::FutureThenDrop]);
        match place {
            Place::DropAtTimeout => return Poll::Pending,
            Place::DropAfterError => return Poll::Ready(Err("a plain error".into())),
            _ => {}
        }
        let response = Response::builder().status(if place.is_of_an_http_error() { 409 } else { 200 });
        let response = response.header("content-type", if grpc { "application/grpc" } else { "text/plain" });
        Poll::Ready(Ok(response.body(BadBody { bad: self.0, frames: 0 }).unwrap()))
    }
}

impl Drop for BadFuture {
    fn drop(&mut self) {
        use Place::{DropAfterAnswer, DropAfterError, DropAtTimeout, FutureThenDrop};
        self.0.place.explode_at(&[FutureThenDrop, DropAtTimeout, DropAfterAnswer, DropAfterError]);
    }
}

/// A message, then the end.
#[derive(Debug)]
struct BadBody {
    bad: Bad,
    frames: usize,
}

impl Body for BadBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        use Place::{ErrorBody, ErrorBodyThenDrop, Stream, StreamThenDrop};
        self.frames += 1;
        if self.frames == 1 {
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"\0\0\0\0\0")))));
        }
        self.bad.place.explode_at(&[Stream, StreamThenDrop, ErrorBody, ErrorBodyThenDrop]);
        if self.bad.place == Place::StreamDropAtTimeout {
            return Poll::Pending;
        }
        let status = (http::HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
        let trailers = Frame::trailers(HeaderMap::from_iter([status]));
        Poll::Ready((self.bad.grpc && self.frames == 2).then_some(Ok(trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.bad.place.explode_at(&[Place::StreamQuestions]);
        false
    }

    fn size_hint(&self) -> SizeHint {
        self.bad.place.explode_at(&[Place::StreamQuestions]);
        SizeHint::default()
    }
}

impl Drop for BadBody {
    fn drop(&mut self) {
        use Place::{
            ErrorBodyDropAfterEnd, ErrorBodyThenDrop, StreamDropAfterEnd, StreamDropAtTimeout, StreamThenDrop,
        };
        let place = self.bad.place;
        place.explode_at(&[StreamThenDrop, StreamDropAtTimeout, StreamDropAfterEnd]);
        place.explode_at(&[ErrorBodyThenDrop, ErrorBodyDropAfterEnd]);
    }
}

fn request(grpc: bool) -> Request<String> {
    let content_type = if grpc { "application/grpc" } else { "application/json" };
    Request::post("/test.v1.Test/Unary").header("content-type", content_type).body(String::new()).unwrap()
}

/// Calls the service and reads its answer as a client does.
async fn end<S, B>(service: S, grpc: bool) -> End
where
    S: Service<Request<String>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: Body<Data = Bytes>,
{
    let (parts, body) = service.oneshot(request(grpc)).await.unwrap().into_parts();
    // hyper asks before it polls.
    let (is_end, _) = (body.is_end_stream(), body.size_hint());
    let mut body = std::pin::pin!(body);
    let mut read_so_far = Vec::new();
    let mut trailers = None;
    while !is_end && let Some(frame) = body.as_mut().frame().await {
        let Ok(frame) = frame else { return End::Cut };
        match frame.into_data() {
            Ok(data) => read_so_far.extend(data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let error = if grpc {
        let status = Status::from_header_map(trailers.as_ref().unwrap_or(&parts.headers)).unwrap();
        assert!(!format!("{status:?}").contains(CANARY));
        (status.code() != tonic::Code::Ok).then(|| status.to_received::<ErrorCode>())
    } else {
        let is_error = parts.status.is_client_error() || parts.status.is_server_error();
        is_error.then(|| Reader::new::<ErrorCode>().read_parts(&parts, &read_so_far))
    };
    let sent = format!("{parts:?} {trailers:?} {}", String::from_utf8_lossy(&read_so_far));
    assert!(!sent.contains(CANARY), "{sent}");
    error.map_or(End::Ok, |error| End::Code(error.number().unwrap()))
}

fn responder() -> Responder {
    Responder::new::<ErrorCode>()
}

fn server() -> ServerLayer {
    ServerLayer::new::<ErrorCode>().timeout(Duration::from_secs(1))
}

fn errors() -> ErrorLayer {
    ErrorLayer::new(responder()).timeout(Duration::from_secs(1))
}

/// The service, or its future, with axum's body.
#[derive(Clone)]
struct ForAxum<T>(T);

impl Service<Request<String>> for ForAxum<Bad> {
    type Response = Response<axum::body::Body>;
    type Error = BoxError;
    type Future = ForAxum<BadFuture>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        ForAxum(self.0.call(request))
    }
}

impl Future for ForAxum<BadFuture> {
    type Output = Result<Response<axum::body::Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_ok(|response| response.map(axum::body::Body::new))
    }
}

#[tokio::test(start_paused = true)]
async fn every_panic_is_a_coded_failure_and_is_logged_once() {
    let log = Log::start();
    for (place, [by_server, by_axum, by_to_grpc, by_to_http]) in TABLE {
        let bad = Bad { place, grpc: !place.is_of_an_http_error() };
        let logged = |layer: &str, logs: usize| {
            let log = log.take();
            assert_eq!(log.matches(CANARY).count(), logs, "{place:?} {layer}: {log}");
        };
        // Of these two the panic hook of the process alone knows.
        let is_reported = place != Place::StreamQuestions;
        let of_an_unread_body = matches!(place, Place::ErrorBody);
        assert_eq!(end(server().layer(bad), true).await, by_server, "{place:?} server");
        logged("server", usize::from(is_reported && !of_an_unread_body));
        if by_axum != End::NotApplicable {
            let bad = ForAxum(Bad { grpc: false, ..bad });
            assert_eq!(end(errors().layer(bad), false).await, by_axum, "{place:?} axum");
            logged("axum", 1);
        }
        if by_to_grpc != End::NotApplicable {
            assert_eq!(
                end(HttpToGrpcLayer::new(responder()).layer(bad), true).await,
                by_to_grpc,
                "{place:?}"
            );
            logged("to gRPC", usize::from(is_reported));
        }
        if by_to_http != End::NotApplicable {
            assert_eq!(
                end(GrpcToHttpLayer::new(responder()).layer(bad), false).await,
                by_to_http,
                "{place:?}"
            );
            logged("to HTTP", 1);
        }
    }
}

/// A body of HTTP that crosses a bridge as it is has no place for a code.
#[tokio::test]
async fn a_body_that_passes_a_bridge_is_cut_and_its_panic_is_logged() {
    let log = Log::start();
    for place in [Place::Stream, Place::StreamThenDrop] {
        let bad = Bad { place, grpc: false };
        assert_eq!(end(HttpToGrpcLayer::new(responder()).layer(bad), false).await, End::Cut);
        assert_eq!(end(GrpcToHttpLayer::new(responder()).layer(bad), false).await, End::Cut);
        assert_eq!(log.take().matches(CANARY).count(), 2, "{place:?}");
    }
}

/// The harm without a layer: the task of the connection or of the stream panics, or gets an error that it cannot send.
#[tokio::test(start_paused = true)]
async fn without_a_layer_the_panic_reaches_the_server() {
    // A panic of a drop that follows a panic of the same value aborts the process: not here.
    let aborts = [Place::FutureThenDrop, Place::StreamThenDrop, Place::ErrorBodyThenDrop];
    for (place, _) in TABLE.into_iter().filter(|(place, _)| !aborts.contains(place)) {
        let service = Bad { place, grpc: true };
        let call = tokio::spawn(async move {
            let call = async { end(service, true).await };
            tokio::time::timeout(Duration::from_secs(1), call).await.unwrap_or(End::Cut)
        });
        let error = call.await.unwrap_err();
        assert!(error.is_panic(), "{place:?}");
    }
}

/// A caller that goes away: the server drops what it polls.
#[tokio::test(start_paused = true)]
async fn a_panic_of_a_drop_does_not_reach_the_server() {
    let grpc = true;
    let poll = |future: Pin<&mut dyn Future<Output = End>>| {
        assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    };
    for place in [Place::DropAtTimeout, Place::StreamDropAtTimeout] {
        let bad = Bad { place, grpc };
        let mut calls: Vec<Pin<Box<dyn Future<Output = End>>>> = vec![
            Box::pin(end(server().layer(bad), grpc)),
            Box::pin(end(HttpToGrpcLayer::new(responder()).layer(bad), grpc)),
            Box::pin(end(GrpcToHttpLayer::new(responder()).layer(bad), grpc)),
        ];
        if place == Place::DropAtTimeout {
            calls.push(Box::pin(end(errors().layer(ForAxum(bad)), false)));
        }
        for call in &mut calls {
            poll(call.as_mut());
        }
        drop(calls);
    }
}
