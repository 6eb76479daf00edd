//! The cost of a failure with a code, compared with tonic-types for the same work in the same run.
//!
//! Run `cargo bench --bench wire`, then `benches/ratios` prints the comparison. Each side reads the bytes that it
//! writes itself. Those of tonic-types are about half as long, because they contain one ErrorInfo and not two. The rows
//! `google` are this crate with google.rpc.ErrorInfo alone. The bench first prints the length of each status.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use codelibra::codes::LimitTooLarge;
use codelibra::rpc::BadRequest;
use codelibra::rpc::bad_request::FieldViolation;
use codelibra::{ApiError, CATALOG, Catalog, Entry, ErrorCode, ErrorInfos, StatusCodeExt};
use criterion::{Criterion, Throughput};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const MESSAGE: &str = "limit is 500, and at most 100 is allowed";
const VIOLATIONS: [(&str, &str); 2] =
    [("limit", "must be at most 100"), ("page_token", "must come from the answer to the same limit")];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    sizes();
    encode_code(&mut criterion);
    encode_full(&mut criterion);
    decode_code(&mut criterion);
    decode_full(&mut criterion);
    lookup(&mut criterion);
    criterion.final_summary();
}

/// Prints the length of the details of the two statuses, encoded and as the value of their field.
#[expect(clippy::print_stderr, reason = "the lengths are printed next to the output of criterion")]
fn sizes() {
    let plain = |infos| Status::from(ApiError::new(ErrorCode::USER_BANNED).with_error_infos(infos));
    for infos in ErrorInfos::ALL {
        for (name, status) in [("code", plain(infos)), ("full", full(500, 100, infos))] {
            let bytes = status.details().len();
            let digits = (bytes * 4).div_ceil(3);
            eprintln!("{name} with {infos}: {bytes} bytes, {digits} in base64");
        }
    }
}

/// Measures one code with its default message, from the constant to the status.
fn encode_code(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode_code");
    group.bench_function("codelibra", |b| b.iter(|| Status::from(black_box(ErrorCode::USER_BANNED))));
    group.bench_function("tonic_types", |b| b.iter(|| peer::code(black_box(ErrorCode::USER_BANNED))));
    let entry = entry(ErrorCode::USER_BANNED);
    group.bench_function("floor", |b| {
        b.iter(|| {
            let details = Bytes::from_static(black_box(entry.details));
            Status::with_details(Code::PermissionDenied, black_box(entry.summary), details)
        })
    });
    group.finish();
}

/// Measures two parameters, a message and a BadRequest of two violations, from the values to the status.
fn encode_full(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode_full");
    for (name, infos) in CHOICES {
        group.bench_function(name, |b| b.iter(|| full(black_box(500), black_box(100), infos)));
    }
    group.bench_function("tonic_types", |b| b.iter(|| peer::full(black_box(500), black_box(100))));
    group.finish();
}

/// Measures the time from a status to its number.
fn decode_code(criterion: &mut Criterion) {
    let (ours, theirs) = (Status::from(ErrorCode::USER_BANNED), peer::code(ErrorCode::USER_BANNED));
    let google = ApiError::new(ErrorCode::USER_BANNED).with_error_infos(ErrorInfos::Google);
    let google = Status::from(google);
    for status in [&ours, &google] {
        assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED));
    }
    assert_eq!(peer::read_code(&theirs), Some(403_003));

    let mut group = criterion.benchmark_group("decode_code");
    group.bench_function("codelibra", |b| b.iter(|| black_box(&ours).error_code::<ErrorCode>()));
    group.bench_function("google", |b| b.iter(|| black_box(&google).error_code::<ErrorCode>()));
    group.bench_function("tonic_types", |b| b.iter(|| peer::read_code(black_box(&theirs))));
    group.finish();
}

/// Measures the time from a status to all of its contents, as typed values.
fn decode_full(criterion: &mut Criterion) {
    let theirs = peer::full(500, 100);
    let mut is_expected = false;
    peer::read_full(&theirs, |values| is_expected = values.is_expected());
    assert!(is_expected, "the peer reads the values that it wrote");

    let mut group = criterion.benchmark_group("decode_full");
    for (name, infos) in CHOICES {
        let ours = full(500, 100, infos);
        let mut is_expected = false;
        read_full(&ours, |values| is_expected = values.is_expected());
        assert!(is_expected, "{name}: the values are read as they were written");
        group.bench_function(name, |b| {
            b.iter(|| {
                read_full(black_box(&ours), |values| {
                    black_box(values);
                })
            })
        });
    }
    group.bench_function("tonic_types", |b| {
        b.iter(|| {
            peer::read_full(black_box(&theirs), |values| {
                black_box(values);
            })
        })
    });
    group.finish();
}

/// Measures a thousand lookups of listed entries in catalogues of three sizes. The numbers and texts are copies, because a caller
/// receives them from a peer and does not read them from the entries.
fn lookup(criterion: &mut Criterion) {
    let small: &'static Catalog = &CATALOG;
    let catalogs = [(39, small), (1000, catalog(50, 20)), (100_000, catalog(200, 500))];

    let mut group = criterion.benchmark_group("lookup");
    group.throughput(Throughput::Elements(1000));
    for (size, catalog) in catalogs {
        assert_eq!(catalog.entries().len(), size);
        let codes: Vec<u32> = sample(catalog).iter().map(|entry| entry.code).collect();
        group.bench_function(size.to_string(), |b| {
            b.iter(|| {
                for code in &codes {
                    black_box(catalog.by_code(black_box(*code)));
                }
            })
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("lookup_reason");
    group.throughput(Throughput::Elements(1000));
    for (size, catalog) in catalogs {
        let reasons: Vec<String> = sample(catalog).iter().map(|entry| entry.reason.to_owned()).collect();
        group.bench_function(size.to_string(), |b| {
            b.iter(|| {
                for reason in &reasons {
                    black_box(catalog.by_reason(black_box(reason)));
                }
            })
        });
    }
    group.finish();
}

/// Returns a catalogue with this number of classes, and this number of entries in each class.
fn catalog(classes: u32, numbers: u32) -> &'static Catalog {
    let entries: Vec<Entry> = (400..400 + classes)
        .flat_map(|class| (1..=numbers).map(move |number| class * 1000 + number))
        .map(|code| Entry {
            code,
            name: format!("Entry{code}").leak(),
            reason: format!("ENTRY_{code}").leak(),
            ..*entry(ErrorCode::USER_BANNED)
        })
        .collect();
    Box::leak(Box::new(Catalog::new("bench.example.com", "", entries.leak())))
}

/// Selects a thousand entries of a catalogue with a linear congruential generator: the same ones in every run.
fn sample(catalog: &Catalog) -> Vec<&'static Entry> {
    let mut state = 1_u64;
    let entries = catalog.entries();
    let picked = (0..1000).filter_map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(state >> 33).ok()?;
        entries.get(at % entries.len())
    });
    let picked: Vec<&Entry> = picked.collect();
    assert!(picked.iter().all(|entry| catalog.by_code(entry.code) == Some(*entry)));
    picked
}

fn entry(code: ErrorCode) -> &'static Entry {
    code.entry().unwrap_or_else(|| unreachable!("a constant of the catalogue"))
}

/// The values that a client reads from a status.
struct ReadError<'a> {
    code: Option<u32>,
    domain: &'a str,
    reason: &'a str,
    message: &'a str,
    limit: Option<i64>,
    max_limit: Option<i64>,
    /// Decoded: field and description of each violation.
    violations: [Option<(&'a str, &'a str)>; 2],
}

impl ReadError<'_> {
    fn is_expected(&self) -> bool {
        (self.code, self.domain, self.reason, self.message)
            == (Some(400_005), "codelibra", "LIMIT_TOO_LARGE", MESSAGE)
            && (self.limit, self.max_limit) == (Some(500), Some(100))
            && self.violations == VIOLATIONS.map(Some)
    }
}

/// The two choices of the ErrorInfos, with the names of their rows.
const CHOICES: [(&str, ErrorInfos); 2] = [("codelibra", ErrorInfos::Both), ("google", ErrorInfos::Google)];

fn full(limit: i64, max_limit: i64, infos: ErrorInfos) -> Status {
    let violation = |(field, description): (&str, &str)| FieldViolation {
        field: field.into(),
        description: description.into(),
        ..Default::default()
    };
    LimitTooLarge { limit: Some(limit), max_limit: Some(max_limit) }
        .with_message(MESSAGE)
        .with_detail(&BadRequest { field_violations: VIOLATIONS.map(violation).into() })
        .with_error_infos(infos)
        .into()
}

fn read_full(status: &Status, done: impl FnOnce(ReadError<'_>)) {
    let error = status.to_received::<ErrorCode>();
    let code = error.code::<ErrorCode>();
    let LimitTooLarge { limit, max_limit } = error.decode().unwrap_or_default();
    let request = error.detail::<BadRequest>().and_then(Result::ok).unwrap_or_default();
    let mut violations = request.field_violations.iter().map(|v| (&*v.field, &*v.description));
    done(ReadError {
        code: code.map(ErrorCode::as_u32),
        domain: error.domain(),
        reason: error.reason(),
        message: error.message(),
        limit,
        max_limit,
        violations: [violations.next(), violations.next()],
    });
}

/// The same work on the same input with tonic-types, used as its documentation shows. Reason, message and gRPC code come from the
/// catalogue, as in the code of this crate. A function that reads only the ErrorInfo decodes no other detail.
mod peer {
    use super::*;

    pub(super) fn code(code: ErrorCode) -> Status {
        let entry = entry(code);
        let metadata = HashMap::from([("code".to_owned(), entry.code.to_string())]);
        let details = ErrorDetails::with_error_info(entry.reason, entry.domain, metadata);
        Status::with_error_details(entry.grpc_code.into(), entry.summary, details)
    }

    pub(super) fn full(limit: i64, max_limit: i64) -> Status {
        let entry = entry(ErrorCode::LIMIT_TOO_LARGE);
        let metadata = HashMap::from([
            ("code".to_owned(), entry.code.to_string()),
            ("limit".to_owned(), limit.to_string()),
            ("max_limit".to_owned(), max_limit.to_string()),
        ]);
        let violation =
            |(field, description): (&str, &str)| tonic_types::FieldViolation::new(field, description);
        let mut details = ErrorDetails::with_error_info(entry.reason, entry.domain, metadata);
        details.set_bad_request(VIOLATIONS.map(violation));
        Status::with_error_details(entry.grpc_code.into(), MESSAGE, details)
    }

    pub(super) fn read_code(status: &Status) -> Option<u32> {
        status.get_details_error_info()?.metadata.get("code")?.parse().ok()
    }

    pub(super) fn read_full(status: &Status, done: impl FnOnce(ReadError<'_>)) {
        let details = status.get_error_details();
        let (Some(info), Some(request)) = (details.error_info(), details.bad_request()) else { return };
        let number = |key| info.metadata.get(key).and_then(|text| text.parse().ok());
        let mut violations = request.field_violations.iter().map(|v| (&*v.field, &*v.description));
        done(ReadError {
            code: info.metadata.get("code").and_then(|text| text.parse().ok()),
            domain: &info.domain,
            reason: &info.reason,
            message: status.message(),
            limit: number("limit"),
            max_limit: number("max_limit"),
            violations: [violations.next(), violations.next()],
        });
    }
}
