//! Two hops: a caller calls an edge service, which calls an inner service. Both are tonic's health service, so the
//! example needs no proto of its own. The name in the request selects the failure.
//!
//! ```sh
//! cargo run --example two_hops --features server,client
//! ```
//!
//! The inner service fails with domain errors that declare their codes. The edge forwards one of them explicitly, and
//! returns the others with `?`. The caller receives their codes, but not their messages and causes.

#![allow(clippy::print_stdout, reason = "an example")]

use std::error::Error;

use codelibra::client::{ClientLayer, ClientService};
use codelibra::server::ServerLayer;
use codelibra::{ErrorCode, ReceivedError, StatusCodeExt};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower_layer::Layer;

/// The errors of the inner service.
#[derive(Debug, thiserror::Error, codelibra::ApiError)]
enum InnerError {
    #[error("{0} is on the list of bans")]
    #[code(USER_BANNED, message = "banned for spam")]
    Banned(String),

    #[error("account row is locked")]
    #[code(LOCKED_OUT)]
    Locked {
        #[param]
        locked_until: std::time::SystemTime,
    },

    #[error("query failed")]
    #[code(UNEXPECTED_ERROR)]
    Database(#[from] std::io::Error),
}

type Answer = Result<Response<HealthCheckResponse>, Status>;
type NoStream = tokio_stream::Empty<Result<HealthCheckResponse, Status>>;

struct Inner;

impl Inner {
    fn look_up(name: &str) -> Result<ServingStatus, InnerError> {
        match name {
            "mallory" => Err(InnerError::Banned(name.to_owned())),
            "trent" => Err(InnerError::Locked { locked_until: std::time::SystemTime::UNIX_EPOCH }),
            "victor" => Err(std::io::Error::other("no route to db-3.internal"))?,
            _ => Ok(ServingStatus::Serving),
        }
    }
}

#[tonic::async_trait]
impl Health for Inner {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Answer {
        // `?` converts the domain error to a status with its code.
        let status = Self::look_up(&request.get_ref().service)?;
        Ok(Response::new(HealthCheckResponse { status: status.into() }))
    }

    type WatchStream = NoStream;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<NoStream>, Status> {
        Err(ErrorCode::from_u32(501_000).unwrap_or(ErrorCode::UNEXPECTED_ERROR).into())
    }
}

struct Edge {
    inner: HealthClient<ClientService<Channel>>,
}

#[tonic::async_trait]
impl Health for Edge {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Answer {
        if request.get_ref().service.is_empty() {
            return Err(ErrorCode::VALIDATION_ERROR.with_message("service must not be empty").into());
        }
        match self.inner.clone().check(request).await {
            Err(status) if status.error_code() == Some(ErrorCode::USER_BANNED) => {
                // Forwarded: the message and the details of the inner service are for our callers too.
                Err(status.to_received::<ErrorCode>().assume_trusted().into())
            }
            // Not forwarded: the server layer sends the code, and nothing else.
            other => Ok(other?),
        }
    }

    type WatchStream = NoStream;

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<NoStream>, Status> {
        Err(ErrorCode::from_u32(501_000).unwrap_or(ErrorCode::UNEXPECTED_ERROR).into())
    }
}

/// Serves on a free port, behind the server layer.
async fn serve(service: impl Health) -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let server =
        Server::builder().layer(ServerLayer::new::<ErrorCode>()).add_service(HealthServer::new(service));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    Ok(url)
}

/// Calls a service through the client layer.
fn client(url: String) -> Result<HealthClient<ClientService<Channel>>, Box<dyn Error>> {
    let channel = Endpoint::from_shared(url)?.connect_lazy();
    Ok(HealthClient::new(ClientLayer::new::<ErrorCode>().layer(channel)))
}

/// Calls the edge with each name, and returns the failures.
pub async fn run(names: &[&str]) -> Result<Vec<Option<ReceivedError>>, Box<dyn Error>> {
    let inner = serve(Inner).await?;
    let edge = serve(Edge { inner: client(inner)? }).await?;
    let mut client = client(edge)?;
    let mut answers = Vec::new();
    for name in names {
        let request = HealthCheckRequest { service: (*name).to_owned() };
        let answer = client.check(request).await;
        answers.push(answer.err().map(|status| status.to_received::<ErrorCode>()));
    }
    Ok(answers)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let names = ["alice", "mallory", "trent", "victor", ""];
    for (name, answer) in names.iter().zip(run(&names).await?) {
        match answer {
            None => println!("{name:?}: fine"),
            Some(error) => println!("{name:?}: {error} {:?}", error.metadata().to_map()),
        }
    }
    Ok(())
}
