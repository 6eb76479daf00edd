//! The gateway's client of the gRPC service.

use codelibra::client::{ClientLayer, ClientService};
use codelibra::{ApiError, Catalog, ReceivedError, StatusCodeExt};
use tonic::Status;
use tonic::transport::{Channel, Endpoint, Error};
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
