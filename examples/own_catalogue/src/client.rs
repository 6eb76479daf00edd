//! A client. The layer makes every response safe to read.

use codelibra::StatusCodeExt;
use codelibra::client::{ClientLayer, ClientService};
use tonic::Status;
use tonic::transport::Channel;
use tower::Layer;

use crate::errors::{AlreadyDelivered, ErrorCode};
use crate::proto::TrackRequest;
use crate::proto::parcel_service_client::ParcelServiceClient;

/// A client of the service.
pub type Client = ParcelServiceClient<ClientService<Channel>>;

/// Returns a client of a channel.
pub fn client(channel: Channel) -> Client {
    ParcelServiceClient::new(ClientLayer::new::<ErrorCode>().layer(channel))
}

/// Returns the place of a parcel.
///
/// # Errors
///
/// Returns the failure of the service.
pub async fn track(mut client: Client, number: &str) -> Result<String, Status> {
    let request = TrackRequest { number: number.to_owned() };
    Ok(client.track(request).await?.into_inner().place)
}

/// Returns what a user reads about a failure.
pub fn explain(status: &Status) -> String {
    if let Some(AlreadyDelivered { delivered_at: Some(time) }) = status.decode() {
        return format!("delivered on {time}");
    }
    match status.error_code() {
        Some(ErrorCode::PARCEL_NOT_FOUND) => "unknown parcel".into(),
        Some(code) if code.http_status().is_server_error() => format!("we have a problem ({code})"),
        _ => status.message().into(),
    }
}
