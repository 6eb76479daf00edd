//! The server that `grpc_web.js` calls: tonic with `GrpcWebLayer` and the server layer, on one port for each order of the
//! two. It prints both addresses, and serves until its input ends.
//!
//! It has the methods of `codelibra.catalog.v1.ErrorCatalogService` that raise an error. Two messages have a meaning:
//! `panic` panics, and `private` fails with a private message and a private cause.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Ready;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};

use codelibra::server::ServerLayer;
use codelibra::{ApiError, CATALOG, ErrorCode};
use tokio::net::TcpListener;
use tokio_stream::Stream;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tonic_web::GrpcWebLayer;

/// No byte of it may reach a client.
const CANARY: &str = "cAnArY-7f3e /srv/db-3.internal";

/// RaiseErrorRequest, and RaiseErrorStreamRequest.
#[derive(Clone, PartialEq, prost::Message)]
struct Raise {
    #[prost(uint32, tag = "1")]
    code: u32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: HashMap<String, String>,
    #[prost(uint32, tag = "4")]
    after_items: u32,
}

/// RaiseErrorResponse, and RaiseErrorStreamResponse.
#[derive(Clone, PartialEq, prost::Message)]
struct Item {
    #[prost(uint32, tag = "1")]
    item: u32,
}

impl Raise {
    #[allow(clippy::panic, reason = "a panic is what a client asks for")]
    fn fail(self) -> Status {
        match self.message.as_str() {
            "panic" => panic!("{CANARY}"),
            "private" => {
                let cause = std::io::Error::other(CANARY);
                return ErrorCode::UNEXPECTED_ERROR.with_message(CANARY).with_cause(cause).into();
            }
            _ => {}
        }
        let Ok(error) = ApiError::from_catalog(&CATALOG, self.code) else {
            return ErrorCode::NOT_FOUND.into();
        };
        let with = |error: ApiError, (key, value)| error.with_metadata(key, value);
        self.metadata.into_iter().fold(error.with_message(self.message), with).into()
    }
}

#[derive(Clone)]
struct Catalog;

impl NamedService for Catalog {
    const NAME: &'static str = "codelibra.catalog.v1.ErrorCatalogService";
}

impl UnaryService<Raise> for Catalog {
    type Response = Item;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Item>, Status>> + Send>>;

    fn call(&mut self, request: Request<Raise>) -> Self::Future {
        Box::pin(async { Err(request.into_inner().fail()) })
    }
}

type Items = Pin<Box<dyn Stream<Item = Result<Item, Status>> + Send>>;

impl ServerStreamingService<Raise> for Catalog {
    type Response = Item;
    type ResponseStream = Items;
    type Future = Ready<Result<Response<Items>, Status>>;

    fn call(&mut self, request: Request<Raise>) -> Self::Future {
        let raise = request.into_inner();
        let mut item = 0;
        let mut end = Some(raise);
        let items = std::iter::from_fn(move || {
            if end.as_ref().is_some_and(|raise| item < raise.after_items) {
                item += 1;
                return Some(Ok(Item { item }));
            }
            end.take().map(|raise| Err(raise.fail()))
        });
        std::future::ready(Ok(Response::new(Box::pin(tokio_stream::iter(items)))))
    }
}

impl tower_service::Service<http::Request<Body>> for Catalog {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<Item, Raise>::default());
            Ok(match request.uri().path().rsplit('/').next() {
                Some("RaiseError") => grpc.unary(Self, request).await,
                Some("RaiseErrorStream") => grpc.server_streaming(Self, request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "the addresses are its output")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    let errors = ServerLayer::new::<ErrorCode>();
    for web_is_inside in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let order = if web_is_inside { "inside" } else { "outside" };
        println!("{order} http://{}", listener.local_addr()?);
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = Server::builder().accept_http1(true);
        // The first layer is the outermost.
        if web_is_inside {
            let mut server = server.layer(errors.clone()).layer(GrpcWebLayer::new());
            tokio::spawn(server.add_service(Catalog).serve_with_incoming(incoming));
        } else {
            let mut server = server.layer(GrpcWebLayer::new()).layer(errors.clone());
            tokio::spawn(server.add_service(Catalog).serve_with_incoming(incoming));
        }
    }
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
