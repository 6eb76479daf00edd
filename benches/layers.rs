//! The cost of the layers: a real tonic service, called in process without a socket, with and without them.
//!
//! `cargo bench --bench layers` prints ratios at its end. They come from short blocks of calls that alternate, so that
//! other load on the machine affects both sides equally. A difference of three percent is smaller than the difference
//! between two whole runs of criterion. `cargo bench --bench layers -- ratios` prints only these ratios.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

#[path = "../tests/in_process/mod.rs"]
mod in_process;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use codelibra::client::{ClientLayer, ClientService};
use codelibra::codes::LockedOut;
use codelibra::params::Timestamp;
use codelibra::server::ServerLayer;
use codelibra::{ApiError, ErrorCode, StatusCodeExt};
use criterion::Criterion;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use tokio::runtime::Runtime;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service};

use in_process::{Answer, InProcess, unary};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn layer() -> ClientLayer {
    ClientLayer::new::<ErrorCode>()
}

/// A unary call that succeeds.
fn client_ok(c: &mut Criterion) {
    let runtime = runtime();
    let service = InProcess(Answer::Items(1));
    let mut group = c.benchmark_group("client_ok");
    let mut client = Grpc::new(service);
    group.bench_function("bare", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap()));
    let mut client = Grpc::new(layer().layer(service));
    group.bench_function("layered", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap()));
    group.finish();
}

/// 2026-01-31T09:30:00Z, in the type that a service uses.
const LOCKED_UNTIL: Timestamp = Timestamp { seconds: 1_769_851_800, nanos: 0 };

fn locked_out() -> Status {
    let locked_until = Some(LOCKED_UNTIL);
    ApiError::from(LockedOut { locked_until }).with_message("three wrong passwords").into()
}

/// A unary call that fails; the caller reads the code and a parameter. The peer: tonic alone, and tonic-types.
fn client_err(c: &mut Criterion) {
    let runtime = runtime();
    let service = InProcess(Answer::Fail(locked_out));
    let mut group = c.benchmark_group("client_err");
    let mut client = Grpc::new(service);
    group.bench_function("tonic_types", |b| {
        b.iter(|| runtime.block_on(read_by_tonic_types(&mut client)));
    });
    let mut client = Grpc::new(layer().layer(service));
    group.bench_function("layered", |b| b.iter(|| runtime.block_on(read_by_us(&mut client))));
    group.finish();
}

async fn read_by_tonic_types(client: &mut Grpc<InProcess>) -> (u32, Timestamp) {
    let status = unary(client).await.unwrap_err();
    let info = status.get_details_error_info().unwrap();
    let code: u32 = info.metadata.get("code").unwrap().parse().unwrap();
    (code, info.metadata.get("locked_until").unwrap().parse().unwrap())
}

async fn read_by_us(client: &mut Grpc<ClientService<InProcess>>) -> (ErrorCode, Timestamp) {
    let status = unary(client).await.unwrap_err();
    let LockedOut { locked_until } = status.decode().unwrap();
    (status.error_code().unwrap(), locked_until.unwrap())
}

/// Answers with fields that were made in advance.
#[derive(Clone)]
struct Canned(HeaderMap);

impl Service<Request<()>> for Canned {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        *response.headers_mut() = self.0.clone();
        ready(Ok(response))
    }
}

/// A trailers-only failure through the layer alone: once without faults, and once with every fault to repair.
fn sanitize(c: &mut Criterion) {
    let details = ApiError::from(LockedOut::default()).to_details_header();
    let fields = |status: &[u8], message: &[u8], details: &str| {
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap();
        let fields = [
            ("content-type", value(b"application/grpc")),
            ("grpc-status", value(status)),
            ("grpc-message", value(message)),
            ("grpc-status-details-bin", value(details.as_bytes())),
        ];
        fields.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect()
    };
    let clean: HeaderMap = fields(b"7", b"three wrong passwords", &details);
    let dirty: HeaderMap = fields(b"7,7", b"%FF%FE%ZZ \xff", &format!("!!,{details}=="));

    let runtime = runtime();
    let mut group = c.benchmark_group("sanitize");
    for (name, fields) in [("clean", clean), ("dirty", dirty)] {
        let mut service = layer().layer(Canned(fields));
        group.bench_function(name, |b| {
            b.iter(|| {
                let response = runtime.block_on(service.call(Request::new(()))).unwrap();
                black_box(response.headers().len())
            });
        });
    }
    group.finish();
}

/// A layer that does nothing, but has a future and a body of its own, as every layer that reads the end of a call has: the floor
/// of the layers.
#[derive(Clone, Copy)]
struct Through(InProcess);

impl Service<Request<Body>> for Through {
    type Response = Response<ThroughBody>;
    type Error = tonic::transport::Error;
    type Future = ThroughFuture<<InProcess as Service<Request<Body>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        ThroughFuture(self.0.call(request))
    }
}

struct ThroughFuture<F>(F);

impl<F, E> Future for ThroughFuture<F>
where
    F: Future<Output = Result<Response<Body>, E>> + Unpin,
{
    type Output = Result<Response<ThroughBody>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_ok(|response| response.map(ThroughBody))
    }
}

struct ThroughBody(Body);

impl http_body::Body for ThroughBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

fn server_layer() -> ServerLayer {
    ServerLayer::new::<ErrorCode>()
}

/// A unary call that succeeds.
fn server_ok(c: &mut Criterion) {
    let runtime = runtime();
    let service = InProcess(Answer::Items(1));
    let mut group = c.benchmark_group("server_ok");
    let mut client = Grpc::new(service);
    group.bench_function("bare", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap()));
    let mut client = Grpc::new(server_layer().layer(service));
    group.bench_function("layered", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap()));
    group.finish();
}

/// The status of the peer: a google.rpc.ErrorInfo with the code and a parameter, as tonic-types makes it.
fn locked_out_by_tonic_types() -> Status {
    let metadata = [("code", "403005"), ("locked_until", "2026-01-31T09:30:00Z")];
    let metadata: HashMap<String, String> = metadata.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let details = ErrorDetails::with_error_info("LOCKED_OUT", "codelibra", metadata);
    Status::with_error_details(Code::PermissionDenied, "three wrong passwords", details)
}

/// A unary call that fails. The peer: tonic alone, and tonic-types. Ours also adds the request id and the ASCII
/// field, and decides what is sent.
fn server_err(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("server_err");
    let mut client = Grpc::new(InProcess(Answer::Fail(locked_out_by_tonic_types)));
    group.bench_function("tonic_types", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap_err()));
    let mut client = Grpc::new(server_layer().layer(InProcess(Answer::Fail(locked_out))));
    group.bench_function("layered", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap_err()));
    group.finish();
}

/// Prints the ratio of each pair that alternates, and its target.
fn ratios() {
    let runtime = runtime();
    let ok = InProcess(Answer::Items(1));
    let peer = InProcess(Answer::Fail(locked_out_by_tonic_types));
    let ours = InProcess(Answer::Fail(locked_out));
    let run = |name, asked, bare: &mut dyn FnMut(), layered: &mut dyn FnMut()| {
        let (low, median, high) = compare(bare, layered);
        println!("{name:<40} {median:.3}  ({low:.3} to {high:.3}), asked: at most {asked}");
    };
    macro_rules! call {
        ($service:expr) => {{
            let mut client = Grpc::new($service);
            let runtime = &runtime;
            move || drop(black_box(runtime.block_on(unary(&mut client))))
        }};
    }
    println!("\nratios: the median of {RUNS} runs (the lowest to the highest)");
    run("floor/a layer that does nothing : bare", "-", &mut call!(ok), &mut call!(Through(ok)));
    run("client_ok/layered : bare", "1.01", &mut call!(ok), &mut call!(layer().layer(ok)));
    run("server_ok/layered : bare", "1.02", &mut call!(ok), &mut call!(server_layer().layer(ok)));
    let mut by_tonic_types = Grpc::new(ours);
    let mut by_us = Grpc::new(layer().layer(ours));
    run(
        "client_err/layered : tonic_types",
        "1.0",
        &mut || _ = black_box(runtime.block_on(read_by_tonic_types(&mut by_tonic_types))),
        &mut || _ = black_box(runtime.block_on(read_by_us(&mut by_us))),
    );
    run("server_err/layered : tonic_types", "1.0", &mut call!(peer), &mut call!(server_layer().layer(ours)));
}

const RUNS: usize = 15;

/// Returns the time of `second` divided by the time of `first`: the lowest, the median and the highest of the runs.
fn compare(first: &mut dyn FnMut(), second: &mut dyn FnMut()) -> (f64, f64, f64) {
    const BLOCKS: usize = 400;
    const CALLS: u32 = 200;
    let block = |call: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        start.elapsed()
    };
    // Interruptions only add time: a low quantile is the time without them.
    let quiet = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 10].as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..RUNS)
        .map(|_| {
            let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
            for _ in 0..BLOCKS {
                firsts.push(block(first));
                seconds.push(block(second));
            }
            quiet(&mut seconds) / quiet(&mut firsts)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    (ratios[0], ratios[RUNS / 2], ratios[RUNS - 1])
}

fn main() {
    if std::env::args().any(|arg| arg == "ratios") {
        return ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    for group in [client_ok, client_err, sanitize, server_ok, server_err] {
        group(&mut criterion);
    }
    criterion.final_summary();
    if std::env::args().count() <= 2 {
        ratios();
    }
}
