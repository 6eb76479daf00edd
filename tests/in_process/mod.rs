//! A real tonic service that is called without a socket.

#![allow(dead_code, unreachable_pub, reason = "a test helper; not every test uses all of it")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::uri::PathAndQuery;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Item {
    #[prost(string, tag = "1")]
    pub text: String,
}

/// The response of the service.
#[derive(Clone, Copy)]
pub enum Answer {
    /// This many messages. A unary call has one.
    Items(usize),
    Fail(fn() -> Status),
    /// This many messages, then the failure in trailers.
    Break(usize, fn() -> Status),
}

/// The service. The path `/in.Process/Unary` is unary, and any other path returns a stream of messages.
#[derive(Clone, Copy)]
pub struct InProcess(pub Answer);

pub const UNARY: &str = "/in.Process/Unary";
pub const STREAM: &str = "/in.Process/Stream";

impl Service<http::Request<Body>> for InProcess {
    type Response = http::Response<Body>;
    /// The error of tonic's channel, so that the types are those of a client with a socket. It never occurs.
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = Handler(self.0);
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Item, Item>::default());
            Ok(match request.uri().path() {
                UNARY => grpc.unary(service, request).await,
                _ => grpc.server_streaming(service, request).await,
            })
        })
    }
}

struct Handler(Answer);

impl tonic::server::UnaryService<Item> for Handler {
    type Response = Item;
    type Future = std::future::Ready<Result<Response<Item>, Status>>;

    fn call(&mut self, request: Request<Item>) -> Self::Future {
        std::future::ready(match self.0 {
            Answer::Items(_) => Ok(Response::new(request.into_inner())),
            Answer::Fail(status) | Answer::Break(_, status) => Err(status()),
        })
    }
}

type Items = Pin<Box<dyn tokio_stream::Stream<Item = Result<Item, Status>> + Send>>;

impl tonic::server::ServerStreamingService<Item> for Handler {
    type Response = Item;
    type ResponseStream = Items;
    type Future = std::future::Ready<Result<Response<Items>, Status>>;

    fn call(&mut self, request: Request<Item>) -> Self::Future {
        let item = request.into_inner();
        let (items, end) = match self.0 {
            Answer::Items(items) => (items, None),
            Answer::Break(items, status) => (items, Some(Err(status()))),
            Answer::Fail(status) => return std::future::ready(Err(status())),
        };
        let items: Items = Box::pin(tokio_stream::iter((0..items).map(move |_| Ok(item.clone())).chain(end)));
        std::future::ready(Ok(Response::new(items)))
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Makes one unary call.
pub async fn unary<S>(client: &mut Grpc<S>) -> Result<Item, Status>
where
    S: GrpcService<Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = PathAndQuery::from_static(UNARY);
    let request = Request::new(Item { text: "hello".into() });
    Ok(client.unary(request, path, ProstCodec::<Item, Item>::default()).await?.into_inner())
}

/// Makes one call with a stream of responses, and returns their number.
pub async fn stream<S>(client: &mut Grpc<S>) -> Result<usize, Status>
where
    S: GrpcService<Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = PathAndQuery::from_static(STREAM);
    let request = Request::new(Item { text: "hello".into() });
    let mut items =
        client.server_streaming(request, path, ProstCodec::<Item, Item>::default()).await?.into_inner();
    let mut count = 0;
    while items.message().await?.is_some() {
        count += 1;
    }
    Ok(count)
}
