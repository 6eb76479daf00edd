//! A tonic interceptor that checks bearer tokens and returns codes as its errors.
//!
//! `cargo run --example interceptor` starts a server on a free port of this machine, calls it with no token and with
//! three tokens, and prints the responses.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::net::SocketAddr;

use codelibra::codes::ScopeMissing;
use codelibra::{ErrorCode, StatusCodeExt};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// The scope that callers need for the guarded service, which is the health service.
const SCOPE: &str = "health.read";

/// Returns the scopes of a token. A real service looks them up, or reads them from a signed token.
fn scopes_of(token: &str) -> Option<&'static [&'static str]> {
    match token {
        "reader" => Some(&["catalog.read"]),
        "operator" => Some(&["catalog.read", SCOPE]),
        _ => None,
    }
}

/// The interceptor. It fails with 401001 without a valid token, and with 403014 without the scope.
///
/// `?` and `into` convert a code, an error with a message, and the struct of a code with parameters to the `Status` that
/// tonic requires.
fn require_scope(request: Request<()>) -> Result<Request<()>, Status> {
    let header = request.metadata().get("authorization").ok_or(ErrorCode::AUTHENTICATION_REQUIRED)?;
    let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
    let scopes = token
        .and_then(scopes_of)
        .ok_or_else(|| ErrorCode::AUTHENTICATION_REQUIRED.with_message("This bearer token is not valid."))?;
    if !scopes.contains(&SCOPE) {
        return Err(ScopeMissing { scope: Some(SCOPE.into()) }.into());
    }
    Ok(request)
}

/// Starts the guarded service on a free port.
pub(crate) fn start() -> Result<SocketAddr, Box<dyn Error>> {
    let incoming = TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = incoming.local_addr()?;
    let health = HealthService::from_health_reporter(HealthReporter::new());
    let guarded = HealthServer::with_interceptor(health, require_scope);
    tokio::spawn(Server::builder().add_service(guarded).serve_with_incoming(incoming));
    Ok(address)
}

pub(crate) async fn connect(address: SocketAddr) -> Result<Channel, Box<dyn Error>> {
    Ok(Endpoint::from_shared(format!("http://{address}"))?.connect().await?)
}

/// Calls the health service, with this `authorization` if there is one.
pub(crate) async fn check(channel: &Channel, authorization: Option<&str>) -> Result<(), Status> {
    let mut request = Request::new(HealthCheckRequest::default());
    if let Some(text) = authorization {
        let value = text.parse().map_err(|_| Status::internal("not a header value"))?;
        request.metadata_mut().insert("authorization", value);
    }
    HealthClient::new(channel.clone()).check(request).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let channel = connect(start()?).await?;
    for authorization in [None, Some("Bearer stolen"), Some("Bearer reader"), Some("Bearer operator")] {
        println!("{}", authorization.unwrap_or("no token"));
        let Err(status) = check(&channel, authorization).await else {
            println!("  let through");
            continue;
        };
        println!("  grpc-status {}: {}", i32::from(status.code()), status.message());
        match status.error_code() {
            Some(ErrorCode::AUTHENTICATION_REQUIRED) => println!("  sign in"),
            Some(code) => println!("  {code}"),
            None => println!("  no code"),
        }
        if let Some(ScopeMissing { scope: Some(scope) }) = status.decode() {
            println!("  ask for a token with the scope {scope}");
        }
    }
    Ok(())
}
