//! Retries of calls, above a generated client and below it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use codelibra::client::{ClientLayer, FailedCall, Observe, RetriedCall, RetryLayer, RetryPolicy};
use codelibra::{ApiError, ErrorCode, ReceivedError, rpc};
use http::uri::PathAndQuery;
use http::{HeaderMap, Response};
use http_body_util::BodyExt as _;
use prost::Message;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions, ServiceDescriptorProto,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower::retry::Retry;
use tower::retry::budget::TpsBudget;
use tower::{Layer, ServiceExt, service_fn};

use crate::in_process::{Answer, InProcess, Item, UNARY, stream, unary};

fn policy() -> RetryPolicy<ErrorCode> {
    RetryPolicy::new()
}

/// UNAVAILABLE without a code: it may be sent again.
fn unavailable() -> Status {
    Status::unavailable("later")
}

/// The fields and the body of a request.
type Seen = (HeaderMap, Vec<u8>);

/// A server that fails the first calls with this status, as trailers-only, and then succeeds. It keeps the fields and the body of
/// each request.
#[derive(Clone)]
struct Server {
    failures: Arc<AtomicU32>,
    status: fn() -> Status,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn new(failures: u32, status: fn() -> Status) -> Self {
        Self { failures: Arc::new(failures.into()), status, seen: Arc::default() }
    }

    async fn call(self, request: http::Request<Body>) -> Result<Response<Body>, tonic::transport::Error> {
        let (parts, body) = request.into_parts();
        let mut encoded = Vec::new();
        let mut body = std::pin::pin!(body);
        while let Some(Ok(frame)) =
            std::future::poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx)).await
        {
            encoded.extend(frame.into_data().unwrap_or_default());
        }
        self.seen.lock().unwrap().push((parts.headers.clone(), encoded.clone()));
        if self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
        {
            return Ok((self.status)().into_http());
        }
        let body = Body::new(http_body_util::Full::new(encoded.into()).map_err(|never| match never {}));
        InProcess(Answer::Items(1)).oneshot(http::Request::from_parts(parts, body)).await
    }

    async fn unary(&self, layer: &RetryLayer, timeout: Option<Duration>) -> Result<Item, Status> {
        let server = self.clone();
        let service = layer.layer(service_fn(move |request| server.clone().call(request)));
        let mut client = Grpc::new(service);
        client.ready().await.unwrap();
        let mut request = Request::new(Item { text: "hello".into() });
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        let codec = ProstCodec::<Item, Item>::default();
        Ok(client.unary(request, PathAndQuery::from_static(UNARY), codec).await?.into_inner())
    }

    fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn field(&self, call: usize, name: &str) -> Option<String> {
        let seen = self.seen.lock().unwrap();
        seen[call].0.get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

fn safe() -> RetryLayer {
    RetryLayer::new(policy()).idempotent_method(UNARY)
}

#[tokio::test(start_paused = true)]
async fn a_safe_method_is_sent_again_with_the_same_body_and_the_number_of_attempts() {
    let server = Server::new(2, unavailable);
    assert_eq!(server.unary(&safe(), None).await.unwrap().text, "hello");
    assert_eq!(server.calls(), 3);
    let attempts: Vec<_> = (0..3).map(|call| server.field(call, "grpc-previous-rpc-attempts")).collect();
    assert_eq!(attempts, [None, Some("1".into()), Some("2".into())]);
    let seen = server.seen.lock().unwrap();
    assert!(!seen[0].1.is_empty());
    assert!(seen.iter().all(|(_, body)| *body == seen[0].1));
}

#[tokio::test(start_paused = true)]
async fn a_method_that_is_not_idempotent_is_never_executed_twice() {
    let layers =
        [RetryLayer::new(policy()), RetryLayer::new(policy()).idempotent_method("/in.Process/Other")];
    let statuses: [fn() -> Status; 5] = [
        unavailable,
        || Status::resource_exhausted("too many"),
        || ErrorCode::LOCKED_OUT.into(),
        || Status::cancelled("cut"),
        || {
            let retry_delay = Some(prost_types::Duration { seconds: 1, nanos: 0 });
            ApiError::new(ErrorCode::LOCKED_OUT).with_detail(&rpc::RetryInfo { retry_delay }).into()
        },
    ];
    for layer in layers {
        for status in statuses {
            let server = Server::new(9, status);
            server.unary(&layer, None).await.unwrap_err();
            assert_eq!(server.calls(), 1, "{:?}", status());

            let calls = AtomicU32::new(0);
            let call = service_fn(|_: Request<()>| {
                calls.fetch_add(1, Ordering::Relaxed);
                std::future::ready(Err::<(), _>(status()))
            });
            Retry::new(policy(), call).oneshot(Request::new(())).await.unwrap_err();
            assert_eq!(calls.load(Ordering::Relaxed), 1, "{:?}", status());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_advice_of_the_error_decides() {
    let statuses: [(fn() -> Status, usize); 7] = [
        (unavailable, 5),
        (|| Status::resource_exhausted("too many"), 5),
        (|| ErrorCode::USER_BANNED.into(), 1),
        (|| Status::invalid_argument("no"), 1),
        (|| Status::deadline_exceeded("late"), 1),
        (|| pushed_back("-1"), 1),
        (|| pushed_back("soon"), 1),
    ];
    for (status, calls) in statuses {
        let server = Server::new(99, status);
        let error = server.unary(&safe(), None).await.unwrap_err();
        assert_eq!(error.code(), status().code());
        assert_eq!(server.calls(), calls, "{:?}", status());
    }
}

fn pushed_back(value: &'static str) -> Status {
    let mut status = unavailable();
    status.metadata_mut().insert("grpc-retry-pushback-ms", value.parse().unwrap());
    status
}

/// gRFC A6: the delay of the server is exact, and resets the backoff.
#[tokio::test(start_paused = true)]
async fn a_pushback_is_obeyed_to_the_millisecond() {
    let delays: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let layer = RetryLayer::new(policy().observe(Delays(Arc::clone(&delays)))).idempotent_method(UNARY);
    let server = Server::new(2, || pushed_back("1234"));
    let start = Instant::now();
    server.unary(&layer, None).await.unwrap();
    assert_eq!(*delays.lock().unwrap(), [Duration::from_millis(1234); 2]);
    assert!(start.elapsed() >= Duration::from_millis(2 * 1234));
}

#[tokio::test(start_paused = true)]
async fn a_backoff_has_full_jitter_below_a_limit_that_doubles() {
    let mut sums = Vec::new();
    for _ in 0..200 {
        let delays: Arc<Mutex<Vec<Duration>>> = Arc::default();
        let server = Server::new(99, unavailable);
        let layer = RetryLayer::new(
            policy()
                .observe(Delays(Arc::clone(&delays)))
                .backoff(Duration::from_millis(100), Duration::from_millis(350)),
        );
        server.unary(&layer.idempotent_method(UNARY), None).await.unwrap_err();
        let delays = delays.lock().unwrap().clone();
        assert_eq!(delays.len(), 4);
        for (delay, limit) in delays.iter().zip([100, 200, 350, 350]) {
            assert!(*delay <= Duration::from_millis(limit), "{delay:?}");
        }
        sums.push(delays.iter().sum::<Duration>());
    }
    sums.sort();
    // Without jitter, all of them are 1000 ms.
    assert!(sums[20] < sums[180], "{sums:?}");
}

struct Delays(Arc<Mutex<Vec<Duration>>>);

impl Observe for Delays {
    fn on_error(&self, _: &ReceivedError, _: &FailedCall<'_>) {}

    fn on_retry(&self, error: &ReceivedError, call: &RetriedCall<'_>) {
        assert_eq!(call.method, UNARY);
        assert_eq!(error.to_string(), "UNAVAILABLE: later");
        let mut delays = self.0.lock().unwrap();
        delays.push(call.delay);
        assert_eq!(usize::try_from(call.retry), Ok(delays.len()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_that_of_the_whole_call() {
    let server = Server::new(1, || pushed_back("400"));
    server.unary(&safe(), Some(Duration::from_secs(1))).await.unwrap();
    assert_eq!(server.field(0, "grpc-timeout").unwrap(), "1000000u");
    assert_eq!(server.field(1, "grpc-timeout").unwrap(), "600000u");

    // The retry would begin at the deadline or after it, so the caller gets the error at once.
    for timeout in [400, 399, 1] {
        let server = Server::new(1, || pushed_back("400"));
        let start = Instant::now();
        server.unary(&safe(), Some(Duration::from_millis(timeout))).await.unwrap_err();
        assert_eq!((server.calls(), start.elapsed()), (1, Duration::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_is_too_long_returns_the_error_at_once() {
    let server = Server::new(1, || pushed_back("10001"));
    let start = Instant::now();
    server.unary(&safe(), None).await.unwrap_err();
    assert_eq!((server.calls(), start.elapsed()), (1, Duration::ZERO));
}

/// Half of the requests fail. Without a budget, 1000 calls need about 2000 requests.
#[tokio::test(start_paused = true)]
async fn a_storm_costs_at_most_a_tenth_more_requests() {
    let unlimited = Arc::new(TpsBudget::new(Duration::from_secs(10), 1000, 10.0));
    for (layer, least, most) in [
        (RetryLayer::new(policy().budget(unlimited)).idempotent_method(UNARY), 1900, 2100),
        (safe(), 1050, 1100),
    ] {
        let requests = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&requests);
        let service = layer.layer(service_fn(move |request: http::Request<Body>| {
            let fails = counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
            async move {
                if fails {
                    return Ok(unavailable().into_http());
                }
                InProcess(Answer::Items(1)).oneshot(request).await
            }
        }));
        for _ in 0..1000 {
            drop(unary(&mut Grpc::new(service.clone())).await);
        }
        let requests = requests.load(Ordering::Relaxed);
        assert!((least..=most).contains(&requests), "{requests}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_has_begun_is_returned() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let service = service_fn(move |request: http::Request<Body>| {
        counted.fetch_add(1, Ordering::Relaxed);
        InProcess(Answer::Break(2, unavailable)).oneshot(request)
    });
    let layer = RetryLayer::new(policy().idempotent());
    let status = stream(&mut Grpc::new(layer.layer(service))).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// The stream of the caller has one message, and then waits.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_complete_or_too_large_is_sent_once() {
    let small = safe().max_request(3);
    let server = Server::new(1, unavailable);
    server.unary(&small, None).await.unwrap_err();
    assert_eq!(server.calls(), 1);
    assert_eq!(server.seen.lock().unwrap()[0].1.len(), 5 + 7, "the server receives the whole message");

    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let service = safe().layer(service_fn(move |_: http::Request<Body>| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok::<_, Infallible>(unavailable().into_http::<Body>()))
    }));
    let mut client = Grpc::new(service);
    client.ready().await.unwrap();
    let (_sender, receiver) = unbounded_channel::<Item>();
    let items = tokio_stream::wrappers::UnboundedReceiverStream::new(receiver);
    let codec = ProstCodec::<Item, Item>::default();
    let path = PathAndQuery::from_static(UNARY);
    client.streaming(Request::new(items), path, codec).await.unwrap_err();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// The layer is directly on the channel, without a client layer that makes the fields safe.
#[tokio::test(start_paused = true)]
async fn hostile_fields_cause_no_panic() {
    for (status, details) in
        [("14", "%%%"), ("14", "AAAA===="), ("x", "w6k"), ("", "CA4"), ("16384", "\u{7f}")]
    {
        let service = safe().layer(service_fn(move |_: http::Request<Body>| {
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
            response.headers_mut().insert("grpc-status", status.parse().unwrap());
            if let Ok(details) = details.parse() {
                response.headers_mut().insert("grpc-status-details-bin", details);
            }
            std::future::ready(Ok::<_, Infallible>(response))
        }));
        let request = http::Request::builder().uri(UNARY).body(Body::empty()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["grpc-status"], status);
    }
}

fn method(name: &str, level: Option<IdempotencyLevel>, is_stream: bool) -> MethodDescriptorProto {
    let options =
        level.map(|level| MethodOptions { idempotency_level: Some(level.into()), ..Default::default() });
    let name = Some(name.to_owned());
    MethodDescriptorProto { name, options, server_streaming: Some(is_stream), ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn a_descriptor_set_names_the_safe_methods() {
    for (level, is_stream, calls) in [
        (Some(IdempotencyLevel::NoSideEffects), false, 2),
        (Some(IdempotencyLevel::Idempotent), false, 2),
        (Some(IdempotencyLevel::IdempotencyUnknown), false, 1),
        (None, false, 1),
        (Some(IdempotencyLevel::Idempotent), true, 1),
    ] {
        let service = ServiceDescriptorProto {
            name: Some("Process".into()),
            method: vec![method("Unary", level, is_stream)],
            ..Default::default()
        };
        let file =
            FileDescriptorProto { package: Some("in".into()), service: vec![service], ..Default::default() };
        let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
        let layer = RetryLayer::new(policy()).idempotent_methods(&set).unwrap();
        let server = Server::new(1, unavailable);
        drop(server.unary(&layer, None).await);
        assert_eq!(server.calls(), calls, "{level:?}");

        let cut = &set[..set.len() - 1];
        assert!(RetryLayer::new(policy()).idempotent_methods(cut).is_err());
    }
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

/// Sends the retry of a call to the test.
struct Retries(UnboundedSender<u32>);

impl Observe for Retries {
    fn on_error(&self, _: &ReceivedError, _: &FailedCall<'_>) {}

    fn on_retry(&self, _: &ReceivedError, call: &RetriedCall<'_>) {
        self.0.send(call.retry).unwrap();
    }
}

/// No method is idempotent here. The control without the layer fails.
#[tokio::test]
async fn a_connection_that_was_never_made_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    unary(&mut Grpc::new(ClientLayer::new::<ErrorCode>().layer(channel(address)))).await.unwrap_err();

    let (sender, mut retries) = unbounded_channel();
    let layer = RetryLayer::new(
        policy().observe(Retries(sender)).max_retries(1000).budget(Arc::new(TpsBudget::new(
            Duration::from_secs(1),
            1000,
            1.0,
        ))),
    );
    let client = layer.layer(ClientLayer::new::<ErrorCode>().layer(channel(address)));
    let call = tokio::spawn(async move { unary(&mut Grpc::new(client)).await });
    assert_eq!(retries.recv().await, Some(1));
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(serve(listener, 0));
    assert_eq!(call.await.unwrap().unwrap().text, "hello");
}

/// A server over HTTP/2 that refuses the first streams.
async fn serve(listener: TcpListener, refused: usize) {
    let mut left = refused;
    while let Ok((socket, _)) = listener.accept().await {
        let mut connection = h2::server::handshake(socket).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            if left > 0 {
                left -= 1;
                respond.send_reset(h2::Reason::REFUSED_STREAM);
                continue;
            }
            let mut body = request.into_body();
            tokio::spawn(async move {
                let message = body.data().await.unwrap().unwrap();
                let response =
                    Response::builder().header("content-type", "application/grpc").body(()).unwrap();
                let mut send = respond.send_response(response, false).unwrap();
                send.send_data(message, false).unwrap();
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", "0".parse().unwrap());
                send.send_trailers(trailers).unwrap();
            });
        }
    }
}

/// No method is idempotent here: the server did not begin the call (RFC 9113 §8.7). The control without the layer fails.
#[tokio::test]
async fn a_refused_stream_is_tried_again() {
    for with_client_layer in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, 2));
        unary(&mut Grpc::new(channel(address))).await.unwrap_err();
        let (sender, mut retries) = unbounded_channel();
        let layer = RetryLayer::new(policy().observe(Retries(sender)));
        let answer = if with_client_layer {
            let client = ClientLayer::new::<ErrorCode>().layer(channel(address));
            unary(&mut Grpc::new(layer.layer(client))).await
        } else {
            unary(&mut Grpc::new(layer.layer(channel(address)))).await
        };
        assert_eq!(answer.unwrap().text, "hello");
        drop(layer);
        assert_eq!(retries.recv().await, Some(1));
        assert_eq!(retries.recv().await, None);
    }
}

/// A stream that is refused after the response has begun proves nothing, so a typed call is not executed twice.
#[tokio::test]
async fn a_refusal_in_the_body_is_not_a_proof() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let executed = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&executed);
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(socket).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let response = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
            let mut send = respond.send_response(response, false).unwrap();
            send.send_data(bytes::Bytes::from_static(&[0, 0, 0, 0, 0]), false).unwrap();
            send.send_reset(h2::Reason::REFUSED_STREAM);
        }
    });
    let channel = channel(address);
    let call = service_fn(move |_: Request<()>| {
        let mut client = Grpc::new(ClientLayer::new::<ErrorCode>().layer(channel.clone()));
        async move { unary(&mut client).await }
    });
    Retry::new(policy(), call).oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(executed.load(Ordering::Relaxed), 1);
}
