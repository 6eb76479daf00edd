//! The service. Each of its failures has a code of the catalogue.

use codelibra::params::Timestamp;
use codelibra::server::ServerLayer;
use tonic::{Request, Response, Status};

use crate::errors::{AlreadyDelivered, ErrorCode, InvalidNumber};
use crate::proto::parcel_service_server::{ParcelService, ParcelServiceServer};
use crate::proto::{TrackRequest, TrackResponse};

/// A domain error. `#[codes]` names the catalogue of `#[code]`.
#[derive(Debug, thiserror::Error, codelibra::ApiError)]
#[codes(ErrorCode)]
enum DepotError {
    #[error("parcel {0} is not in the depot")]
    #[code(PARCEL_NOT_FOUND)]
    Missing(String),
    #[error("cannot ask the depot")]
    #[code(DEPOT_CLOSED)]
    Unreachable(#[source] std::io::Error),
}

fn ask_depot(number: &str) -> Result<&'static str, DepotError> {
    match number {
        "DE000000001" => Ok("Hamburg"),
        "DE000000003" => {
            Err(DepotError::Unreachable(std::io::Error::other("connection refused by 10.0.0.7")))
        }
        _ => Err(DepotError::Missing(number.to_owned())),
    }
}

/// Finds parcels.
#[derive(Debug, Default)]
pub struct Parcels;

#[tonic::async_trait]
impl ParcelService for Parcels {
    async fn track(&self, request: Request<TrackRequest>) -> Result<Response<TrackResponse>, Status> {
        let number = request.into_inner().number;
        if number.len() != 11 {
            return Err(InvalidNumber { number: Some(number) }.into());
        }
        if number == "DE000000002" {
            let delivered_at = Some(Timestamp { seconds: 1_769_851_800, nanos: 0 });
            return Err(AlreadyDelivered { delivered_at }.into());
        }
        let place = ask_depot(&number)?.to_owned();
        Ok(Response::new(TrackResponse { place }))
    }
}

/// Serves until the listener ends. Every failure has a code: also panics, timeouts and tonic's own failures.
///
/// # Errors
///
/// Returns an error of the transport.
pub async fn serve(listener: tokio::net::TcpListener) -> Result<(), tonic::transport::Error> {
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tonic::transport::Server::builder()
        .layer(ServerLayer::new::<ErrorCode>())
        .add_service(ParcelServiceServer::new(Parcels))
        .serve_with_incoming(incoming)
        .await
}
