use std::net::Ipv4Addr;

use codelibra::server::ServerLayer;
use codelibra::{Boundary, Budget, ErrorCode, Fallback, GrpcCode};
use http::{Request, Version};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic_web::GrpcWebLayer;
use tower::filter::AsyncFilterLayer;
use tower::util::MapResponseLayer;

use crate::additions;
use crate::args::{Args, Layers, Web};
use crate::messages;
use crate::proto::conformance_service_server::ConformanceServiceServer;
use crate::proto::{ServerCompatRequest, ServerCompatResponse};
use crate::service::{Conformance, append_trailers};

/// Serves on a free port of 127.0.0.1 until the runner ends the process.
///
/// # Errors
///
/// Returns an error if the runner sends no request, or if the port cannot be opened.
pub(crate) async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let request: ServerCompatRequest =
        messages::read(&mut tokio::io::stdin()).await?.ok_or("the runner sent no request")?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let response = ServerCompatResponse {
        host: address.ip().to_string(),
        port: address.port().into(),
        ..ServerCompatResponse::default()
    };
    messages::write(&response, &mut tokio::io::stdout()).await?;

    let mut service = ConformanceServiceServer::new(Conformance)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    if request.message_receive_limit > 0 {
        service = service.max_decoding_message_size(request.message_receive_limit.try_into()?);
    }
    let incoming = TcpListenerStream::new(listener);
    let server = Server::builder().accept_http1(true).layer(AsyncFilterLayer::new(collect_http1));
    let trailers = MapResponseLayer::new(append_trailers);
    match (args.layers, args.web) {
        (Layers::Off, _) => {
            let mut server = server.layer(GrpcWebLayer::new()).layer(trailers);
            server.add_service(service).serve_with_incoming(incoming).await?;
        }
        (Layers::On, Web::Outside) => {
            let additions = MapResponseLayer::new(move |response| additions::check(response, args.details));
            let server = server.layer(GrpcWebLayer::new()).layer(additions).layer(server_layer()?);
            server.layer(trailers).add_service(service).serve_with_incoming(incoming).await?;
        }
        (Layers::On, Web::Inside) => {
            let mut server = server.layer(server_layer()?).layer(GrpcWebLayer::new()).layer(trailers);
            server.add_service(service).serve_with_incoming(incoming).await?;
        }
    }
    Ok(())
}

/// The suite compares messages and details, which a public boundary removes; some of them are longer than what a public
/// service sends; and it compares UNKNOWN and DATA_LOSS, which are INTERNAL in the default fallback table, because their
/// code there, 500001, is listed as INTERNAL. An unlisted code keeps the gRPC code.
fn server_layer() -> Result<ServerLayer, &'static str> {
    let unlisted = ErrorCode::from_u32(500_000).ok_or("500000 is no code")?;
    let fallback =
        Fallback::new::<ErrorCode>().with(GrpcCode::Unknown, unlisted).with(GrpcCode::DataLoss, unlisted);
    let layer = ServerLayer::new::<ErrorCode>().fallback(fallback);
    Ok(layer.boundary(Boundary::internal()).budget(Budget::from_bytes(1 << 20)))
}

/// Reads a request over HTTP/1 to its end before the answer. Otherwise hyper closes the connection after an early answer, and the
/// suite's client may fail to write the rest of its request before it reads the answer.
async fn collect_http1(
    request: Request<Body>,
) -> Result<Request<Body>, Box<dyn std::error::Error + Send + Sync>> {
    if request.version() == Version::HTTP_2 {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    Ok(Request::from_parts(parts, Body::new(body.collect().await?)))
}
