use codelibra::ErrorCode;
use codelibra::client::ClientLayer;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic_web::GrpcWebClientLayer;
use tower::ServiceExt;
use tower::util::BoxCloneService;
use tower_layer::Layer;
use tower_service::Service;

use crate::args::Layers;
use crate::proto::{ClientCompatRequest, HttpVersion, Protocol};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The service that a generated client calls.
pub(crate) type Transport = BoxCloneService<http::Request<Body>, http::Response<Body>, Status>;

/// Connects to the server of a request, with tonic's channel for gRPC, and with hyper's client under tonic-web for gRPC-Web.
///
/// # Errors
///
/// Returns an error for any other protocol.
pub(crate) fn connect(
    request: &ClientCompatRequest,
    origin: &http::Uri,
    layers: Layers,
) -> Result<Transport, String> {
    let layer = ClientLayer::new::<ErrorCode>();
    match request.protocol() {
        Protocol::Grpc => {
            let channel = Channel::builder(origin.clone()).connect_lazy();
            Ok(match layers {
                Layers::On => erased(layer.layer(channel)),
                Layers::Off => erased(channel),
            })
        }
        Protocol::GrpcWeb => {
            let is_http2 = request.http_version() == HttpVersion::HttpVersion2;
            let client = Client::builder(TokioExecutor::new()).http2_only(is_http2).build_http();
            let client = GrpcWebClientLayer::new().layer(client);
            Ok(match layers {
                Layers::On => erased(layer.layer(client)),
                Layers::Off => erased(client),
            })
        }
        other => Err(format!("protocol {other:?} is not supported")),
    }
}

fn erased<S, B>(service: S) -> Transport
where
    S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // A generated client reads an error of its service in the same way.
    service
        .map_response(|response| response.map(Body::new))
        .map_err(|error| Status::from_error(error.into()))
        .boxed_clone()
}
