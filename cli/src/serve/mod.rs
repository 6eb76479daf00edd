//! `codelibra serve`: the gRPC service, and in front of it the HTTP gateway, in one process. The gateway
//! reaches the service over HTTP/2, as it would on another machine.

mod accept;
mod activity;
mod asked;
mod catalog_client;
mod connections;
mod first_bytes;
mod gateway;
mod grpc;
mod limits;
mod pages;
mod places;
mod refusal;
mod slow_body;
mod streams;
mod unread;
mod watched_io;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use codelibra::Catalog;
use codelibra_pages::example;
use tokio::net::TcpListener;
use tokio::sync::watch;

use accept::Acceptor;
use limits::Limits;

use crate::args::Serve;
use crate::failure::{Failure, warn};
use crate::output;
use crate::visible::VisibleWriter;

/// The generated service, client and messages.
#[allow(unreachable_pub, clippy::all, clippy::as_conversions, reason = "generated")]
pub(crate) mod pb {
    include!(concat!(env!("OUT_DIR"), "/codelibra.catalog.v1.rs"));
}

/// How long open requests may take after a signal to stop.
const DRAIN: Duration = Duration::from_secs(10);

pub(crate) fn run(catalog: &'static Catalog, args: &Serve) -> Result<(), Failure> {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|e| Failure::bad_input(format_args!("cannot start: {e}")))?.block_on(serve(catalog, args))
}

/// Writes the events of 5xx to stderr, with the request id that the caller receives.
fn log() {
    // Colours as in all output of the command: on a terminal, unless a variable disables them (no-color.org).
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::ERROR)
        .with_ansi(colours)
        .with_writer(|| VisibleWriter(std::io::stderr()));
    // Only a second call can fail.
    let _ = subscriber.try_init();
}

async fn serve(catalog: &'static Catalog, args: &Serve) -> Result<(), Failure> {
    // All arguments are checked before anything is bound.
    let limits = Limits::from_args(args)?;
    let grpc = Address::resolve("--grpc", &args.grpc).await?;
    let http = Address::resolve("--http", &args.http).await?;
    http.differs_from(&grpc)?;
    let (grpc, grpc_addr) = grpc.listen().await?;
    let (http, http_addr) = http.listen().await?;
    let (stop, stopped) = watch::channel(());

    let mut grpc = tokio::spawn(grpc::serve(catalog, args.error_info, grpc, limits, wait(stopped.clone())));
    let gateway =
        gateway::router(catalog, reachable(grpc_addr), args.format, args.error_info, limits).await?;
    let http = Acceptor::new("HTTP gateway", http);
    let mut gateway = tokio::spawn(connections::serve(http, gateway, limits, stopped));

    // Before the addresses are printed: a script that reads them may stop the process at once.
    let mut signals = Signals::listen()?;
    announce(catalog, http_addr, grpc_addr)?;
    tokio::select! {
        () = signals.next() => {}
        ended = &mut grpc => return Err(early("gRPC server", &ended)),
        ended = &mut gateway => return Err(early("HTTP gateway", &ended)),
    }
    warn("note", "stopping; open requests are finished first");
    drop(stop);
    let drained = async {
        let _ = gateway.await;
        let _ = grpc.await;
    };
    tokio::select! {
        () = drained => {}
        () = signals.next() => warn("note", "stopping at once; open requests are cut off"),
        () = tokio::time::sleep(DRAIN) => {
            warn("note", &format!("some responses took longer than {} s and were cut off", DRAIN.as_secs()));
        }
    }
    Ok(())
}

/// Returns the failure when the gateway or the gRPC server ends by itself. The process ends then: the gateway needs the gRPC server,
/// and callers expect both.
fn early(half: &str, ended: &impl std::fmt::Debug) -> Failure {
    Failure::bad_input(format_args!("the {half} ended on its own: {ended:?}"))
}

/// The address in an option.
struct Address<'a> {
    option: &'static str,
    text: &'a str,
    found: SocketAddr,
}

impl<'a> Address<'a> {
    async fn resolve(option: &'static str, text: &'a str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            let right = similar_address(text);
            Failure::bad_input(format_args!(
                "{option} `{text}` is not an address{why}; expected such as {right}"
            ))
        };
        // A name without a port is not looked up.
        let has_port = |(host, port): (&str, &str)| !host.is_empty() && port.parse::<u16>().is_ok();
        if text.parse::<IpAddr>().is_ok() || !text.rsplit_once(':').is_some_and(has_port) {
            return Err(wrong(""));
        }
        let found = tokio::net::lookup_host(text).await.map_err(|e| wrong(&format!(": {e}")))?.next();
        Ok(Self { option, text, found: found.ok_or_else(|| wrong(""))? })
    }

    fn differs_from(&self, other: &Self) -> Result<(), Failure> {
        if self.found.port() != 0 && self.found == other.found {
            return Err(Failure::bad_input(format_args!(
                "{} and {} are both {}; expected two addresses",
                other.option, self.option, self.found
            )));
        }
        Ok(())
    }

    async fn listen(&self) -> Result<(TcpListener, SocketAddr), Failure> {
        let Self { option, text, found } = self;
        let failed = |error: io::Error| {
            let failed = format!("cannot listen on {text} ({option}): {error}");
            match usable_address(*found, error.kind()) {
                Some(usable) => {
                    Failure::bad_input(format_args!("{failed}; `{option} {usable}` takes a free port"))
                }
                None => Failure::bad_input(format_args!("{failed}")),
            }
        };
        let listener = TcpListener::bind(found).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        Ok((listener, addr))
    }
}

/// A valid address with the IP address of a wrong one, or with its port.
fn similar_address(wrong: &str) -> SocketAddr {
    if let Ok(ip) = wrong.parse() {
        return SocketAddr::new(ip, 8080);
    }
    let port = wrong.rsplit_once(':').map_or(wrong, |(_, port)| port);
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.parse().unwrap_or(8080))
}

/// An address to listen on in place of `failed`, with a free port; `None` if it is `failed` itself. A port that is taken, or
/// that only root may use, is one of an IP address of this machine; for other failures the IP address is at fault.
fn usable_address(failed: SocketAddr, why: io::ErrorKind) -> Option<SocketAddr> {
    let is_of_port = matches!(why, io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied);
    let ip = match failed.ip() {
        ip if is_of_port => ip,
        ip => loopback_like(ip),
    };
    Some(SocketAddr::new(ip, 0)).filter(|usable| *usable != failed)
}

/// The loopback address of the same family.
fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// The address of a listener for clients on this machine.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(loopback_like(addr.ip()));
    }
    addr
}

fn announce(catalog: &'static Catalog, http: SocketAddr, grpc: SocketAddr) -> Result<(), Failure> {
    let url = format!("http://{}", reachable(http));
    let mut lines = format!(
        "HTTP gateway  {url}
gRPC server   {}

Try:
  {url}/errors                              the catalogue, in a browser
",
        reachable(grpc)
    );
    if let Some(entry) = example::without_params(catalog) {
        lines +=
            &format!("  curl -i '{url}/v1/errors/{}:raise'    an error as a gateway sends it\n", entry.code);
    }
    if let Some(entry) = example::with_params(catalog) {
        let (code, query) = (entry.code, example::query(entry.params.iter().map(|p| (p.name, p.kind))));
        lines += &format!("  curl -i '{url}/v1/errors/{code}:raise?message=a+message+of+yours&{query}'\n");
    }
    output::text(&lines)
}

/// Ready when the process receives a signal to stop.
async fn wait(mut stopped: watch::Receiver<()>) {
    let _ = stopped.changed().await;
}

/// Receives Ctrl-C and SIGTERM.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(cannot_listen);
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Receives Ctrl-C.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn listen() -> Result<Self, Failure> {
        tokio::signal::windows::ctrl_c().map(Self).map_err(cannot_listen)
    }

    /// Waits for the next Ctrl-C.
    async fn next(&mut self) {
        self.0.recv().await;
    }
}

fn cannot_listen(error: std::io::Error) -> Failure {
    Failure::bad_input(format_args!("cannot wait for signals: {error}"))
}
