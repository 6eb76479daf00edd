//! The success path of the layers allocates nothing.

use bytes::Bytes;
use codelibra::client::{ClientLayer, FailedCall};
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, ReceivedError};
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use tonic::client::Grpc;
use tonic_web::GrpcWebLayer;
use tower::{Layer, Service, ServiceExt};

use crate::in_process::{Answer, InProcess, STREAM, stream, unary};
use crate::web;

/// Returns how often `call` allocates, after a first call.
fn allocations(call: impl AsyncFn()) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(call());
    allocation_counter::measure(|| runtime.block_on(call())).count_total
}

fn layer() -> ClientLayer {
    ClientLayer::new::<ErrorCode>()
}

fn observed() -> ClientLayer {
    layer().observe(|error: &ReceivedError, call: &FailedCall<'_>| panic!("{} {error}", call.method))
}

#[test]
fn a_unary_call_allocates_nothing_more() {
    let service = InProcess(Answer::Items(1));
    let bare = allocations(async || drop(unary(&mut Grpc::new(service)).await.unwrap()));
    assert!(bare > 0);
    for layer in [layer(), observed()] {
        let layered = allocations(async || drop(unary(&mut Grpc::new(layer.layer(service))).await.unwrap()));
        assert_eq!(layered, bare);
    }
    // The timer that ends unread calls at their deadline costs nothing for a call without a deadline.
    for layer in [ServerLayer::new::<ErrorCode>(), ServerLayer::new::<ErrorCode>().drop_unread()] {
        let mut layered = Grpc::new(layer.layer(service));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(unary(&mut layered)).unwrap();
        let layered = allocation_counter::measure(|| drop(runtime.block_on(unary(&mut layered)).unwrap()));
        assert_eq!(layered.count_total, bare, "the server layer");
    }
}

#[test]
fn a_stream_allocates_nothing_more_for_any_number_of_messages() {
    for messages in [0, 1, 100, 1000] {
        let service = InProcess(Answer::Items(messages));
        let bare = allocations(async || assert_eq!(stream(&mut Grpc::new(service)).await.unwrap(), messages));
        for layer in [layer(), observed()] {
            let layered = allocations(async || {
                assert_eq!(stream(&mut Grpc::new(layer.layer(service))).await.unwrap(), messages);
            });
            assert_eq!(layered, bare, "{messages} messages");
        }
        let mut layered = Grpc::new(ServerLayer::new::<ErrorCode>().layer(service));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut call = || assert_eq!(runtime.block_on(stream(&mut layered)).unwrap(), messages);
        call();
        assert_eq!(
            allocation_counter::measure(call).count_total,
            bare,
            "{messages} messages, the server layer"
        );
    }
}

/// Returns how often a call of gRPC-Web allocates, after a first call.
fn web_allocations<S, B>(service: &S, content_type: &str) -> u64
where
    S: Service<Request<tonic::body::Body>, Response = Response<B>, Error: std::fmt::Debug> + Clone,
    B: Body<Data = Bytes, Error: std::fmt::Debug>,
{
    allocations(async || {
        let request = web::request(STREAM, content_type, "hello");
        let response = service.clone().oneshot(request).await.unwrap();
        let mut body = std::pin::pin!(response.into_body());
        while let Some(frame) = body.frame().await {
            assert!(frame.unwrap().is_data());
        }
    })
}

/// With a layer for gRPC-Web inside, a call allocates its reader, for any number of messages. In the base64 form, the trailer frame is
/// also decoded and encoded again.
#[test]
fn a_call_of_grpc_web_takes_few_allocations() {
    for (content_type, more) in [(web::BINARY, 1), (web::TEXT, 4)] {
        for messages in [0, 1, 100, 1000] {
            let service = GrpcWebLayer::new().layer(InProcess(Answer::Items(messages)));
            let layered = ServerLayer::new::<ErrorCode>().layer(service.clone());
            let bare = web_allocations(&service, content_type);
            let layered = web_allocations(&layered, content_type);
            assert_eq!(layered - bare, more, "{content_type}, {messages} messages");
        }
    }
}
