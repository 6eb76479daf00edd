//! How many instructions the hot paths need. `benches/instructions/run` compares them with `counts.txt`, and fails where one
//! has grown by more than 3 %.
//!
//! Each path runs once before it is counted: what happens only at the first call is not counted.

#![allow(missing_docs, unused_qualifications, clippy::unwrap_used, reason = "a benchmark")]

#[path = "../../tests/in_process/mod.rs"]
mod in_process;

use std::hint::black_box;

use codelibra::client::{ClientLayer, ClientService};
use codelibra::codes::{LimitTooLarge, LockedOut};
use codelibra::http::{DetailTypes, Form, Reader, write_body};
use codelibra::rpc::{BadRequest, bad_request::FieldViolation};
use codelibra::server::{ServerLayer, ServerService};
use codelibra::{ApiError, ErrorCode, ReceivedError, StatusCodeExt};
use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use tokio::runtime::Runtime;
use tonic::Status;
use tonic::client::Grpc;
use tower::Layer;

use in_process::{Answer, InProcess, Item, unary};

/// The counts that are checked in: a name and a number in each line.
const COUNTS: &str = include_str!("counts.txt");

/// The limit of a path: 3 % more than its count. A path without a count fails.
fn limit(path: &str) -> LibraryBenchmarkConfig {
    let count = COUNTS.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == path);
    let count: u64 = count.map_or(0, |(_, count)| count.parse().unwrap());
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, count + count * 3 / 100)]);
    let mut config = LibraryBenchmarkConfig::default();
    // The C library chooses its `memcpy` by what the processor can do, and their counts differ. Without these features it
    // is the same on every x86-64 processor. A library that does not know the setting ignores it.
    config
        .tool(callgrind)
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX512VL,-AVX512F,-ERMS,-FSRM");
    config
}

/// Two parameters, a message and two violations.
fn full() -> Status {
    let violation = |field: &str, description: &str| FieldViolation {
        field: field.into(),
        description: description.into(),
        ..Default::default()
    };
    let violations = vec![
        violation("limit", "must be at most 100"),
        violation("page_token", "must come from the answer to the same limit"),
    ];
    LimitTooLarge { limit: Some(500), max_limit: Some(100) }
        .with_message("limit is 500, and at most 100 is allowed")
        .with_detail(&BadRequest { field_violations: violations })
        .into()
}

fn after<T>(path: impl Fn() -> T) {
    black_box(path());
}

#[library_benchmark(config = limit("write_code"))]
#[bench::status(after(|| Status::from(ErrorCode::USER_BANNED)))]
fn write_code((): ()) -> Status {
    Status::from(black_box(ErrorCode::USER_BANNED))
}

#[library_benchmark(config = limit("write_full"))]
#[bench::status(after(full))]
fn write_full((): ()) -> Status {
    full()
}

fn read_number(status: &Status) -> Option<ErrorCode> {
    black_box(status).error_code()
}

fn coded() -> Status {
    let status = Status::from(ErrorCode::USER_BANNED);
    assert_eq!(read_number(&status), Some(ErrorCode::USER_BANNED));
    status
}

#[library_benchmark(config = limit("read_code"))]
#[bench::status(coded())]
fn read_code(status: Status) -> (Option<ErrorCode>, Status) {
    (read_number(&status), status)
}

fn read_all(status: &Status) -> (Option<ErrorCode>, LimitTooLarge, usize) {
    let error = black_box(status).to_received::<ErrorCode>();
    let request = error.detail::<BadRequest>().unwrap().unwrap();
    black_box((error.domain(), error.reason(), error.message()));
    (error.code(), error.decode().unwrap(), request.field_violations.len())
}

fn written_full() -> Status {
    let status = full();
    assert_eq!(read_all(&status).2, 2);
    status
}

#[library_benchmark(config = limit("read_full"))]
#[bench::status(written_full())]
fn read_full(status: Status) -> (Option<ErrorCode>, LimitTooLarge, usize, Status) {
    let (code, error, violations) = read_all(&status);
    (code, error, violations, status)
}

/// A client of a service in this process, with a layer on one of the two sides.
struct Calls<S> {
    client: Grpc<S>,
    runtime: Runtime,
}

/// With the message and the parameter that the benchmarks of time send.
fn locked_out() -> Status {
    let locked_until = "2026-01-31T09:30:00Z".parse().ok();
    LockedOut { locked_until }.with_message("three wrong passwords").into()
}

fn server(answer: Answer) -> Calls<ServerService<InProcess>> {
    let client = Grpc::new(ServerLayer::new::<ErrorCode>().layer(InProcess(answer)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut calls = Calls { client, runtime };
    let _ = call_server(&mut calls);
    calls
}

fn call_server(calls: &mut Calls<ServerService<InProcess>>) -> Result<Item, Status> {
    calls.runtime.block_on(unary(&mut calls.client))
}

#[library_benchmark]
#[bench::success(args = (server(Answer::Items(1))), config = limit("server_success"))]
#[bench::failure(args = (server(Answer::Fail(locked_out))), config = limit("server_failure"))]
fn server_layer(mut calls: Calls<ServerService<InProcess>>) -> impl Sized {
    (call_server(&mut calls), calls)
}

fn client(answer: Answer) -> Calls<ClientService<InProcess>> {
    let client = Grpc::new(ClientLayer::new::<ErrorCode>().layer(InProcess(answer)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut calls = Calls { client, runtime };
    let _ = call_client(&mut calls);
    calls
}

fn call_client(calls: &mut Calls<ClientService<InProcess>>) -> Result<Item, Status> {
    calls.runtime.block_on(unary(&mut calls.client))
}

#[library_benchmark]
#[bench::success(args = (client(Answer::Items(1))), config = limit("client_success"))]
#[bench::failure(args = (client(Answer::Fail(locked_out))), config = limit("client_failure"))]
fn client_layer(mut calls: Calls<ClientService<InProcess>>) -> impl Sized {
    (call_client(&mut calls), calls)
}

fn error() -> ApiError {
    let locked_until = "2026-01-31T09:30:00Z".parse().ok();
    LockedOut { locked_until }.with_message("three wrong passwords")
}

fn to_write(form: Form) -> (Form, ApiError) {
    black_box(write_body(form, &error(), DetailTypes::standard()));
    (form, error())
}

#[library_benchmark]
#[bench::native(args = (to_write(Form::Native)), config = limit("write_native"))]
#[bench::problem(args = (to_write(Form::Problem)), config = limit("write_problem"))]
#[bench::aip193(args = (to_write(Form::Aip193)), config = limit("write_aip193"))]
#[bench::rpc_status(args = (to_write(Form::RpcStatus)), config = limit("write_rpc_status"))]
#[bench::connect(args = (to_write(Form::Connect)), config = limit("write_connect"))]
fn write((form, error): (Form, ApiError)) -> impl Sized {
    (write_body(black_box(form), black_box(&error), DetailTypes::standard()), error)
}

fn to_read(form: Form) -> Vec<u8> {
    let body = write_body(form, &error(), DetailTypes::standard()).to_vec();
    assert_eq!(Reader::new::<ErrorCode>().read_body(&body).number(), Some(403_005));
    body
}

#[library_benchmark]
#[bench::native(args = (to_read(Form::Native)), config = limit("read_native"))]
#[bench::problem(args = (to_read(Form::Problem)), config = limit("read_problem"))]
#[bench::aip193(args = (to_read(Form::Aip193)), config = limit("read_aip193"))]
#[bench::rpc_status(args = (to_read(Form::RpcStatus)), config = limit("read_rpc_status"))]
#[bench::connect(args = (to_read(Form::Connect)), config = limit("read_connect"))]
fn read(body: Vec<u8>) -> (ReceivedError, Vec<u8>) {
    (Reader::new::<ErrorCode>().read_body(black_box(&body)), body)
}

library_benchmark_group!(
    name = paths,
    benchmarks = [write_code, write_full, read_code, read_full, server_layer, client_layer, write, read]
);

main!(library_benchmark_groups = paths);
