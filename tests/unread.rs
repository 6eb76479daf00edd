//! Callers that open no flow-control window: hyper does not poll the body while a message waits, so no timer inside of it
//! fires. What ends such a call, and what a handler holds for it.

#![cfg(feature = "server")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, StatusCodeExt};
use http::{Request, Response};
use http_body_util::BodyExt;
use support::{Kind, Log, call, listen};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Status};
use tower::{Service, ServiceExt};
use tower_layer::Layer;
use tracing::Instrument;

/// Long enough for a test on a slow machine; nothing waits for it to pass.
const BOUND: Duration = Duration::from_secs(30);

/// What a handler holds for each call: it reports its drop.
type Held = oneshot::Sender<()>;

/// Answers each call with so many messages, and without an end.
#[derive(Clone)]
struct Unending {
    held: Arc<Mutex<Vec<Held>>>,
    messages: usize,
}

impl Unending {
    fn new(messages: usize, calls: usize) -> (Self, Vec<oneshot::Receiver<()>>) {
        let (held, dropped) = (0..calls).map(|_| oneshot::channel()).unzip();
        (Self { held: Arc::new(Mutex::new(held)), messages }, dropped)
    }
}

impl NamedService for Unending {
    const NAME: &'static str = "test.v1.Test";
}

impl Service<Request<Body>> for Unending {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let held = self.held.lock().unwrap().remove(0);
        let body = Body::new(Messages { _held: held, left: self.messages });
        let response = Response::builder().header("content-type", "application/grpc");
        std::future::ready(Ok(response.body(body).unwrap()))
    }
}

struct Messages {
    _held: Held,
    left: usize,
}

impl http_body::Body for Messages {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        if self.left == 0 {
            return Poll::Pending;
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(b"\0\0\0\0\x03\x0a\x01x")))))
    }
}

fn layer() -> ServerLayer {
    ServerLayer::new::<ErrorCode>().timeout(Duration::from_millis(50))
}

/// A call whose caller opens no window, and one of another caller that reads, which starts later.
async fn two_calls(
    serve: impl FnOnce(TcpIncoming) -> Pin<Box<dyn Future<Output = Result<(), tonic::transport::Error>> + Send>>,
) -> (Channel, tonic::Streaming<String>, Result<(), Status>) {
    let endpoint = listen(serve).await;
    let closed = endpoint.clone().initial_stream_window_size(0).connect().await.unwrap();
    let mut grpc = tonic::client::Grpc::new(closed.clone());
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(Kind::ServerStream.path());
    let request = tonic::Request::new(String::new());
    let unread = grpc.server_streaming(request, path, codec).await.unwrap().into_inner();
    let reader = endpoint.connect().await.unwrap();
    let (_, end) = call(reader, Kind::ServerStream, tonic::Request::new(String::new())).await;
    (closed, unread, end)
}

#[tokio::test]
async fn at_the_deadline_the_layer_drops_what_an_unread_call_holds() {
    let log = Log::start();
    let (service, mut dropped) = Unending::new(1, 2);
    let (_channel, _unread, end) = two_calls(|incoming| {
        let server = Server::builder().layer(layer().drop_unread()).add_service(service);
        Box::pin(server.serve_with_incoming(incoming))
    })
    .await;
    assert_eq!(end.unwrap_err().code(), Code::DeadlineExceeded, "a caller that reads gets the failure");
    for dropped in &mut dropped {
        assert!(tokio::time::timeout(BOUND, dropped).await.unwrap().is_err(), "it was dropped");
    }
    assert_eq!(log.take().matches("code=504000").count(), 2);
}

/// The harm without the option: the handler holds what it holds.
#[tokio::test]
async fn without_the_option_an_unread_call_outlives_its_deadline() {
    let (service, mut dropped) = Unending::new(1, 2);
    let (_channel, _unread, end) = two_calls(|incoming| {
        let server = Server::builder().layer(layer()).add_service(service);
        Box::pin(server.serve_with_incoming(incoming))
    })
    .await;
    assert_eq!(end.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(dropped[0].try_recv(), Err(TryRecvError::Empty), "its deadline passed first");
}

/// A caller that opens no window but has no message waiting: hyper polls the body, and trailers need no window.
#[tokio::test]
async fn a_call_without_a_message_that_waits_ends_at_its_deadline() {
    let (service, mut dropped) = Unending::new(0, 2);
    let (_channel, mut unread, end) = two_calls(|incoming| {
        let server = Server::builder().layer(layer()).add_service(service);
        Box::pin(server.serve_with_incoming(incoming))
    })
    .await;
    assert_eq!(end.unwrap_err().code(), Code::DeadlineExceeded);
    let status = unread.message().await.unwrap_err();
    assert_eq!(status.to_received::<ErrorCode>().number(), Some(504_000));
    assert!(tokio::time::timeout(BOUND, &mut dropped[0]).await.unwrap().is_err());
}

/// What ends the stream itself: tonic closes a connection of a certain age.
#[tokio::test]
async fn the_age_of_a_connection_ends_an_unread_call() {
    let (service, mut dropped) = Unending::new(1, 1);
    let endpoint = listen(|incoming| {
        let age = Duration::from_millis(50);
        let server = Server::builder().max_connection_age(age).max_connection_age_grace(age);
        server.layer(ServerLayer::new::<ErrorCode>()).add_service(service).serve_with_incoming(incoming)
    })
    .await;
    let channel = endpoint.initial_stream_window_size(0).connect().await.unwrap();
    let (_, end) = call(channel, Kind::ServerStream, tonic::Request::new(String::new())).await;
    assert!(end.is_err());
    assert!(tokio::time::timeout(BOUND, &mut dropped[0]).await.unwrap().is_err());
}

/// In process, so that the test decides when the body is polled.
#[tokio::test(start_paused = true)]
async fn a_caller_that_reads_late_gets_deadline_exceeded_and_it_is_logged_once() {
    let log = Log::start();
    let (service, mut dropped) = Unending::new(1, 1);
    let layered = layer().drop_unread().layer(service);
    let request = Request::post("/a.B/C").header("content-type", "application/grpc").body(Body::empty());
    let mut body = Box::pin(layered.oneshot(request.unwrap()).await.unwrap().into_body());
    assert!(body.frame().await.unwrap().unwrap().is_data());
    assert!(dropped.remove(0).await.is_err(), "the task dropped it");
    assert_eq!(log.take().matches("code=504000").count(), 1);
    assert!(!http_body::Body::is_end_stream(&*body));
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(Status::from_header_map(&trailers).unwrap().code(), Code::DeadlineExceeded);
    assert!(body.frame().await.is_none());
    assert_eq!(log.take(), "");
}

/// A body that is polled when the task ends the call is woken; one that ends in time ends the task.
#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_woken_and_one_that_ended_is_not_logged() {
    let log = Log::start();
    let (service, mut dropped) = Unending::new(0, 2);
    let layered = layer().drop_unread().layer(service);
    let request = || {
        let request = Request::post("/a.B/C").header("content-type", "application/grpc");
        request.body(Body::empty()).unwrap()
    };
    let mut body = Box::pin(layered.clone().oneshot(request()).await.unwrap().into_body());
    assert!(body.frame().await.unwrap().unwrap().is_trailers());
    assert_eq!(log.take().matches("code=504000").count(), 1);
    assert!(dropped.remove(0).await.is_err());

    drop(layered.oneshot(request()).await.unwrap());
    assert!(dropped.remove(0).await.is_err());
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::task::yield_now().await;
    assert_eq!(log.take(), "");
}

type BoxedBody = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Status> + Send>>;

/// Polls a body while an event is written, as a subscriber may that writes to a stream of the same server.
struct PollsInEvent {
    body: Arc<Mutex<Option<BoxedBody>>>,
    polled: std::sync::mpsc::Sender<(bool, bool)>,
}

impl tracing::Subscriber for PollsInEvent {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::Id {
        tracing::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        if event.metadata().target() != "codelibra::server" {
            return;
        }
        let (body, polled) = (Arc::clone(&self.body), self.polled.clone());
        let (ended, is_over) = std::sync::mpsc::channel();
        // On another thread: where the lock is held, the test fails instead of waiting forever.
        std::thread::spawn(move || {
            let mut body = body.lock().unwrap();
            let body = body.as_mut().unwrap();
            let is_end = body.is_end_stream();
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let is_pending = body.as_mut().poll_frame(&mut cx).is_pending();
            polled.send((is_end, is_pending)).unwrap();
            ended.send(()).unwrap();
        });
        let _ = is_over.recv_timeout(BOUND);
    }

    fn enter(&self, _: &tracing::Id) {}

    fn exit(&self, _: &tracing::Id) {}
}

/// No lock is held while the failure is logged, and the response has not ended before its trailers.
#[tokio::test(start_paused = true)]
async fn the_body_may_be_polled_while_the_failure_is_logged() {
    let (service, _dropped) = Unending::new(0, 1);
    let request = Request::post("/a.B/C").header("content-type", "application/grpc").body(Body::empty());
    let response = layer().drop_unread().layer(service).oneshot(request.unwrap()).await.unwrap();
    let body: BoxedBody = Box::pin(response.into_body());
    let body = Arc::new(Mutex::new(Some(body)));
    let (sender, polled) = std::sync::mpsc::channel();
    let subscriber = PollsInEvent { body: Arc::clone(&body), polled: sender };
    let guard = tracing::subscriber::set_default(subscriber);
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(guard);
    assert_eq!(polled.try_recv(), Ok((false, true)), "not at its end, and pending");
    let mut body = body.lock().unwrap().take().unwrap();
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(Status::from_header_map(&trailers).unwrap().code(), Code::DeadlineExceeded);
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_dropped_call_is_in_the_span_of_the_call() {
    let log = Log::start();
    let (service, _dropped) = Unending::new(0, 1);
    let request = Request::post("/a.B/C").header("content-type", "application/grpc").body(Body::empty());
    let call = layer().drop_unread().layer(service).oneshot(request.unwrap());
    let _response = call.instrument(tracing::info_span!("request", tenant = "t-7")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let log = log.take();
    assert!(log.contains("code=504000") && log.contains("request{tenant=\"t-7\"}"), "{log}");
}
