//! The cost of an error over HTTP, compared with serde_json on a struct of the same body in the same run.
//!
//! Run `cargo bench --bench http`, then `benches/ratios http` prints the comparison. The floors write and read the body
//! of their form and do not interpret it. The details of Connect's floor are base64 that was encoded in advance.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use codelibra::codes::LockedOut;
use codelibra::http::{DetailTypes, Form, Reader, write_body};
use codelibra::{ApiError, ErrorCode};
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for form in Form::ALL {
        match form {
            Form::Native => both::<Native>(&mut criterion, form),
            Form::Problem => both::<Problem>(&mut criterion, form),
            Form::Aip193 => both::<Aip193>(&mut criterion, form),
            Form::RpcStatus => both::<RpcStatus>(&mut criterion, form),
            _ => both::<Connect>(&mut criterion, form),
        }
    }
    criterion.final_summary();
}

/// One parameter and a message, without further details.
fn error() -> ApiError {
    let locked = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
    locked.with_message("three wrong passwords")
}

fn both<T: Serialize + for<'de> Deserialize<'de>>(criterion: &mut Criterion, form: Form) {
    let (types, error) = (DetailTypes::standard(), error());
    let body = write_body(form, &error, types);
    let floor: Option<T> = serde_json::from_slice(&body).ok();
    let said: Option<Value> = serde_json::from_slice(&body).ok();
    let again = floor.as_ref().and_then(|floor| serde_json::to_value(floor).ok());
    assert_eq!(again, said, "the floor of {form} is of the same body");
    assert_eq!(Reader::new::<ErrorCode>().read_body(&body).number(), Some(403_005));

    let mut group = criterion.benchmark_group(format!("write_{form}"));
    measure(
        &mut group,
        || write_body(form, black_box(&error), types),
        || serde_json::to_vec(black_box(&floor)),
    );
    group.finish();

    let mut group = criterion.benchmark_group(format!("read_{form}"));
    let ours = || Reader::new::<ErrorCode>().read_body(black_box(&body));
    measure(&mut group, ours, || serde_json::from_slice::<T>(black_box(&body)));
    group.finish();
}

fn measure<A, B>(group: &mut BenchmarkGroup<'_, WallTime>, ours: impl Fn() -> A, floor: impl Fn() -> B) {
    group.bench_function("codelibra", |b| b.iter(&ours));
    group.bench_function("floor", |b| b.iter(&floor));
}

type Map = BTreeMap<String, String>;

#[derive(Deserialize, Serialize)]
struct Native {
    code: u32,
    name: String,
    reason: String,
    message: String,
    domain: String,
    metadata: Map,
    details: Vec<Map>,
}

#[derive(Deserialize, Serialize)]
struct Problem {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    code: u32,
    domain: String,
    metadata: Map,
}

#[derive(Deserialize, Serialize)]
struct Aip193 {
    error: Aip193Error,
}

#[derive(Deserialize, Serialize)]
struct Aip193Error {
    code: u16,
    message: String,
    status: String,
    details: Vec<Info>,
}

#[derive(Deserialize, Serialize)]
struct RpcStatus {
    code: u8,
    message: String,
    details: Vec<Info>,
}

/// Either ErrorInfo: google.rpc.ErrorInfo has no field `code`.
#[derive(Deserialize, Serialize)]
struct Info {
    #[serde(rename = "@type", skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    domain: String,
    reason: String,
    metadata: Map,
}

#[derive(Deserialize, Serialize)]
struct Connect {
    code: String,
    message: String,
    details: Vec<ConnectDetail>,
}

#[derive(Deserialize, Serialize)]
struct ConnectDetail {
    r#type: String,
    value: String,
    debug: Info,
}
