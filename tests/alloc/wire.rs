//! The allocations of writing and reading errors.

use std::collections::HashMap;

use allocation_counter::{AllocationInfo, measure};
use codelibra::codes::LockedOut;
use codelibra::{ApiError, CATALOG, ErrorCode, ReceivedError, StatusCodeExt, rpc};
use tonic::{Code, Status};

use crate::bad;

/// The allowance in bytes that does not depend on the input: the error itself, the notes and their texts.
const CONSTANT: u64 = 8 * 1024;

fn warm_up() {
    // The first lookup builds the index of the catalogue.
    assert!(CATALOG.by_code(403_003).is_some());
}

fn count(mut f: impl FnMut()) -> AllocationInfo {
    warm_up();
    measure(&mut f)
}

#[test]
fn the_counter_counts() {
    let counted = count(|| drop(std::hint::black_box(vec![0_u8; 1000])));
    assert_eq!((counted.count_total, counted.bytes_total), (1, 1000));
}

#[test]
fn error_code_allocates_nothing() {
    let full = Status::with_details(Code::PermissionDenied, "said", bad::full_status().into());
    let mut with_field = Status::permission_denied("said");
    with_field.metadata_mut().insert("codelibra-error-code", "403003".parse().unwrap());
    let of_google = {
        use tonic_types::{ErrorDetails, StatusExt};
        let details = ErrorDetails::with_error_info("USER_BANNED", "codelibra", HashMap::new());
        Status::with_error_details(Code::PermissionDenied, "said", details)
    };
    let coded = [Status::from(ErrorCode::USER_BANNED), full, with_field, of_google];
    for status in &coded {
        let counted = count(|| assert!(status.error_code::<ErrorCode>().is_some()));
        assert_eq!(counted.count_total, 0, "{status:?}");
    }
    let none = Status::not_found("said");
    assert_eq!(count(|| assert_eq!(none.error_code::<ErrorCode>(), None)).count_total, 0);
    for (name, bytes) in bad::statuses() {
        let status = Status::with_details(Code::PermissionDenied, "said", bytes.into());
        let counted = count(|| {
            std::hint::black_box(status.error_code::<ErrorCode>());
        });
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

#[test]
fn a_code_becomes_a_status_in_two_allocations() {
    for entry in CATALOG.entries() {
        let code = ErrorCode::from_u32(entry.code).unwrap();
        let counted = count(|| {
            std::hint::black_box(Status::from(code));
        });
        // The message, and the box of tonic's status. The details are static bytes.
        assert_eq!(counted.count_total, 2, "{}", entry.name);
        assert!(counted.bytes_total < 400, "{}: {counted:?}", entry.name);
    }
}

#[test]
fn a_lookup_allocates_nothing() {
    let counted = count(|| {
        for number in 0..1_000_000 {
            std::hint::black_box(CATALOG.by_code(number));
        }
        assert!(CATALOG.by_name("UserBanned").is_some() && CATALOG.by_reason("USER_BANNED").is_some());
        assert!(CATALOG.by_name("Nobody").is_none() && CATALOG.by_reason("NOBODY").is_none());
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn an_api_error_is_one_box() {
    let counted = count(|| {
        std::hint::black_box(ApiError::new(ErrorCode::USER_BANNED));
    });
    assert_eq!(counted.count_total, 1);
    // The encoded details are static bytes.
    let error = ApiError::new(ErrorCode::USER_BANNED);
    assert_eq!(count(|| assert!(!error.to_details().is_empty())).count_total, 0);
}

#[test]
fn a_full_status_is_written_in_one_buffer() {
    let error = ErrorCode::LOCKED_OUT
        .with_message("three wrong passwords")
        .with_metadata("locked_until", "2026-01-31T09:30:00Z")
        .with_metadata("who", "someone")
        .with_detail(&rpc::RequestInfo { request_id: "4711".into(), ..Default::default() });
    let counted = count(|| {
        std::hint::black_box(error.to_details());
    });
    assert_eq!(counted.count_total, 1);
    assert_eq!(counted.bytes_total, u64::try_from(error.to_details().len()).unwrap());
}

#[test]
fn params_are_decoded_without_the_rest() {
    let locked_until = "2026-01-31T09:30:00Z".parse().ok();
    let status = Status::from(LockedOut { locked_until });
    let counted = count(|| assert_eq!(status.decode(), Some(LockedOut { locked_until })));
    assert_eq!(counted.count_total, 0);
}

/// Checks the limit against the total of all allocations, including freed ones. The total is higher than the peak.
fn check_bound(name: &str, input: usize, counted: AllocationInfo) -> f64 {
    let bound = 8 * u64::try_from(input).unwrap() + CONSTANT;
    assert!(
        counted.bytes_total <= bound,
        "{name}: {} bytes allocated in all, {} at once, for {input}",
        counted.bytes_total,
        counted.bytes_max
    );
    f64::from(u32::try_from(counted.bytes_total).unwrap()) / f64::from(u32::try_from(input.max(1)).unwrap())
}

#[test]
fn reading_bad_input_takes_no_more_than_eight_times_its_size() {
    let mut worst = (0.0, "");
    let statuses = bad::statuses();
    for (name, bytes) in statuses.into_iter().chain([("full", bad::full_status())]) {
        let status = Status::with_details(Code::PermissionDenied, "said", bytes.clone().into());
        let counted = count(|| {
            std::hint::black_box(status.to_received::<ErrorCode>());
        });
        let from_tonic = check_bound(name, bytes.len(), counted);
        let header = bad::base64(&bytes);
        let counted = count(|| {
            std::hint::black_box(ReceivedError::from_details_header(header.as_bytes(), &CATALOG));
        });
        let from_header = check_bound(name, header.len(), counted);
        let ratio = f64::max(from_tonic, from_header);
        if bytes.len() > 10_000 && ratio > worst.0 {
            worst = (ratio, name);
        }
    }
    for (name, header) in bad::headers() {
        let counted = count(|| {
            std::hint::black_box(ReceivedError::from_details_header(&header, &CATALOG));
        });
        check_bound(name, header.len(), counted);
    }
    println!("worst: {} times the input, for {}", worst.0, worst.1);
}

#[test]
fn the_methods_of_a_bad_error_take_no_more_than_eight_times_its_size() {
    for (name, bytes) in bad::statuses() {
        let received = ReceivedError::from_details(bytes.clone(), &CATALOG);
        let counted = count(|| {
            std::hint::black_box((received.domain(), received.reason(), received.metadata().get("a")));
            std::hint::black_box(received.details().count());
            std::hint::black_box(received.decode::<LockedOut>());
        });
        check_bound(name, bytes.len(), counted);
    }
}

/// Two ErrorInfos have the same metadata in a different order. This is the most expensive comparison.
#[test]
fn the_comparison_of_large_metadata_stays_within_the_limit() {
    let entry = |tag: u8, i: u32| bad::field(tag, &bad::field(0x0a, i.to_string().as_bytes()));
    let ours: Vec<u8> = (0..30_000).flat_map(|i| entry(0x22, i)).collect();
    let googles: Vec<u8> = (0..30_000).rev().flat_map(|i| entry(0x1a, i)).collect();
    let ours = [bad::varint(0x08, 403_003), bad::field(0x12, b"codelibra"), ours].concat();
    let googles = [bad::field(0x12, b"codelibra"), googles].concat();
    let status = [
        bad::detail(&bad::any("x/codelibra.error.v1.ErrorInfo", &ours)),
        bad::detail(&bad::any("x/google.rpc.ErrorInfo", &googles)),
    ]
    .concat();
    let input = status.len();
    let mut received = None;
    let counted = count(|| received = Some(ReceivedError::from_details(status.clone(), &CATALOG)));
    check_bound("great metadata", input, counted);
    assert_eq!(received.unwrap().details().count(), 0, "they are the same");
}
