//! The gRPC service.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;

use codelibra::http::DetailTypes;
use codelibra::server::ServerLayer;
use codelibra::{ApiError, Boundary, Catalog, Entry, ErrorInfos};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};
use tower_layer::layer_fn;

use super::accept::{Accept, Acceptor};
use super::first_bytes::FirstBytes;
use super::limits::{
    CALL_TIMEOUT, CONNECTION_GRACE, Limits, MAX_CONNECTION_AGE, MAX_ITEMS, OTHER_REQUESTS, is_class_or_all,
};
use super::pb::error_catalog_service_server::{ErrorCatalogService, ErrorCatalogServiceServer};
use super::pb::{
    ErrorEntry, ErrorParam, GetErrorRequest, GetErrorResponse, ListErrorsRequest, ListErrorsResponse,
    RaiseErrorRequest, RaiseErrorResponse, RaiseErrorStreamRequest, RaiseErrorStreamResponse,
};
use super::refusal;
use super::slow_body::{PacedCalls, SlowBodies};
use super::watched_io::WatchedIo;
use crate::descriptors;
use crate::find::{named, nearest_entries};
use crate::nearest::nearest_of;
use crate::params::{self, excerpt};

/// Serves until `stop` is ready, then drains.
pub(crate) async fn serve<L>(
    catalog: &'static Catalog,
    infos: ErrorInfos,
    listener: L,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    L: Accept<Io: AsyncRead + AsyncWrite + Connected + Unpin>,
{
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<ErrorCatalogServiceServer<Service>>().await;
    let details = DetailTypes::standard().to_descriptor_set();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(descriptors::SERVICE)
            .register_encoded_file_descriptor_set(&details)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let connections = Acceptor::new("gRPC server", listener).into_stream();
    let connections =
        connections.map(move |io| io.map(|io| WatchedIo::new(io, FirstBytes::new(limits.read_timeout))));
    let slow_bodies = SlowBodies { catalog, patience: limits.read_timeout };
    let server_layer = ServerLayer::from_catalog(catalog)
        // A raise sends the requested error, with the message of a 5xx.
        .boundary(Boundary::internal())
        .error_infos(infos)
        // A client may open a stream that it does not read.
        .timeout(CALL_TIMEOUT)
        .drop_unread();
    tonic::transport::Server::builder()
        // The gateway opens this many streams on one connection.
        .max_concurrent_streams(limits.max_streams.saturating_add(OTHER_REQUESTS))
        // A peer in the middle of a frame or of a header block cannot answer a ping.
        .http2_keepalive_interval(Some(limits.read_timeout))
        .http2_keepalive_timeout(Some(limits.read_timeout))
        .max_connection_age(MAX_CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_GRACE)
        .layer(server_layer)
        .layer(layer_fn(move |service| PacedCalls { service, slow_bodies }))
        .add_service(ErrorCatalogServiceServer::new(Service { catalog }))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .serve_with_incoming_shutdown(connections, stop)
        .await?;
    Ok(())
}

struct Service {
    catalog: &'static Catalog,
}

impl Service {
    fn nearest(&self, code: u32) -> String {
        let entries = nearest_entries(self.catalog, &code.to_string());
        nearest_of(entries.into_iter().map(named))
    }

    fn no_code(&self, code: u32) -> ApiError {
        let message = format!("code is {code}; expected 400000 to 599999{}", self.nearest(code));
        refusal::unparseable(self.catalog, "code", message)
    }

    /// Returns the error that a raise requests.
    ///
    /// # Errors
    ///
    /// The request is refused. The error names the argument that cannot be sent.
    fn wanted(
        &self,
        code: u32,
        message: String,
        metadata: HashMap<String, String>,
    ) -> Result<ApiError, ApiError> {
        let mut error = ApiError::from_catalog(self.catalog, code).map_err(|_| self.no_code(code))?;
        if !message.is_empty() {
            error = error.with_message(message);
        }
        let entry = self.catalog.by_code(code);
        // Sorted, so that the error does not depend on the order of the map.
        for (key, value) in metadata.into_iter().collect::<BTreeMap<_, _>>() {
            params::check_raised(entry, &key, &value).map_err(|misfit| {
                let argument = format!("metadata.{}", excerpt(&key));
                refusal::unparseable(self.catalog, argument, format!("metadata {misfit}"))
            })?;
            error = error.with_metadata(key, value);
        }
        Ok(error)
    }
}

type Items = std::pin::Pin<Box<dyn Stream<Item = Result<RaiseErrorStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ErrorCatalogService for Service {
    async fn list_errors(
        &self,
        request: Request<ListErrorsRequest>,
    ) -> Result<Response<ListErrorsResponse>, Status> {
        let class = request.into_inner().http_status;
        if !is_class_or_all(class) {
            return Err(refusal::no_class(self.catalog, "http_status", class).into());
        }
        let of_class = |entry: &&Entry| class == 0 || u32::from(entry.class()) == class;
        let errors = self.catalog.entries().iter().filter(of_class).map(ErrorEntry::from).collect();
        Ok(Response::new(ListErrorsResponse { errors }))
    }

    async fn get_error(
        &self,
        request: Request<GetErrorRequest>,
    ) -> Result<Response<GetErrorResponse>, Status> {
        let code = request.into_inner().code;
        match self.catalog.by_code(code) {
            Some(entry) => Ok(Response::new(GetErrorResponse { entry: Some(entry.into()) })),
            None => {
                let (domain, nearest) = (self.catalog.domain(), self.nearest(code));
                let message = format!("the catalogue of {domain} does not list {code}{nearest}");
                Err(refusal::not_found(self.catalog, format!("errors/{code}"), message).into())
            }
        }
    }

    async fn raise_error(
        &self,
        request: Request<RaiseErrorRequest>,
    ) -> Result<Response<RaiseErrorResponse>, Status> {
        let RaiseErrorRequest { code, message, metadata } = request.into_inner();
        Err(self.wanted(code, message, metadata)?.into())
    }

    type RaiseErrorStreamStream = Items;

    async fn raise_error_stream(
        &self,
        request: Request<RaiseErrorStreamRequest>,
    ) -> Result<Response<Items>, Status> {
        let RaiseErrorStreamRequest { code, message, metadata, after_items } = request.into_inner();
        if after_items > MAX_ITEMS {
            return Err(refusal::too_many_items(self.catalog, "after_items", after_items).into());
        }
        let items = (1..=after_items).map(|item| Ok(RaiseErrorStreamResponse { item }));
        let end = std::iter::once(Err(self.wanted(code, message, metadata)?.into()));
        Ok(Response::new(Box::pin(tokio_stream::iter(items).chain(tokio_stream::iter(end)))))
    }
}

impl From<&Entry> for ErrorEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            code: entry.code,
            name: entry.name.into(),
            reason: entry.reason.into(),
            domain: entry.domain.into(),
            http_status: entry.class().into(),
            grpc_code: entry.grpc_code.number().into(),
            grpc_status: entry.grpc_code.name().into(),
            summary: entry.summary.into(),
            cause: entry.cause.into(),
            resolution: entry.resolution.into(),
            recovery: entry.recovery.name().into(),
            params: entry.params.iter().map(ErrorParam::from).collect(),
            since: entry.since.into(),
            deprecated: entry.deprecated.into(),
            replaced_by: entry.replaced_by.into(),
        }
    }
}

impl From<&codelibra::Param> for ErrorParam {
    fn from(param: &codelibra::Param) -> Self {
        Self {
            name: param.name.into(),
            r#type: param.kind.name().into(),
            description: param.description.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::{BufMut, BytesMut};
    use codelibra::{CatalogCode, ErrorCode};
    use http::HeaderMap;
    use http_body_util::{BodyExt, Full};
    use hyper::body::Incoming;
    use hyper::client::conn::http2::Builder;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use prost::Message;
    use tokio::io::{DuplexStream, duplex};
    use tokio::time::{Duration, Instant, timeout};

    use super::*;

    const LIMITS: Limits = Limits {
        max_streams: 10,
        max_streams_per_connection: 10,
        stream_idle: Duration::from_secs(30),
        read_timeout: Duration::from_secs(30),
    };

    /// A listener that accepts one connection and then no other.
    struct One(Option<DuplexStream>);

    impl Accept for One {
        type Io = DuplexStream;

        async fn accept(&mut self) -> io::Result<DuplexStream> {
            match self.0.take() {
                Some(io) => Ok(io),
                None => std::future::pending().await,
            }
        }
    }

    /// Calls a new server and returns its response. The connection has stream windows of `window` bytes.
    async fn call(window: u32, method: &str, message: &impl Message) -> http::Response<Incoming> {
        let (ours, theirs) = duplex(1 << 16);
        let server =
            serve(ErrorCode::catalog(), ErrorInfos::Both, One(Some(theirs)), LIMITS, std::future::pending());
        tokio::spawn(server);
        let mut builder = Builder::new(TokioExecutor::new());
        let (mut client, connection) =
            builder.initial_stream_window_size(window).handshake(TokioIo::new(ours)).await.unwrap();
        tokio::spawn(connection);
        let mut body = BytesMut::new();
        body.put_u8(0);
        body.put_u32(message.encoded_len().try_into().unwrap());
        message.encode(&mut body).unwrap();
        let request = http::Request::post(format!("http://test/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        client.send_request(request.body(Full::new(body.freeze())).unwrap()).await.unwrap()
    }

    /// Reads the trailers of a response. Returns `Err` if the connection ends before them.
    async fn trailers(mut body: Incoming) -> Result<HeaderMap, hyper::Error> {
        loop {
            let frame = body.frame().await.expect("trailers")?;
            if let Ok(trailers) = frame.into_trailers() {
                return Ok(trailers);
            }
        }
    }

    /// A day on the clock of the test.
    const LONG: Duration = Duration::from_secs(24 * 60 * 60);

    /// The client answers pings, and opens no window for its response.
    #[tokio::test(start_paused = true)]
    async fn an_unread_stream_ends_with_its_connection() {
        let message = RaiseErrorStreamRequest { code: 403_003, after_items: MAX_ITEMS, ..Default::default() };
        let method = "codelibra.catalog.v1.ErrorCatalogService/RaiseErrorStream";
        let start = Instant::now();
        let response = call(0, method, &message).await;
        assert_eq!(response.status(), 200);
        let ended = timeout(LONG, trailers(response.into_body())).await;
        ended.expect("the stream is open for a day").unwrap_err();
        let at_most = MAX_CONNECTION_AGE + CONNECTION_GRACE;
        assert!(start.elapsed() <= at_most, "the clock of the test: {:?}", start.elapsed());

        // A stream that is read ends by itself.
        let read = trailers(call(1 << 16, method, &message).await.into_body()).await.unwrap();
        assert_eq!(read["codelibra-error-code"], "403003");
    }

    /// A stream of a service that never ends one itself.
    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_too_long_ends_with_a_code() {
        let message = tonic_health::pb::HealthCheckRequest::default();
        let start = Instant::now();
        let response = call(1 << 16, "grpc.health.v1.Health/Watch", &message).await;
        let ended = timeout(LONG, trailers(response.into_body())).await;
        let trailers = ended.expect("the call is open for a day").unwrap();
        assert_eq!(trailers["grpc-status"], "4");
        assert_eq!(trailers["codelibra-error-code"], "504000");
        assert_eq!(start.elapsed(), CALL_TIMEOUT, "the clock of the test");
    }
}
