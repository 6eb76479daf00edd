use codelibra::client::ClientLayer;
use codelibra::{ErrorCode, StatusCodeExt};
use http::uri::PathAndQuery;
use tonic::client::{Grpc, GrpcService};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower_layer::Layer;

use crate::answer::{Answer, BoxError};
use crate::oracle::{outcome, outcome_of, read_all};
use crate::{Target, seeds};

/// tonic reads any answer of a peer through the client layer without a panic, and a failure is a received error.
pub const CLIENT: Target = Target { name: "client", run, seeds: seeds::answers };

#[derive(Clone, PartialEq, prost::Message)]
struct Item {
    #[prost(string, tag = "1")]
    text: String,
}

fn run(data: &[u8]) -> u64 {
    let answer = Answer::read(data);
    let client = || Grpc::new(ClientLayer::new::<ErrorCode>().layer(answer.clone().into_service()));
    let ended = futures_executor::block_on(async { [unary(client()).await, streaming(client()).await] });
    outcome(ended.map(|ended| match ended {
        Ok(items) => items,
        Err(status) => outcome_of(&read_all(status.to_received::<ErrorCode>())),
    }))
}

async fn unary<S>(mut grpc: Grpc<S>) -> Result<u64, Status>
where
    S: GrpcService<tonic::body::Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let (path, codec) = (PathAndQuery::from_static("/a.B/C"), ProstCodec::<Item, Item>::default());
    grpc.unary(Request::new(Item::default()), path, codec).await.map(|_| 1)
}

async fn streaming<S>(mut grpc: Grpc<S>) -> Result<u64, Status>
where
    S: GrpcService<tonic::body::Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let (path, codec) = (PathAndQuery::from_static("/a.B/C"), ProstCodec::<Item, Item>::default());
    let mut items = grpc.server_streaming(Request::new(Item::default()), path, codec).await?.into_inner();
    let mut count = 0;
    while items.message().await?.is_some() {
        count += 1;
    }
    // tonic reads the trailers in this call.
    let _ = items.trailers().await?;
    Ok(count)
}
