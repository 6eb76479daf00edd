//! The client and the server that the Connect conformance suite runs, built on tonic. `run` starts the suite;
//! README.md explains it.

#[cfg(conformance_suite)]
mod additions;
#[cfg(conformance_suite)]
mod args;
#[cfg(conformance_suite)]
mod client;
#[cfg(conformance_suite)]
mod fields;
#[cfg(conformance_suite)]
mod messages;
#[cfg(conformance_suite)]
mod server;
#[cfg(conformance_suite)]
mod service;
#[cfg(conformance_suite)]
mod transport;

/// The suite's messages and its service.
#[cfg(conformance_suite)]
#[allow(clippy::all, dead_code)]
mod proto {
    tonic::include_proto!("connectrpc.conformance.v1");
}

#[cfg(conformance_suite)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use args::{Args, Mode};

    let args = Args::from_env()?;
    match args.mode {
        Mode::Client => client::run(args.layers).await?,
        Mode::Server => server::run(args).await?,
    }
    Ok(())
}

#[cfg(not(conformance_suite))]
fn main() -> std::process::ExitCode {
    eprintln!("this program was built without the suite's protos: use tests/conformance/run");
    std::process::ExitCode::from(2)
}
