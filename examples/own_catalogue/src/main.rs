//! Serves gRPC on 127.0.0.1:50061 and HTTP on 127.0.0.1:8081.
//!
//! ```sh
//! curl -i http://127.0.0.1:8081/parcels/DE000000001
//! curl -i http://127.0.0.1:8081/parcels/DE000000002
//! curl -i -H 'accept: application/problem+json' http://127.0.0.1:8081/prices/40000
//! ```

use tokio::net::TcpListener;
use tonic::transport::Endpoint;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service = parcel::service::serve(TcpListener::bind("127.0.0.1:50061").await?);
    let channel = Endpoint::from_static("http://127.0.0.1:50061").connect_lazy();
    let gateway = parcel::gateway::router(parcel::client::client(channel));
    let gateway = axum::serve(TcpListener::bind("127.0.0.1:8081").await?, gateway);
    tokio::select! {
        ended = service => ended?,
        ended = gateway => ended?,
    }
    Ok(())
}
