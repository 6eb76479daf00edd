//! What the layers cost: a real tonic service, called in process without a socket, with and without them.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

#[allow(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/in_process/mod.rs"]
mod in_process;

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};

use codelibra::client::ClientLayer;
use codelibra::params::Timestamp;
use codelibra::server::ServerLayer;
use codelibra::{ApiError, ErrorCode, LockedOut, StatusCodeExt};
use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Request, Response};
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

/// 2026-01-31T09:30:00Z, as a service has it.
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
        b.iter(|| {
            let status = runtime.block_on(unary(&mut client)).unwrap_err();
            let info = status.get_details_error_info().unwrap();
            let code: u32 = info.metadata.get("code").unwrap().parse().unwrap();
            let until: prost_types::Timestamp = info.metadata.get("locked_until").unwrap().parse().unwrap();
            (code, until)
        });
    });
    let mut client = Grpc::new(layer().layer(service));
    group.bench_function("layered", |b| {
        b.iter(|| {
            let status = runtime.block_on(unary(&mut client)).unwrap_err();
            let code: ErrorCode = status.error_code().unwrap();
            let LockedOut { locked_until } = status.decode().unwrap();
            (code, locked_until.unwrap())
        });
    });
    group.finish();
}

/// Answers with fields that stand ready.
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

/// A trailers-only failure through the layer alone: nothing to mend, and everything.
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
/// field, and decides what may leave.
fn server_err(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("server_err");
    let mut client = Grpc::new(InProcess(Answer::Fail(locked_out_by_tonic_types)));
    group.bench_function("tonic_types", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap_err()));
    let mut client = Grpc::new(server_layer().layer(InProcess(Answer::Fail(locked_out))));
    group.bench_function("layered", |b| b.iter(|| runtime.block_on(unary(&mut client)).unwrap_err()));
    group.finish();
}

criterion_group!(layers, client_ok, client_err, sanitize, server_ok, server_err);
criterion_main!(layers);
