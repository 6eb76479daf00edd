//! CodeLibra's catalogue, compared with the published page, and the types that users have of it.

use std::collections::{BTreeMap, HashSet};
use std::mem::size_of;

use codelibra::codes::LockedOut;
use codelibra::params::{ParamValue, Timestamp};
use codelibra::{
    ApiError, CATALOG, Catalog, CatalogCode, CodeNumber, Entry, ErrorCode, InvalidCode, Param, ParamKind,
    ReceivedError, Recovery,
};

/// The facts of the published page: number, name, reason, HTTP status, gRPC code and status.
const FACTS: &str = include_str!("../data/codes.csv");

struct Fact {
    code: u32,
    name: &'static str,
    reason: &'static str,
    http_status: u16,
    grpc_code: u8,
    grpc_status: &'static str,
}

fn facts() -> Vec<Fact> {
    let mut lines = FACTS.lines();
    assert_eq!(lines.next(), Some("code,name,reason,http_status,grpc_code,grpc_status"));
    let facts: Vec<Fact> = lines
        .map(|line| {
            let [code, name, reason, http_status, grpc_code, grpc_status] =
                line.split(',').collect::<Vec<_>>().try_into().unwrap();
            Fact {
                code: code.parse().unwrap(),
                name,
                reason,
                http_status: http_status.parse().unwrap(),
                grpc_code: grpc_code.parse().unwrap(),
                grpc_status,
            }
        })
        .collect();
    assert_eq!(facts.len(), 39);
    facts
}

#[test]
fn the_catalogue_is_the_published_one() {
    assert_eq!(CATALOG.domain(), "codelibra");
    assert_eq!(CATALOG.entries().len(), 39);
    for (fact, entry) in facts().iter().zip(CATALOG.entries()) {
        assert_eq!(entry.code, fact.code);
        assert_eq!(entry.name, fact.name);
        assert_eq!(entry.reason, fact.reason);
        assert_eq!(entry.class(), fact.http_status, "{}", entry.name);
        assert_eq!(entry.grpc_code.number(), fact.grpc_code, "{}", entry.name);
        assert_eq!(entry.grpc_code.name(), fact.grpc_status, "{}", entry.name);
        assert_eq!(entry.domain, "codelibra");
        assert_eq!(entry.grpc_code, codelibra::tables::class_to_grpc(entry.class()), "{}", entry.name);
    }
}

#[test]
fn each_row_is_found_by_number_name_and_reason() {
    for fact in facts() {
        let by_code = CATALOG.by_code(fact.code).unwrap();
        assert_eq!(by_code.code, fact.code);
        assert_eq!(CATALOG.by_name(fact.name), Some(by_code));
        assert_eq!(CATALOG.by_reason(fact.reason), Some(by_code));
        // A name is not a reason, and the case of letters matters.
        assert_eq!(CATALOG.by_reason(fact.name), None);
        assert_eq!(CATALOG.by_name(fact.reason), None);
        assert_eq!(CATALOG.by_name(&fact.name.to_lowercase()), None);
        assert_eq!(CATALOG.by_reason(&fact.reason.to_lowercase()), None);

        let code = ErrorCode::from_u32(fact.code).unwrap();
        assert_eq!(code.entry(), Some(by_code));
        assert_eq!((code.name(), code.reason()), (Some(fact.name), Some(fact.reason)));
        assert_eq!(code.http_status().as_u16(), fact.http_status);
        assert_eq!(code.grpc_code().number(), fact.grpc_code);
        assert_eq!(code.to_string(), format!("{} {}", fact.code, fact.name));
    }
    for unknown in ["", "userbanned", "USER_BANNED ", "UserBannedX", "403003"] {
        assert_eq!(CATALOG.by_name(unknown), None, "{unknown}");
        assert_eq!(CATALOG.by_reason(unknown), None, "{unknown}");
    }
}

#[test]
fn each_number_has_a_row_or_none() {
    let listed: HashSet<u32> = facts().iter().map(|fact| fact.code).collect();
    for number in (0..=1_000_000).chain([u32::MAX - 1, u32::MAX, 2_147_483_648]) {
        assert_eq!(CATALOG.by_code(number).map(|e| e.code), listed.get(&number).copied(), "{number}");
        let valid = (400_000..=599_999).contains(&number);
        let expected = if valid { Ok(number) } else { Err(InvalidCode(number)) };
        assert_eq!(CodeNumber::from_u32(number).map(u32::from), expected, "{number}");
        assert_eq!(ErrorCode::from_u32(number).map(u32::from), valid.then_some(number), "{number}");
    }
}

#[test]
fn a_number_that_is_no_code_is_named() {
    let error = ErrorCode::try_from(17).unwrap_err();
    assert_eq!(error, InvalidCode(17));
    assert_eq!(error.to_string(), "17 is not an error code; expected 400000 to 599999");
    assert_eq!(ErrorCode::try_from(403_003), Ok(ErrorCode::USER_BANNED));
    assert_eq!(ApiError::from_catalog(&CATALOG, 17).unwrap_err(), InvalidCode(17));
    assert_eq!(ApiError::from_catalog(&CATALOG, 600_000).unwrap_err(), InvalidCode(600_000));
    assert_eq!(ApiError::from_catalog(&CATALOG, 403_099).unwrap().number(), 403_099);
}

#[test]
fn an_unlisted_number_works_by_its_class() {
    let code = ErrorCode::from_u32(403_099).unwrap();
    assert_eq!((code.entry(), code.name(), code.reason()), (None, None, None));
    assert_eq!(code.http_status(), 403);
    assert_eq!(code.grpc_code().name(), "PERMISSION_DENIED");
    assert_eq!((code.to_string(), format!("{code:?}")), ("403099".into(), "ErrorCode(403099)".into()));
    assert_eq!(ApiError::new(code).message(), "Forbidden");
    for (class, phrase) in [(499, "Client Closed Request"), (444, "Client Error"), (599, "Server Error")] {
        let code = ErrorCode::from_u32(CodeNumber::from_class(class).as_u32()).unwrap();
        assert_eq!(ApiError::new(code).message(), phrase);
    }
}

#[test]
fn classes_and_their_codes_agree() {
    for class in 0..=u16::MAX {
        let number = CodeNumber::from_class(class);
        assert!(number.is_class_number());
        if !(400..=599).contains(&class) {
            assert_eq!(number.as_u32(), 500_000, "{class}");
            continue;
        }
        assert_eq!(number.as_u32(), u32::from(class) * 1000);
        let last = CodeNumber::from_u32(number.as_u32() + 999).unwrap();
        assert!(!last.is_class_number());
        for each in [number, last] {
            assert_eq!((each.class(), each.http_status().as_u16()), (class, class));
            assert_eq!(each.to_class_number(), number);
            assert_eq!(each.grpc_code(), codelibra::tables::class_to_grpc(class));
        }
    }
}

#[test]
fn a_number_is_read_and_written_as_one() {
    let number = CodeNumber::try_from(403_003).unwrap();
    assert_eq!((number.to_string(), format!("{number:?}")), ("403003".into(), "CodeNumber(403003)".into()));
    assert_eq!(format!("{number:>8}"), "  403003");
    assert_eq!(serde_json::to_string(&number).unwrap(), "403003");
    assert_eq!(serde_json::from_str::<CodeNumber>("403003").unwrap(), number);
    let error = serde_json::from_str::<CodeNumber>("17").unwrap_err();
    assert_eq!(error.to_string(), "17 is not an error code; expected 400000 to 599999");
    assert_eq!(CatalogCode::number(ErrorCode::USER_BANNED), number);
    assert_eq!(ErrorCode::USER_BANNED.entry().unwrap().number(), number);
    assert_eq!(ApiError::from_number(&CATALOG, number).code(), Some(ErrorCode::USER_BANNED));
}

#[test]
fn the_promised_params_are_declared() {
    use ParamKind::{Int64, String, Timestamp};
    let promised = BTreeMap::from([
        (400_001, vec![("argument", String)]),
        (400_003, vec![("value", Int64)]),
        (400_004, vec![("value", Int64)]),
        (400_005, vec![("limit", Int64), ("max_limit", Int64)]),
        (400_011, vec![("max_days", Int64)]),
        (400_016, vec![("refund_deadline", Timestamp)]),
        (403_005, vec![("locked_until", Timestamp)]),
        (403_014, vec![("scope", String)]),
        // Not promised by the page: the meaning of the entry calls for it.
        (404_003, vec![("resource", String)]),
        (451_001, vec![("terms_version", String)]),
    ]);
    let declared: BTreeMap<u32, Vec<(&str, ParamKind)>> = CATALOG
        .entries()
        .iter()
        .filter(|entry| !entry.params.is_empty())
        .map(|entry| (entry.code, entry.params.iter().map(|p| (p.name, p.kind)).collect()))
        .collect();
    assert_eq!(declared, promised);
    let described = |param: &Param| param.description.ends_with('.');
    assert!(CATALOG.entries().iter().flat_map(|entry| entry.params).all(described));
}

#[test]
fn every_summary_is_one_sentence() {
    for Entry { name, summary, cause, resolution, .. } in CATALOG.entries() {
        assert!(summary.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit()), "{name}: {summary}");
        assert!(summary.ends_with('.'), "{name}: {summary}");
        assert!(!summary.trim_end_matches('.').contains(['.', '!', '?', '\n']), "{name}: {summary}");
        assert!(summary.is_ascii(), "{name}: a grpc-message is percent-encoded ASCII: {summary}");
        assert!(!cause.is_empty() && !resolution.is_empty(), "{name} has no page");
    }
    let summaries: HashSet<&str> = CATALOG.entries().iter().map(|entry| entry.summary).collect();
    assert_eq!(summaries.len(), 39, "two entries say the same");
}

#[test]
fn recovery_agrees_with_what_an_entry_means() {
    let of = |code: ErrorCode| code.entry().unwrap().recovery;
    assert_eq!(of(ErrorCode::AUTHENTICATION_REQUIRED), Recovery::Authenticate);
    assert_eq!(of(ErrorCode::LOCKED_OUT), Recovery::Wait);
    assert_eq!(of(ErrorCode::TWO_FACTOR_REQUIRED), Recovery::StepUp);
    assert_eq!(of(ErrorCode::PRICE_CALCULATION_INVALID), Recovery::Refresh);
    assert_eq!(of(ErrorCode::ACCOUNT_TERMS_ACCEPTANCE_REQUIRED), Recovery::AcceptTerms);
    assert_eq!(of(ErrorCode::USER_BANNED), Recovery::ContactSupport);
    for recovery in Recovery::ALL {
        assert_eq!(Recovery::from_name(recovery.name()), Some(*recovery));
    }
    for kind in ParamKind::ALL {
        assert_eq!(ParamKind::from_name(kind.name()), Some(*kind));
    }
}

#[test]
fn the_bytes_of_the_generated_code_equal_those_of_the_writer() {
    for entry in CATALOG.entries() {
        let code = ErrorCode::from_u32(entry.code).unwrap();
        // An error whose message was set is encoded by the writer.
        let written = ApiError::new(code).with_message(entry.summary).to_details();
        assert_eq!(entry.details, written, "{}", entry.name);
        assert_eq!(ApiError::new(code).to_details(), written, "{}", entry.name);
        assert_eq!(codelibra::__private::encode::details_len(entry), written.len());
    }
}

/// The example in google.rpc.PreconditionFailure: terms of service that are not yet accepted.
#[test]
fn terms_to_be_accepted_are_a_precondition_that_fails() {
    let details = |code: ErrorCode| {
        let error = ReceivedError::from_details(ApiError::new(code).to_details(), &CATALOG);
        error.detail::<codelibra::rpc::PreconditionFailure>().map(Result::unwrap)
    };
    let failure = details(ErrorCode::ACCOUNT_TERMS_ACCEPTANCE_REQUIRED).unwrap();
    let [violation] = failure.violations.as_slice() else { panic!("{failure:?}") };
    assert_eq!((violation.r#type.as_str(), violation.subject.as_str()), ("TOS", "codelibra"));
    assert_eq!(violation.description, CATALOG.by_code(451_001).unwrap().summary);
    assert_eq!(details(ErrorCode::USER_BANNED), None);
}

/// The types that users put into a `Result`, and those that they match.
#[test]
fn the_types_of_users_are_small() {
    assert!(size_of::<ApiError>() <= 16);
    assert!(size_of::<ReceivedError>() <= 16);
    assert!(size_of::<ErrorCode>() <= 16);
    assert_eq!(size_of::<ErrorCode>(), 4);
    assert_eq!(size_of::<Result<(), ApiError>>(), size_of::<ApiError>());
    assert!(size_of::<Result<u64, ReceivedError>>() <= 16);
}

#[test]
fn the_types_of_users_are_send_and_sync() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<ErrorCode>();
    crosses::<ApiError>();
    crosses::<ReceivedError>();
    crosses::<Catalog>();
}

#[test]
fn codes_can_be_matched() {
    let found = match ErrorCode::from_u32(403_003).unwrap() {
        ErrorCode::USER_BANNED => "banned",
        ErrorCode::NOT_FOUND => "not found",
        _ => "other",
    };
    assert_eq!(found, "banned");
}

#[test]
fn codes_are_numbers_in_json() {
    for entry in CATALOG.entries() {
        let code: ErrorCode = serde_json::from_str(&entry.code.to_string()).unwrap();
        assert_eq!(code.entry(), Some(entry));
        assert_eq!(serde_json::to_string(&code).unwrap(), entry.code.to_string());
    }
    for wrong in ["0", "17", "399999", "600000", "4294967295", "4294967296", "-1", "403003.5", "\"403003\""] {
        assert!(serde_json::from_str::<ErrorCode>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_row_in_json_is_the_one_of_the_command() {
    let row = serde_json::to_string(ErrorCode::LOCKED_OUT.entry().unwrap()).unwrap();
    let keys = [
        "code",
        "name",
        "reason",
        "domain",
        "http_status",
        "grpc_code",
        "grpc_status",
        "summary",
        "cause",
        "resolution",
        "recovery",
        "params",
        "since",
        "deprecated",
        "replaced_by",
    ];
    let places: Vec<usize> = keys.iter().map(|key| row.find(&format!("\"{key}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{row}");
    let row: serde_json::Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row.as_object().unwrap().len(), keys.len());
    assert_eq!(row["code"], 403_005);
    assert_eq!(row["http_status"], 403);
    assert_eq!(row["grpc_code"], 7);
    assert_eq!(row["grpc_status"], "PERMISSION_DENIED");
    assert_eq!(row["recovery"], "WAIT");
    assert_eq!(row["params"][0]["name"], "locked_until");
    assert_eq!(row["params"][0]["type"], "timestamp");
    assert_eq!((&row["since"], &row["deprecated"]), (&"1.0".into(), &"".into()));
}

#[test]
fn params_are_text_both_ways() {
    fn same<T: ParamValue + PartialEq + std::fmt::Debug>(value: T, text: &str) {
        assert_eq!(value.to_text(), text);
        assert_eq!(T::from_text(text).as_ref(), Some(&value));
        assert!(T::KIND.accepts(text));
    }
    same(String::new(), "");
    same(i64::MIN, "-9223372036854775808");
    same(true, "true");
    same(Timestamp { seconds: 1_769_851_800, nanos: 0 }, "2026-01-31T09:30:00Z");
    same(Timestamp { seconds: -1, nanos: 1 }, "1969-12-31T23:59:59.000000001Z");
    let duration = |seconds, nanos| codelibra::params::Duration { seconds, nanos };
    same(duration(-1, -500_000_000), "-1.500s");
    same(duration(0, -1), "-0.000000001s");
    same(duration(315_576_000_000, 0), "315576000000s");
    // Seconds and nanoseconds of different signs are added to one number.
    assert_eq!(duration(2, -500_000_000).to_text(), "1.500s");
    assert_eq!(duration(-2, 500_000_000).to_text(), "-1.500s");
    for text in ["2026-01-31T10:30:00+01:00", "2026-01-31t09:30:00.0z", "2026-01-31T08:00:00-01:30"] {
        let time = Timestamp { seconds: 1_769_851_800, nanos: 0 };
        assert_eq!(Timestamp::from_text(text), Some(time), "{text}");
    }
    let wrong: [(ParamKind, &[&str]); 4] = [
        (ParamKind::Int64, &["", "1.0", "0x1", "9223372036854775808", " 1"]),
        (ParamKind::Bool, &["", "TRUE", "1", "yes", "true "]),
        (
            ParamKind::Timestamp,
            &[
                "",
                "now",
                "09:30",
                "2026-01-31",
                "2026-01-31 09:30:00Z",
                "2026-01-31T09:30:00",
                "2026-01-31T09:30Z",
                "2026-01-31T09:30:00.Z",
                "2026-01-31T09:30:00.0123456789Z",
                "2026-01-31T09:30:00+0100",
                "2026-01-31T09:30:00 01:00",
                "2026-13-31T09:30:00Z",
                "2026-02-30T09:30:00Z",
                "2026-01-31T24:30:00Z",
                "+2026-01-31T09:30:00Z",
                "0001-01-01T00:00:00+00:01",
                "2026-01-31T09:30:0ßZ",
            ],
        ),
        (
            ParamKind::Duration,
            &[
                "",
                "1",
                "1m",
                "s",
                "1,5s",
                "1.s",
                ".5s",
                "+1s",
                "1.0123456789s",
                "--1s",
                "315576000001s",
                "-s",
            ],
        ),
    ];
    for (kind, texts) in wrong {
        for text in texts {
            assert!(!kind.accepts(text), "{kind} {text:?}");
        }
    }
}

/// Values outside the range of a clock come from a bug of the caller. They must not stop the server.
#[test]
fn params_out_of_range_do_not_panic() {
    for seconds in [i64::MIN, -62_135_596_801, 253_402_300_800, i64::MAX] {
        for nanos in [i32::MIN, -1, 0, 1_000_000_000, i32::MAX] {
            let error = ApiError::from(LockedOut { locked_until: Some(Timestamp { seconds, nanos }) });
            let metadata = error.metadata();
            let text = metadata.get("locked_until").unwrap();
            assert!(ParamKind::Timestamp.accepts(text), "{text}");
            let text = codelibra::params::Duration { seconds, nanos }.to_text();
            assert!(ParamKind::Duration.accepts(&text), "{text}");
        }
    }
    for text in ["9".repeat(400), "2026-01-31T09:30:00.".to_owned() + &"9".repeat(400) + "Z", "-".repeat(99)]
    {
        for kind in ParamKind::ALL {
            let _ = kind.accepts(&text);
            let _ = kind.accepts(&format!("{text}s"));
        }
    }
}

/// The macro fails to compile for any other version.
#[test]
fn the_version_of_the_generator_is_that_of_the_library() {
    let macros = include_str!("../../src/catalog/macros.rs");
    let version = env!("CARGO_PKG_VERSION");
    assert!(macros.contains(&format!("(\"{version}\") => {{}};")));
    assert!(macros.contains(&format!("but codelibra has version {version};")));
    codelibra::__private::generated_by!("0.1.0");
}
