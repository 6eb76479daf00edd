//! The gateway's client of the gRPC service.

use codelibra::client::{ClientLayer, ClientService};
use codelibra::{ApiError, Catalog, ReceivedError, StatusCodeExt};
use http::{HeaderMap, HeaderName};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint, Error};
use tonic::{Extensions, Request, Status};
use tower_layer::Layer;

use super::pb::error_catalog_service_client::ErrorCatalogServiceClient;

/// A client of the service. Clones use the same connection.
#[derive(Clone)]
pub(super) struct CatalogClient {
    pub(super) catalog: &'static Catalog,
    /// The generated client.
    pub(super) calls: ErrorCatalogServiceClient<ClientService<Channel>>,
}

impl CatalogClient {
    /// Connects to the service.
    pub(super) async fn connect(catalog: &'static Catalog, endpoint: &Endpoint) -> Result<Self, Error> {
        let channel = endpoint.connect().await?;
        let calls = ErrorCatalogServiceClient::new(ClientLayer::from_catalog(catalog).layer(channel));
        Ok(Self { catalog, calls })
    }

    /// The error of a failed call.
    pub(super) fn received(&self, status: &Status) -> ReceivedError {
        status.to_received_with(self.catalog)
    }

    /// The error of a failed call, to be sent as it is: gateway and service are one process.
    pub(super) fn error(&self, status: &Status) -> ApiError {
        self.received(status).assume_trusted()
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request to the service on behalf of a caller over HTTP. It contains the caller's `x-request-id`, so that the service logs
/// and sends the id that the caller knows.
pub(super) fn request_for<T>(caller: &HeaderMap, message: T) -> Request<T> {
    let ids = caller.get_all(REQUEST_ID).into_iter();
    let fields = HeaderMap::from_iter(ids.map(|id| (REQUEST_ID, id.clone())));
    Request::from_parts(MetadataMap::from_headers(fields), Extensions::default(), message)
}
