//! Runs misbehaving handlers and innocent calls at the same time, on one server with the server layer, for a given time. Counts
//! the faults: failures without a code, private text on the wire, innocent calls that are harmed, and memory that grows. Prints
//! the counts; the exit status is 1 if one of them is not 0.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test"
)]

mod memory;
mod misdeed;
#[path = "../../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use codelibra::ErrorCode;
use codelibra::server::ServerLayer;
use tonic::Request;
use tonic::transport::{Channel, Endpoint, Server};

use misdeed::{MISDEEDS, Misdeed, Reader};
use support::{End, KINDS, Kind, Script, Test, call};

/// Runs misbehaving handlers and innocent calls at the same time.
#[derive(Parser)]
struct Args {
    /// How long, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many misbehaving calls run at once.
    #[arg(long, default_value_t = 24)]
    calls: usize,
}

/// The name of an innocent handler.
const INNOCENT: &str = "innocent";

/// How many messages an innocent stream has.
const ITEMS: usize = 5;

/// The counts of faults and of calls.
#[derive(Default)]
struct Counts {
    innocent: AtomicU64,
    harmed: AtomicU64,
    failures: AtomicU64,
    uncoded: AtomicU64,
    leaked: AtomicU64,
    cancelled: AtomicU64,
    stalled: AtomicU64,
}

fn add(count: &AtomicU64) -> u64 {
    count.fetch_add(1, Ordering::Relaxed)
}

/// Counts a fault, and prints the first five.
fn fault(count: &AtomicU64, what: &dyn std::fmt::Debug, handler: &str, kind: Kind) {
    if add(count) < 5 {
        let text: String = format!("{what:?}").chars().take(400).collect();
        println!("{handler}, {kind:?}: {text}");
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // The handlers panic on purpose.
    std::panic::set_hook(Box::new(|_| {}));
    let endpoint = start().await;
    let counts = Arc::new(Counts::default());
    let end = Instant::now() + Duration::from_secs(args.seconds);

    // Misbehaving calls and innocent ones share the first connection. Unread streams have their own, because they would fill the
    // window of the first one.
    let shared = endpoint.connect().await.expect("a connection");
    let stalled = endpoint.connect().await.expect("a connection");
    let mut tasks = Vec::new();
    for index in 0..args.calls {
        let (shared, stalled, counts) = (shared.clone(), stalled.clone(), Arc::clone(&counts));
        tasks.push(tokio::spawn(misbehave(index, end, shared, stalled, counts)));
    }
    for kind in KINDS {
        for channel in [shared.clone(), endpoint.connect().await.expect("a connection")] {
            tasks.push(tokio::spawn(be_innocent(kind, end, channel, Arc::clone(&counts))));
        }
    }
    let memory = tokio::spawn(memory::watch(Duration::from_secs(args.seconds)));
    let mut died = 0;
    for task in tasks {
        died += u64::from(task.await.is_err());
    }
    let memory = memory.await.expect("the memory is watched");
    report(&counts, died, &memory)
}

fn report(counts: &Counts, died: u64, memory: &memory::Memory) -> ExitCode {
    let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!("innocent calls          {}", load(&counts.innocent));
    println!("failures                {}", load(&counts.failures));
    println!("cancelled calls         {}", load(&counts.cancelled));
    println!("streams left unread     {}", load(&counts.stalled));
    println!("memory in use           {memory}");
    let faults = [
        ("innocent calls harmed", load(&counts.harmed)),
        ("failures without a code", load(&counts.uncoded)),
        ("canaries on the wire", load(&counts.leaked)),
        ("clients that panicked", died),
        ("memory that grew", u64::from(!memory.is_flat())),
    ];
    for (name, count) in faults {
        println!("{name:<24}{count}");
    }
    // A run without calls of one kind proves nothing.
    let is_empty =
        [&counts.innocent, &counts.failures, &counts.cancelled, &counts.stalled].iter().any(|n| load(n) == 0);
    let passed = !is_empty && faults.iter().all(|(_, count)| *count == 0);
    println!("{} passed, {} failed", u8::from(passed), u8::from(!passed));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the server; each request names its handler.
async fn start() -> Endpoint {
    let service = Test::new(|name| match MISDEEDS.iter().find(|misdeed| misdeed.name == name) {
        Some(misdeed) => (misdeed.script)(),
        None => Script { items: ITEMS, at_once: false, end: End::Ok },
    });
    let layer = ServerLayer::new::<ErrorCode>();
    let endpoint = support::listen(|incoming| {
        Server::builder().layer(layer).add_service(service).serve_with_incoming(incoming)
    })
    .await;
    // h2 closes a connection, with GOAWAY "too_many_internal_resets", after 1,024 frames for streams that it has reset
    // itself. A cancelled call leads to such frames, and here it shares its connection with innocent calls.
    endpoint.http2_max_local_error_reset_streams(None)
}

async fn be_innocent(kind: Kind, end: Instant, channel: Channel, counts: Arc<Counts>) {
    while Instant::now() < end {
        let (items, ended) = call(channel.clone(), kind, Request::new(INNOCENT.to_owned())).await;
        add(&counts.innocent);
        let expected = if kind.streams() { ITEMS } else { 1 };
        if ended.is_err() || items.len() != expected {
            fault(&counts.harmed, &(items.len(), ended), INNOCENT, kind);
        }
    }
}

async fn misbehave(index: usize, end: Instant, shared: Channel, stalled: Channel, counts: Arc<Counts>) {
    let mut round = index;
    while Instant::now() < end {
        let misdeed = &MISDEEDS[round % MISDEEDS.len()];
        let kind = KINDS[round / MISDEEDS.len() % KINDS.len()];
        round += 1;
        match misdeed.reader {
            Reader::All => read_all(misdeed, kind, shared.clone(), &counts).await,
            Reader::Cancels => {
                // The call is polled a few times, and then dropped.
                let call = call(shared.clone(), kind, misdeed.request());
                let _ = tokio::time::timeout(Duration::from_millis(2), call).await;
                add(&counts.cancelled);
            }
            Reader::Stalls => {
                let stream = misdeed::open(stalled.clone(), misdeed.request()).await;
                let _ = tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
                drop(stream);
                add(&counts.stalled);
            }
        }
    }
}

async fn read_all(misdeed: &Misdeed, kind: Kind, channel: Channel, counts: &Counts) {
    let (_, ended) = call(channel, kind, misdeed.request()).await;
    add(&counts.failures);
    let Err(status) = ended else {
        fault(&counts.uncoded, &"an OK", misdeed.name, kind);
        return;
    };
    if misdeed::has_canary(&status) {
        fault(&counts.leaked, &status, misdeed.name, kind);
    }
    // If the client is busy, its own deadline timer may end the call before an answer arrives.
    if !misdeed::is_of_client_timer(&status) && !misdeed::is_coded(&status) {
        fault(&counts.uncoded, &status, misdeed.name, kind);
    }
}
