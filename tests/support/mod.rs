//! A tonic service over a real socket, whose handlers follow the script of a test, and a client for it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::as_conversions,
    reason = "a test helper; not every test uses all of it"
)]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use codelibra::rpc::RequestInfo;
use codelibra::{ErrorCode, ReceivedError, StatusCodeExt};
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::client::Grpc as GrpcClient;
use tonic::codegen::http;
use tonic::server::{
    ClientStreamingService, Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService,
};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// The four kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Unary,
    ClientStream,
    ServerStream,
    Bidi,
}

pub const KINDS: [Kind; 4] = [Kind::Unary, Kind::ClientStream, Kind::ServerStream, Kind::Bidi];

impl Kind {
    pub fn path(self) -> &'static str {
        match self {
            Self::Unary => "/test.v1.Test/Unary",
            Self::ClientStream => "/test.v1.Test/ClientStream",
            Self::ServerStream => "/test.v1.Test/ServerStream",
            Self::Bidi => "/test.v1.Test/Bidi",
        }
    }

    pub fn streams(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidi)
    }
}

/// How a call ends.
pub enum End {
    Ok,
    Fail(Status),
    Panic(String),
    Never,
    /// The call does not end by itself, and panics when it is dropped.
    PanicInDrop(String),
}

struct PanicInDrop(String);

impl Drop for PanicInDrop {
    fn drop(&mut self) {
        // A second panic during the first one would end the process.
        if !std::thread::panicking() {
            std::panic::panic_any(std::mem::take(&mut self.0));
        }
    }
}

/// The script of a handler: `items` messages if it streams, then the end.
pub struct Script {
    pub items: usize,
    /// Whether a stream's handler fails before it returns the stream.
    pub at_once: bool,
    pub end: End,
}

impl Script {
    pub fn fail(status: impl Into<Status>) -> Self {
        Self { items: 0, at_once: false, end: End::Fail(status.into()) }
    }

    pub fn after(mut self, items: usize) -> Self {
        self.items = items;
        self
    }

    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }
}

type Handler = Arc<dyn Fn(&str) -> Script + Send + Sync>;

/// The service.
#[derive(Clone)]
pub struct Test(Handler);

impl Test {
    pub fn new(handler: impl Fn(&str) -> Script + Send + Sync + 'static) -> Self {
        Self(Arc::new(handler))
    }
}

impl NamedService for Test {
    const NAME: &'static str = "test.v1.Test";
}

type Answer<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;
type Items = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

async fn end(end: End) -> Result<String, Status> {
    match end {
        End::Ok => Ok("done".into()),
        End::Fail(status) => Err(status),
        End::Panic(payload) => std::panic::panic_any(payload),
        End::Never => std::future::pending().await,
        End::PanicInDrop(payload) => {
            let _payload = PanicInDrop(payload);
            std::future::pending().await
        }
    }
}

async fn one(script: Script) -> Result<Response<String>, Status> {
    end(script.end).await.map(Response::new)
}

async fn many(script: Script) -> Result<Response<Items>, Status> {
    if script.at_once {
        return end(script.end).await.map(|_| Response::new(Box::pin(tokio_stream::empty()) as Items));
    }
    let items = tokio_stream::iter((0..script.items).map(|i| Ok(format!("item {i}"))));
    let last =
        OnceStream(Box::pin(end(script.end)), false).filter(|end| !matches!(end, Ok(text) if text == "done"));
    Ok(Response::new(Box::pin(items.chain(last))))
}

/// A stream whose one item is the output of a future. The future is polled when the stream is polled.
struct OnceStream<F>(Pin<Box<F>>, bool);

impl<F: Future> Stream for OnceStream<F> {
    type Item = F::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.1 {
            return Poll::Ready(None);
        }
        let output = std::task::ready!(self.0.as_mut().poll(cx));
        self.1 = true;
        Poll::Ready(Some(output))
    }
}

impl UnaryService<String> for Test {
    type Response = String;
    type Future = Answer<String>;
    fn call(&mut self, request: Request<String>) -> Self::Future {
        Box::pin(one(self.0(request.get_ref())))
    }
}

impl ServerStreamingService<String> for Test {
    type Response = String;
    type ResponseStream = Items;
    type Future = Answer<Items>;
    fn call(&mut self, request: Request<String>) -> Self::Future {
        Box::pin(many(self.0(request.get_ref())))
    }
}

impl ClientStreamingService<String> for Test {
    type Response = String;
    type Future = Answer<String>;
    fn call(&mut self, request: Request<tonic::Streaming<String>>) -> Self::Future {
        let handler = self.0.clone();
        Box::pin(async move {
            let first = request.into_inner().message().await?.unwrap_or_default();
            one(handler(&first)).await
        })
    }
}

impl StreamingService<String> for Test {
    type Response = String;
    type ResponseStream = Items;
    type Future = Answer<Items>;
    fn call(&mut self, request: Request<tonic::Streaming<String>>) -> Self::Future {
        let handler = self.0.clone();
        Box::pin(async move {
            let first = request.into_inner().message().await?.unwrap_or_default();
            many(handler(&first)).await
        })
    }
}

impl tower_service::Service<http::Request<Body>> for Test {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let test = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            let path = request.uri().path().to_owned();
            Ok(match KINDS.into_iter().find(|kind| kind.path() == path) {
                Some(Kind::Unary) => grpc.unary(test, request).await,
                Some(Kind::ClientStream) => grpc.client_streaming(test, request).await,
                Some(Kind::ServerStream) => grpc.server_streaming(test, request).await,
                Some(Kind::Bidi) => grpc.streaming(test, request).await,
                None => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// Serves a service with a layer on a free port, until the test ends.
pub async fn serve(layer: codelibra::server::ServerLayer, service: Test) -> Channel {
    connect(|incoming| Server::builder().layer(layer).add_service(service).serve_with_incoming(incoming))
        .await
}

/// Serves a service without a layer, as a control.
pub async fn serve_bare(service: Test) -> Channel {
    connect(|incoming| Server::builder().add_service(service).serve_with_incoming(incoming)).await
}

/// Starts any server on a free port, and connects to it.
pub async fn connect<F>(serve: impl FnOnce(TcpIncoming) -> F) -> Channel
where
    F: Future<Output = Result<(), tonic::transport::Error>> + Send + 'static,
{
    listen(serve).await.connect().await.unwrap()
}

/// Starts any server on a free port.
pub async fn listen<F>(serve: impl FnOnce(TcpIncoming) -> F) -> Endpoint
where
    F: Future<Output = Result<(), tonic::transport::Error>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    // Without `TCP_NODELAY`, small frames wait for acknowledgements.
    tokio::spawn(serve(TcpIncoming::from(listener).with_nodelay(Some(true))));
    Endpoint::from_shared(format!("http://{addr}")).unwrap()
}

/// Calls a method. Returns the items and the result of the call.
pub async fn call<S>(channel: S, kind: Kind, request: Request<String>) -> (Vec<String>, Result<(), Status>)
where
    S: tonic::client::GrpcService<Body>,
    S::ResponseBody: tonic::codegen::Body<Data = bytes::Bytes> + Send + 'static,
    <S::ResponseBody as tonic::codegen::Body>::Error: Into<tonic::codegen::StdError> + Send,
{
    let mut grpc = GrpcClient::new(channel);
    if let Err(error) = grpc.ready().await {
        return (vec![], Err(Status::unavailable(error.into().to_string())));
    }
    let codec = ProstCodec::<String, String>::default();
    let path = http::uri::PathAndQuery::from_static(kind.path());
    let (metadata, extensions, text) = request.into_parts();
    let once = Request::from_parts(metadata.clone(), extensions.clone(), text.clone());
    let stream = Request::from_parts(metadata, extensions, tokio_stream::once(text));
    let mut items = Vec::new();
    let answer = match kind {
        Kind::Unary => grpc.unary(once, path, codec).await.map(|r| Err(r.into_inner())),
        Kind::ClientStream => grpc.client_streaming(stream, path, codec).await.map(|r| Err(r.into_inner())),
        Kind::ServerStream => grpc.server_streaming(once, path, codec).await.map(|r| Ok(r.into_inner())),
        Kind::Bidi => grpc.streaming(stream, path, codec).await.map(|r| Ok(r.into_inner())),
    };
    match answer {
        Ok(Err(item)) => {
            items.push(item);
            (items, Ok(()))
        }
        Ok(Ok(mut stream)) => loop {
            match stream.message().await {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return (items, Ok(())),
                Err(status) => return (items, Err(status)),
            }
        },
        Err(status) => (items, Err(status)),
    }
}

/// Checks that a status has a code, a request id and no faults, and returns its error.
pub fn check(status: &Status) -> ReceivedError {
    let error = status.to_received::<ErrorCode>();
    assert_eq!(error.notes(), [], "{error:?}");
    let number = error.number().unwrap();
    assert_eq!(status.metadata().get("codelibra-error-code").unwrap(), &number.to_string());
    let id = error.detail::<RequestInfo>().unwrap().unwrap().request_id;
    assert!(!id.is_empty());
    error
}

/// Collects the text that `tracing` writes on this thread.
///
/// The process has one subscriber, and each thread has its own log. If each test installed a subscriber of its own, it would
/// change which events are enabled in other tests.
#[derive(Clone, Default)]
pub struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

thread_local! {
    static LOG: std::cell::RefCell<Option<Log>> = const { std::cell::RefCell::new(None) };
}

impl Log {
    /// Starts to collect.
    pub fn start() -> Self {
        static SUBSCRIBER: std::sync::Once = std::sync::Once::new();
        SUBSCRIBER.call_once(|| {
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_max_level(tracing::Level::INFO)
                .with_writer(|| LOG.with_borrow(Clone::clone).unwrap_or_default())
                .finish();
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        let log = Self::default();
        LOG.set(Some(log.clone()));
        log
    }

    /// Returns the text that was written since the last call.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
