//! An API error crosses `tonic::Status` and comes back as it was. Every encoding is also read by prost and
//! tonic-types, which know nothing of this crate.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::{
    ApiError, CATALOG, ERROR_INFO, ErrorCode, GOOGLE_ERROR_INFO, GrpcCode, Note, ReceivedError,
    StatusCodeExt, rpc,
};
use prost::{Message, Name};
use tonic::{Code, Status};
use tonic_types::pb as google;

const OURS: &str = "type.googleapis.com/codelibra.error.v1.ErrorInfo";
const GOOGLES: &str = "type.googleapis.com/google.rpc.ErrorInfo";

fn codes() -> impl Iterator<Item = ErrorCode> {
    CATALOG.entries().iter().map(|entry| ErrorCode::from_u32(entry.code).unwrap())
}

/// A message that only the user's program knows.
#[derive(Clone, PartialEq, prost::Message)]
struct Order {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, repeated, tag = "2")]
    parts: Vec<Order>,
    #[prost(double, tag = "100")]
    price: f64,
}

impl Name for Order {
    const NAME: &'static str = "Order";
    const PACKAGE: &'static str = "shop.v1";
}

fn messages() -> [&'static str; 5] {
    [
        "",
        "The caller reads this.",
        "größer 尺寸 حجم 🦀 \u{202e}",
        "\0 \u{7} \t \r\n \u{7f} \u{85}",
        "% %41 %zz \"quoted\", 'and', {braces}",
    ]
}

fn metadata(entries: usize) -> BTreeMap<String, String> {
    (0..entries).map(|i| (format!("key_{i:03}"), format!("wert ß {i}\n{}", "x".repeat(i)))).collect()
}

fn metadatas() -> Vec<BTreeMap<String, String>> {
    let mut all: Vec<_> = [0, 1, 8, 9, 100].into_iter().map(metadata).collect();
    // What is difficult: the key that google.rpc.ErrorInfo needs, the empty ones, the unicode ones.
    let difficult = [("code", "not a number"), ("", "of no key"), ("empty", ""), ("schlüssel", "🦀")];
    all.push(difficult.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect());
    all.push(BTreeMap::from([("code".to_owned(), "403004".to_owned())]));
    all
}

fn violation(i: i32) -> rpc::bad_request::FieldViolation {
    rpc::bad_request::FieldViolation {
        field: format!("user.emails[{i}].address"),
        description: "no @".into(),
        reason: "EMAIL".into(),
        localized_message: Some(localized_message()),
    }
}

fn localized_message() -> rpc::LocalizedMessage {
    rpc::LocalizedMessage { locale: "fr-CH".into(), message: "Réessayez à 9 h".into() }
}

fn quota_failure() -> rpc::QuotaFailure {
    let dimensions = HashMap::from([("region".to_owned(), "eu".to_owned())]);
    rpc::QuotaFailure {
        violations: vec![rpc::quota_failure::Violation {
            subject: "clientip:192.0.2.1".into(),
            description: "too many".into(),
            api_service: "shop.example.com".into(),
            quota_metric: "requests".into(),
            quota_id: "per-minute".into(),
            quota_dimensions: dimensions,
            quota_value: -1,
            future_quota_value: Some(0),
        }],
    }
}

fn precondition_failure() -> rpc::PreconditionFailure {
    rpc::PreconditionFailure {
        violations: vec![rpc::precondition_failure::Violation {
            r#type: "TOS".into(),
            subject: "codelibra/terms".into(),
            description: "accept them".into(),
        }],
    }
}

fn retry_info() -> rpc::RetryInfo {
    rpc::RetryInfo { retry_delay: Some(prost_types::Duration { seconds: 7, nanos: 500 }) }
}

fn debug_info() -> rpc::DebugInfo {
    rpc::DebugInfo { stack_entries: vec!["main.rs:1".into(), String::new()], detail: "why".into() }
}

fn bad_request() -> rpc::BadRequest {
    rpc::BadRequest { field_violations: vec![violation(0), violation(1)] }
}

fn request_info() -> rpc::RequestInfo {
    rpc::RequestInfo { request_id: "4711".into(), serving_data: "abc".into() }
}

fn resource_info() -> rpc::ResourceInfo {
    rpc::ResourceInfo {
        resource_type: "book".into(),
        resource_name: "shelves/1/books/2".into(),
        owner: "user:1".into(),
        description: "lent".into(),
    }
}

fn help() -> rpc::Help {
    let link = rpc::help::Link { description: "the page".into(), url: "https://example.com/403003".into() };
    rpc::Help { links: vec![link.clone(), link] }
}

fn order() -> Order {
    let part = Order { id: "part".into(), parts: vec![], price: f64::MIN_POSITIVE };
    Order { id: "order 1".into(), parts: vec![part.clone(), part], price: 9.5 }
}

/// All that a service can attach: the nine of the ten standard details that are not ErrorInfo, a message of
/// the user's own, and one whose type nobody knows and whose bytes are none of protobuf's.
fn with_every_detail(error: ApiError) -> ApiError {
    error
        .with_detail(&retry_info())
        .with_detail(&debug_info())
        .with_detail(&quota_failure())
        .with_detail(&precondition_failure())
        .with_detail(&bad_request())
        .with_detail(&request_info())
        .with_detail(&resource_info())
        .with_detail(&help())
        .with_detail(&localized_message())
        .with_detail(&order())
        .with_raw_detail("example.com/types/some.Unknown", &[0xff, 0x00, 0xfe])
}

const EVERY_DETAIL: [&str; 11] = [
    "google.rpc.RetryInfo",
    "google.rpc.DebugInfo",
    "google.rpc.QuotaFailure",
    "google.rpc.PreconditionFailure",
    "google.rpc.BadRequest",
    "google.rpc.RequestInfo",
    "google.rpc.ResourceInfo",
    "google.rpc.Help",
    "google.rpc.LocalizedMessage",
    "shop.v1.Order",
    "some.Unknown",
];

/// What the contract says of every coded status, read by prost.
fn check_contract(error: &ApiError, status: &Status) {
    let embedded = google::Status::decode(status.details()).unwrap();

    // The two equalities.
    assert_eq!(embedded.code, i32::from(status.code()));
    assert_eq!(embedded.message, status.message());

    assert_eq!(status.code(), Code::from(error.grpc_code()));
    assert_eq!(status.message(), error.message());
    // The ASCII field is the server layer's.
    assert!(status.metadata().is_empty());

    // Our ErrorInfo, then Google's, then what the service attached.
    let urls: Vec<&str> = embedded.details.iter().map(|any| any.type_url.as_str()).collect();
    assert_eq!(urls[..2], [OURS, GOOGLES]);
    let attached: Vec<&str> = error.details().map(|detail| detail.type_url()).collect();
    assert_eq!(urls[2..], attached);

    let ours = codelibra::pb::ErrorInfo::decode(embedded.details[0].value.as_slice()).unwrap();
    assert_eq!(ours.code, error.number());
    assert_eq!(ours.domain, error.domain());
    assert_eq!(ours.reason, error.reason());
    let metadata: HashMap<String, String> =
        error.metadata().iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    assert_eq!(ours.metadata, metadata);

    let googles = google::ErrorInfo::decode(embedded.details[1].value.as_slice()).unwrap();
    assert_eq!(googles.reason, error.reason());
    assert_eq!(googles.domain, error.domain());
    let mut expected = metadata;
    expected.insert("code".to_owned(), error.number().to_string());
    assert_eq!(googles.metadata, expected);
}

/// The same error comes back, however it is asked.
fn check_received(error: &ApiError, received: &ReceivedError) {
    assert_eq!(received.number(), Some(error.number()));
    assert_eq!(received.number_or_class(), error.number());
    assert_eq!(received.code::<ErrorCode>(), error.code());
    assert_eq!(received.entry(), error.entry());
    assert_eq!(received.domain(), error.domain());
    assert_eq!(received.reason(), error.reason());
    assert_eq!(received.message(), error.message());
    assert_eq!(received.grpc_code(), error.grpc_code());
    assert_eq!(received.http_status(), error.http_status());
    let metadata = error.metadata().to_map();
    assert_eq!(received.metadata().to_map(), metadata);
    assert_eq!(received.metadata().is_empty(), metadata.is_empty());
    for (key, value) in metadata.into_iter().take(9) {
        assert_eq!(received.metadata().get(key), Some(value));
    }
    assert!(received.details().eq(error.details()));
}

fn check_round_trip(error: &ApiError) -> ReceivedError {
    let status = Status::from(error);
    check_contract(error, &status);
    let received = status.to_received::<ErrorCode>();
    check_received(error, &received);
    assert_eq!(status.error_code::<ErrorCode>(), error.code());

    // What is sent on is what came, byte for byte.
    let forwarded = received.assume_trusted();
    check_received(&forwarded, &received);
    assert_eq!(forwarded.to_details(), error.to_details());
    assert_eq!(Status::from(forwarded).details(), status.details());

    // The header that proxies see, and the details alone, say the same.
    let header = error.to_details_header();
    assert!(!header.contains(['=', '-', '_']), "unpadded standard base64");
    check_received(error, &ReceivedError::from_details_header(header.as_bytes(), &CATALOG));
    check_received(error, &ReceivedError::from_details(error.to_details(), &CATALOG));
    received
}

#[test]
fn every_code_with_its_default_message() {
    for code in codes() {
        let received = check_round_trip(&ApiError::new(code));
        assert_eq!(received.notes(), []);
        // However the status is made.
        let status = Status::from(code);
        assert_eq!(status.details(), Status::from(ApiError::new(code)).details());
        assert_eq!(
            (status.code(), status.message()),
            (code.grpc_code().into(), code.entry().unwrap().summary)
        );
        assert_eq!(status.error_code(), Some(code));
    }
}

#[test]
fn every_code_with_every_message_metadata_and_detail() {
    let metadatas = metadatas();
    for code in codes() {
        for message in messages() {
            for metadata in &metadatas {
                let mut error = ApiError::new(code).with_message(message);
                for (key, value) in metadata {
                    error = error.with_metadata(key.clone(), value);
                }
                let received = check_round_trip(&error);
                let invalid = |note: &Note| !matches!(note, Note::InvalidParam(_));
                assert!(!received.notes().iter().any(invalid), "{:?}", received.notes());
                check_round_trip(&with_every_detail(error));
            }
        }
    }
}

/// Lengths of one, two and three bytes.
#[test]
fn every_length_of_message_metadata_and_detail() {
    for len in [127, 128, 129, 16_383, 16_384, 100_000] {
        let text = "x".repeat(len);
        let error = ErrorCode::SCOPE_MISSING
            .with_message(text.clone())
            .with_metadata(text.clone(), text.clone())
            .with_metadata("scope", text.clone())
            .with_detail(&Order { id: text, ..Default::default() });
        assert_eq!(check_round_trip(&error).notes(), []);
    }
}

#[test]
fn unlisted_codes_and_codes_of_a_class_too() {
    for number in [400_000, 403_000, 403_099, 418_001, 499_999, 500_000, 599_999] {
        let error = ApiError::new(ErrorCode::from_u32(number).unwrap());
        let received = check_round_trip(&error);
        check_round_trip(&with_every_detail(error.with_message("said").with_metadata("key", "value")));
        let unknown = [Note::UnknownCode(number)];
        assert_eq!(received.notes(), if number % 1000 == 0 { &[][..] } else { &unknown });
    }
    let received = check_round_trip(&ApiError::new(ErrorCode::from_u32(403_099).unwrap()));
    assert_eq!(received.grpc_code(), GrpcCode::PermissionDenied);
    assert_eq!(received.http_status(), 403);
    assert_eq!(received.message(), "Forbidden");
    assert_eq!(received.reason(), "");
}

#[test]
fn every_detail_is_read_as_its_type() {
    fn read<M: Message + Name + Default + PartialEq + std::fmt::Debug>(
        received: &ReceivedError,
        expected: M,
    ) {
        assert_eq!(received.detail::<M>().unwrap().unwrap(), expected);
    }
    let error = with_every_detail(ApiError::new(ErrorCode::VALIDATION_ERROR));
    let received = Status::from(error).to_received::<ErrorCode>();
    let names: Vec<&str> = received.details().map(|detail| detail.type_name()).collect();
    assert_eq!(names, EVERY_DETAIL);
    read(&received, retry_info());
    read(&received, debug_info());
    read(&received, quota_failure());
    read(&received, precondition_failure());
    read(&received, bad_request());
    read(&received, request_info());
    read(&received, resource_info());
    read(&received, help());
    read(&received, localized_message());
    read(&received, order());
    let unknown = received.details().last().unwrap();
    assert_eq!(unknown.type_url(), "example.com/types/some.Unknown");
    assert_eq!(unknown.value(), [0xff, 0x00, 0xfe]);
    assert!(received.detail::<codelibra::pb::ErrorInfo>().is_none(), "the ErrorInfos are not among them");
    assert!(received.detail::<rpc::ErrorInfo>().is_none());
}

/// Our ten types are those of `google/rpc/error_details.proto`, field by field: each is read as the other.
#[test]
fn the_standard_details_are_tonic_types() {
    fn same<A, B>(ours: A, name: &str) -> B
    where
        A: Message + Name + Default + PartialEq + std::fmt::Debug,
        B: Message + Default,
    {
        assert_eq!(A::full_name(), name);
        let theirs = B::decode(ours.encode_to_vec().as_slice()).unwrap();
        // A field that one of them lacks would be lost here.
        assert_eq!(theirs.encoded_len(), ours.encoded_len(), "{name}");
        assert_eq!(A::decode(theirs.encode_to_vec().as_slice()).unwrap(), ours, "{name}");
        theirs
    }
    let info = rpc::ErrorInfo {
        reason: "R".into(),
        domain: "d".into(),
        metadata: HashMap::from([("k".to_owned(), "v".to_owned())]),
    };
    let theirs: google::ErrorInfo = same(info, "google.rpc.ErrorInfo");
    assert_eq!((&*theirs.reason, &*theirs.domain, &*theirs.metadata["k"]), ("R", "d", "v"));
    let theirs: google::RetryInfo = same(retry_info(), EVERY_DETAIL[0]);
    assert_eq!(theirs.retry_delay, retry_info().retry_delay);
    let theirs: google::DebugInfo = same(debug_info(), EVERY_DETAIL[1]);
    assert_eq!((theirs.stack_entries.len(), &*theirs.detail), (2, "why"));
    let theirs: google::QuotaFailure = same(quota_failure(), EVERY_DETAIL[2]);
    assert_eq!(theirs.violations[0].subject, "clientip:192.0.2.1");
    assert_eq!(theirs.violations[0].quota_dimensions["region"], "eu");
    assert_eq!((theirs.violations[0].quota_value, theirs.violations[0].future_quota_value), (-1, Some(0)));
    let theirs: google::PreconditionFailure = same(precondition_failure(), EVERY_DETAIL[3]);
    assert_eq!(theirs.violations[0].r#type, "TOS");
    let theirs: google::BadRequest = same(bad_request(), EVERY_DETAIL[4]);
    assert_eq!(theirs.field_violations[1].field, "user.emails[1].address");
    assert_eq!(theirs.field_violations[1].localized_message.as_ref().unwrap().locale, "fr-CH");
    let theirs: google::RequestInfo = same(request_info(), EVERY_DETAIL[5]);
    assert_eq!(theirs.request_id, "4711");
    let theirs: google::ResourceInfo = same(resource_info(), EVERY_DETAIL[6]);
    assert_eq!((&*theirs.owner, &*theirs.description), ("user:1", "lent"));
    let theirs: google::Help = same(help(), EVERY_DETAIL[7]);
    assert_eq!(theirs.links[1].url, "https://example.com/403003");
    let theirs: google::LocalizedMessage = same(localized_message(), EVERY_DETAIL[8]);
    assert_eq!(theirs.message, "Réessayez à 9 h");
}

/// tonic-types, a client that knows nothing of us, reads the code and every detail.
#[test]
fn tonic_types_reads_what_we_write() {
    use tonic_types::StatusExt;
    for code in codes() {
        let error = ApiError::new(code)
            .with_message("größer")
            .with_metadata("key", "value")
            .with_detail(&bad_request())
            .with_detail(&retry_info());
        let status = Status::from(error);
        let details = status.check_error_details().unwrap();
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, code.reason().unwrap());
        assert_eq!(info.domain, "codelibra");
        assert_eq!(info.metadata["code"], code.as_u32().to_string());
        assert_eq!(info.metadata["key"], "value");
        assert_eq!(details.bad_request().unwrap().field_violations.len(), 2);
        assert_eq!(details.retry_info().unwrap().retry_delay.unwrap().as_secs(), 7);
    }
}

/// And we read what it writes: a google.rpc.ErrorInfo with the code in its metadata.
#[test]
fn what_tonic_types_writes_is_read() {
    use tonic_types::{ErrorDetails, StatusExt};
    for code in codes() {
        let metadata =
            [("code".to_owned(), code.as_u32().to_string()), ("key".to_owned(), "value".to_owned())];
        let mut details = ErrorDetails::with_error_info(code.reason().unwrap(), "codelibra", metadata);
        details.set_request_info("4711", "");
        let status = Status::with_error_details(code.grpc_code().into(), "said", details);
        assert_eq!(status.error_code(), Some(code));
        let received = status.to_received::<ErrorCode>();
        assert_eq!(received.notes(), []);
        assert_eq!(received.code(), Some(code));
        assert_eq!(received.metadata().to_map(), BTreeMap::from([("key", "value")]));
        assert_eq!(received.detail::<rpc::RequestInfo>().unwrap().unwrap().request_id, "4711");
        assert_eq!(received.details().count(), 1);
    }
}

#[test]
fn a_detail_is_sent_once_per_type_and_the_last_counts() {
    let first = rpc::RequestInfo { request_id: "1".into(), ..Default::default() };
    let second = rpc::RequestInfo { request_id: "2".into(), ..Default::default() };
    let error = ErrorCode::NOT_FOUND
        .with_detail(&first)
        .with_detail(&help())
        .with_detail(&second)
        .with_raw_detail("example.com/google.rpc.Help", &[]);
    let names: Vec<&str> = error.details().map(|detail| detail.type_url()).collect();
    assert_eq!(names, ["type.googleapis.com/google.rpc.RequestInfo", "example.com/google.rpc.Help"]);
    let received = check_round_trip(&error);
    assert_eq!(received.detail::<rpc::RequestInfo>().unwrap().unwrap(), second);
    assert_eq!(received.detail::<rpc::Help>().unwrap().unwrap(), rpc::Help::default());
}

#[test]
fn the_error_infos_are_the_errors_own_and_cannot_be_attached() {
    let foreign = rpc::ErrorInfo { reason: "OTHER".into(), ..Default::default() };
    let error = ErrorCode::NOT_FOUND
        .with_detail(&foreign)
        .with_detail(&codelibra::pb::ErrorInfo { code: 403_003, ..Default::default() })
        .with_raw_detail(&format!("example.com/{GOOGLE_ERROR_INFO}"), b"x")
        .with_raw_detail(ERROR_INFO, b"x");
    assert_eq!(error.details().count(), 0);
    check_round_trip(&error);
}

#[test]
fn the_private_cause_is_never_sent() {
    let secret = "password of the database";
    let error = with_every_detail(ErrorCode::UNEXPECTED_ERROR.with_cause(secret));
    assert_eq!(error.source().unwrap().to_string(), secret);
    assert!(!error.to_string().contains(secret), "no chain says a thing twice");
    let status = Status::from(&error);
    assert_eq!(status.source().unwrap().to_string(), secret, "for the server's log");
    let on_the_wire =
        [status.details(), status.message().as_bytes(), error.to_details_header().as_bytes()].concat();
    assert!(!on_the_wire.windows(8).any(|window| secret.as_bytes().starts_with(window)));
    assert!(status.to_received::<ErrorCode>().source().is_none());
    let headers = status.into_http::<String>();
    assert!(!format!("{:?}", headers.headers()).contains("password"));
}

#[test]
fn typed_errors_carry_their_params() {
    let locked_until = "2026-01-31T09:30:00Z".parse().ok();
    let status = Status::from(LockedOut { locked_until });
    assert_eq!(status.error_code(), Some(ErrorCode::LOCKED_OUT));
    assert_eq!(status.decode(), Some(LockedOut { locked_until }));
    assert_eq!(status.to_received::<ErrorCode>().decode(), Some(LockedOut { locked_until }));
    assert_eq!(status.decode::<codelibra::codes::ScopeMissing>(), None);
    // All are optional to a reader.
    assert_eq!(Status::from(ErrorCode::LOCKED_OUT).decode(), Some(LockedOut { locked_until: None }));
    let error = LockedOut { locked_until }.with_message("three wrong passwords");
    check_round_trip(&error);
    let status = Status::from(ErrorCode::LOCKED_OUT.with_metadata("locked_until", "soon"));
    assert_eq!(status.to_received::<ErrorCode>().notes(), [Note::InvalidParam("locked_until")]);
    assert_eq!(status.decode(), Some(LockedOut { locked_until: None }));
}

#[test]
fn display_says_code_reason_and_message_once() {
    let error = ErrorCode::USER_BANNED.with_message("for spam");
    assert_eq!(error.to_string(), "403003 USER_BANNED: for spam");
    assert_eq!(Status::from(error).to_received::<ErrorCode>().to_string(), "403003 USER_BANNED: for spam");
    assert_eq!(Status::not_found("gone").to_received::<ErrorCode>().to_string(), "NOT_FOUND: gone");
    let unlisted = ApiError::new(ErrorCode::from_u32(403_099).unwrap());
    assert_eq!(unlisted.to_string(), "403099: Forbidden");
}

/// What a peer sends that is not this crate, made with prost.
mod foreign {
    use super::*;
    use codelibra::pb::ErrorInfo as Ours;
    use google::ErrorInfo as Google;
    use prost_types::Any;

    fn any(type_url: &str, value: &impl Message) -> Any {
        Any { type_url: type_url.to_owned(), value: value.encode_to_vec() }
    }

    fn ours(code: u32) -> Any {
        let reason = CATALOG.by_code(code).map_or("", |entry| entry.reason).to_owned();
        any(OURS, &Ours { code, domain: "codelibra".into(), reason, ..Default::default() })
    }

    fn googles(domain: &str, reason: &str, code: Option<&str>) -> Any {
        let metadata = code.map(|code| ("code".to_owned(), code.to_owned())).into_iter().collect();
        any(GOOGLES, &Google { domain: domain.into(), reason: reason.into(), metadata })
    }

    fn details(code: Code, message: &str, details: Vec<Any>) -> Bytes {
        google::Status { code: code.into(), message: message.into(), details }.encode_to_vec().into()
    }

    fn status(code: Code, all: Vec<Any>) -> Status {
        Status::with_details(code, "said", details(code, "said", all))
    }

    fn with_field(mut status: Status, field: &str) -> Status {
        status.metadata_mut().insert("codelibra-error-code", field.parse().unwrap());
        status
    }

    /// The received error, after it agreed with the fast way.
    fn received(status: &Status) -> ReceivedError {
        let received = status.to_received::<ErrorCode>();
        assert_eq!(status.error_code::<ErrorCode>(), received.code());
        received
    }

    const DENIED: Code = Code::PermissionDenied;

    #[test]
    fn our_error_info_comes_first() {
        let all = vec![googles("codelibra", "USER_SUSPENDED", Some("403004")), ours(403_003)];
        let received = received(&with_field(status(DENIED, all), "403005"));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(
            received.notes(),
            [
                Note::ContradictingErrorInfo { index: 0 },
                Note::CodeContradiction { taken: 403_003, other: 403_005 }
            ]
        );
        // What contradicts is kept.
        assert_eq!(received.details().count(), 1);
    }

    #[test]
    fn a_field_alone_says_what_its_code_stands_for() {
        for (field, message, expected) in [
            ("403003", "", "This user has been banned."),
            ("403999", "", "Forbidden"),
            ("403003", "said", "said"),
            ("nonsense", "", ""),
        ] {
            let received = received(&with_field(Status::new(DENIED, message), field));
            assert_eq!(received.message(), expected, "{field} {message:?}");
        }
        // Details say a message of their own, an empty one too.
        let details = details(DENIED, "", vec![]);
        let received = received(&with_field(Status::with_details(DENIED, "", details), "403003"));
        assert_eq!(received.message(), "");
    }

    #[test]
    fn then_googles_with_a_code() {
        let all = vec![
            googles("codelibra", "USER_SUSPENDED", None),
            googles("codelibra", "USER_BANNED", Some("403003")),
        ];
        let received = received(&with_field(status(DENIED, all), "403003"));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(received.reason(), "USER_BANNED");
        assert_eq!(received.details().count(), 1, "the other reason is kept");
    }

    #[test]
    fn then_googles_with_a_known_reason_of_the_domain() {
        let received =
            received(&with_field(status(DENIED, vec![googles("codelibra", "USER_BANNED", None)]), "403004"));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(received.notes(), [Note::CodeContradiction { taken: 403_003, other: 403_004 }]);
    }

    #[test]
    fn a_known_reason_of_another_domain_is_no_code_of_ours() {
        for domain in ["", "shop.example.com", "CODELIBRA"] {
            let received = received(&status(DENIED, vec![googles(domain, "USER_BANNED", None)]));
            assert_eq!((received.number(), received.code::<ErrorCode>()), (None, None), "{domain}");
            assert_eq!(received.number_or_class(), 403_000);
            assert_eq!((received.domain(), received.reason()), (domain, "USER_BANNED"));
        }
    }

    #[test]
    fn then_the_ascii_field() {
        let received = received(&with_field(Status::new(DENIED, "said"), "403003"));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!((received.domain(), received.reason()), ("", "USER_BANNED"));
        assert_eq!(received.notes(), []);
        // It is ours when it is sent on.
        assert_eq!(
            received.assume_trusted().to_details(),
            ErrorCode::USER_BANNED.with_message("said").to_details()
        );
    }

    #[test]
    fn else_the_grpc_status_stands_alone() {
        for code in GrpcCode::ALL.into_iter().skip(1) {
            let received = received(&Status::new(code.into(), "said"));
            assert_eq!(
                (received.number(), received.code::<ErrorCode>(), received.entry()),
                (None, None, None)
            );
            assert_eq!((received.grpc_code(), received.message()), (code, "said"));
            assert_eq!(received.notes(), []);
            let class = codelibra::tables::grpc_to_class(code);
            assert_eq!(received.http_status().as_u16(), class);
            assert_eq!(received.number_or_class(), u32::from(class) * 1000);
            assert_eq!(received.assume_trusted().number(), u32::from(class) * 1000);
            assert_eq!(received.assume_trusted().message(), "said");
        }
    }

    #[test]
    fn an_ascii_field_that_is_no_code_is_noted() {
        for field in [
            "",
            "17",
            "403",
            "0403003",
            "600000",
            "399999",
            "403003 ",
            "40300x",
            "4294967295",
            "403003,403003",
        ] {
            let received = received(&with_field(Status::new(DENIED, "said"), field));
            assert_eq!(received.number(), None, "{field}");
            assert_eq!(received.notes(), [Note::InvalidCodeField], "{field}");
        }
    }

    #[test]
    fn a_number_that_is_no_code_is_noted_and_the_next_place_counts() {
        for number in [0, 17, 399_999, 600_000, u32::MAX] {
            let ours = any(OURS, &Ours { code: number, domain: "codelibra".into(), ..Default::default() });
            let received =
                received(&status(DENIED, vec![ours, googles("codelibra", "USER_BANNED", Some("403003"))]));
            assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "{number}");
            assert!(received.notes().contains(&Note::InvalidCode(number.into())), "{:?}", received.notes());
        }
        for text in ["0", "17", "600000", "4294967295", "18446744073709551615"] {
            let received = received(&status(DENIED, vec![googles("codelibra", "USER_BANNED", Some(text))]));
            assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "by its reason");
            assert_eq!(received.notes(), [Note::InvalidCode(text.parse().unwrap())]);
        }
        // Somebody else's use of the key.
        for text in ["", "ABC", "-1", "4e5", "403003x", "18446744073709551616"] {
            let received = received(&status(DENIED, vec![googles("codelibra", "USER_BANNED", Some(text))]));
            assert_eq!(received.code(), Some(ErrorCode::USER_BANNED), "{text}");
            assert_eq!(received.notes(), [], "{text}");
            assert_eq!(received.metadata().get("code"), Some(text), "it is metadata like any other");
        }
    }

    #[test]
    fn type_urls_match_on_what_follows_the_last_slash() {
        for prefix in ["", "/", "type.googleapis.com/", "types.example.com/a/b/", "https://x/", "//"] {
            let mut all = vec![ours(403_003), googles("codelibra", "USER_BANNED", Some("403003"))];
            all[0].type_url = format!("{prefix}{ERROR_INFO}");
            all[1].type_url = format!("{prefix}{GOOGLE_ERROR_INFO}");
            let both = received(&status(DENIED, all.clone()));
            assert_eq!(both.code(), Some(ErrorCode::USER_BANNED), "{prefix}");
            assert_eq!((both.notes(), both.details().count()), (&[][..], 0));
            all.remove(0);
            assert_eq!(received(&status(DENIED, all)).code(), Some(ErrorCode::USER_BANNED), "{prefix}");
        }
        for name in [
            "ErrorInfo",
            "v1.ErrorInfo",
            "xgoogle.rpc.ErrorInfo",
            "google.rpc.ErrorInfo/",
            "GOOGLE.RPC.ERRORINFO",
        ] {
            let mut detail = googles("codelibra", "USER_BANNED", Some("403003"));
            detail.type_url = format!("type.googleapis.com/{name}");
            let received = received(&status(DENIED, vec![detail]));
            assert_eq!(received.number(), None, "{name}");
            assert_eq!(received.details().count(), 1, "{name}");
        }
    }

    #[test]
    fn a_code_of_another_domain_is_not_ours() {
        let domain = "shop.example.com";
        let info =
            Ours { code: 403_003, domain: domain.into(), reason: "SOLD_OUT".into(), ..Default::default() };
        let all = vec![any(OURS, &info), googles(domain, "SOLD_OUT", Some("403003"))];
        let status = with_field(status(DENIED, all), "403003");
        assert_eq!(status.error_code::<ErrorCode>(), None);
        assert_eq!(status.decode::<LockedOut>(), None);
        let received = received(&status);
        assert_eq!((received.number(), received.code::<ErrorCode>()), (Some(403_003), None));
        assert_eq!((received.domain(), received.reason(), received.entry()), (domain, "SOLD_OUT", None));
        assert_eq!(received.http_status(), 403);
        assert_eq!(received.notes(), [Note::ForeignDomain(domain.into())]);
        // It stays theirs when it is sent on.
        let forwarded = received.assume_trusted();
        assert_eq!(
            (forwarded.domain(), forwarded.reason(), forwarded.number()),
            (domain, "SOLD_OUT", 403_003)
        );
        assert_eq!(Status::from(forwarded).details(), status.details());
    }

    #[test]
    fn the_header_wins_over_the_embedded_status() {
        let all = details(Code::NotFound, "embedded", vec![ours(403_003)]);
        let received = received(&Status::with_details(DENIED, "header", all));
        assert_eq!((received.grpc_code(), received.message()), (GrpcCode::PermissionDenied, "header"));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(
            received.notes(),
            [
                Note::GrpcCodeContradiction { header: GrpcCode::PermissionDenied, embedded: 5 },
                Note::MessageContradiction,
            ]
        );
    }

    #[test]
    fn a_grpc_code_that_the_code_does_not_stand_for_is_noted() {
        let received = received(&status(Code::NotFound, vec![ours(403_003)]));
        assert_eq!((received.grpc_code(), received.http_status().as_u16()), (GrpcCode::NotFound, 403));
        let (expected, received_code) = (GrpcCode::PermissionDenied, GrpcCode::NotFound);
        assert_eq!(
            received.notes(),
            [Note::ClassContradiction { code: 403_003, expected, received: received_code }]
        );
    }

    #[test]
    fn ok_with_details_is_noted() {
        let received = received(&status(Code::Ok, vec![ours(403_003)]));
        assert_eq!(received.notes(), [Note::OkWithDetails]);
        assert_eq!(received.http_status(), 403);
    }

    #[test]
    fn details_alone_may_have_any_number_as_grpc_code() {
        for (number, noted) in [(-1, true), (17, true), (i32::MAX, true), (i32::MIN, true), (7, false)] {
            let status =
                google::Status { code: number, message: "said".into(), details: vec![ours(403_003)] };
            let received = ReceivedError::from_details(status.encode_to_vec(), &CATALOG);
            assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
            assert_eq!(received.notes().contains(&Note::InvalidGrpcCode(number.into())), noted, "{number}");
        }
    }

    #[test]
    fn details_without_a_head_are_read() {
        // Some servers put the details alone, without code and message.
        let all = google::Status { details: vec![ours(403_003)], ..Default::default() }.encode_to_vec();
        let received = received(&Status::with_details(DENIED, "said", all.into()));
        assert_eq!((received.code(), received.message()), (Some(ErrorCode::USER_BANNED), "said"));
        assert_eq!(received.notes(), []);
    }

    #[test]
    fn an_empty_header_message_leaves_the_embedded_one() {
        let all = details(DENIED, "embedded", vec![ours(403_003)]);
        let received = received(&Status::with_details(DENIED, "", all));
        assert_eq!(received.message(), "embedded");
        assert_eq!(received.notes(), [Note::MessageContradiction]);
    }

    #[test]
    fn the_same_detail_twice_is_kept_twice() {
        let help = any("type.googleapis.com/google.rpc.Help", &help());
        let received = received(&status(DENIED, vec![ours(403_003), help.clone(), help]));
        assert_eq!(received.details().count(), 2);
        assert_eq!(received.assume_trusted().details().count(), 1);
    }

    #[test]
    fn metadata_that_only_googles_has_is_read() {
        let metadata = [("code", "403005"), ("locked_until", "2026-01-31T09:30:00Z"), ("b", "1"), ("a", "2")];
        let metadata = metadata.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let info = Google { domain: "codelibra".into(), reason: "LOCKED_OUT".into(), metadata };
        let status = status(DENIED, vec![any(GOOGLES, &info)]);
        let received = received(&status);
        let keys: Vec<&str> = received.metadata().to_map().into_keys().collect();
        assert_eq!(keys, ["a", "b", "locked_until"]);
        assert_eq!(received.metadata().get("code"), None);
        assert!(status.decode::<LockedOut>().unwrap().locked_until.is_some());
    }

    #[test]
    fn metadata_that_ours_and_googles_disagree_on_is_ours() {
        let pair = |value: &str| HashMap::from([("k".to_owned(), value.to_owned())]);
        let first = Ours {
            code: 403_003,
            domain: "codelibra".into(),
            reason: "USER_BANNED".into(),
            metadata: pair("ours"),
            ..Default::default()
        };
        let mut metadata = pair("google's");
        metadata.insert("code".into(), "403003".into());
        let second = Google { domain: "codelibra".into(), reason: "USER_BANNED".into(), metadata };
        let received = received(&status(DENIED, vec![any(OURS, &first), any(GOOGLES, &second)]));
        assert_eq!(received.metadata().get("k"), Some("ours"));
        // The other is neither lost nor hidden.
        assert_eq!(received.notes(), [Note::ContradictingErrorInfo { index: 1 }]);
        assert_eq!(received.detail::<rpc::ErrorInfo>().unwrap().unwrap().metadata["k"], "google's");
    }

    #[test]
    fn metadata_that_only_googles_has_beside_ours_is_not_lost() {
        let info = Ours {
            code: 403_003,
            domain: "codelibra".into(),
            reason: "USER_BANNED".into(),
            ..Default::default()
        };
        let metadata = [("code", "403003"), ("trace", "4711")];
        let metadata = metadata.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let second = Google { domain: "codelibra".into(), reason: "USER_BANNED".into(), metadata };
        let received = received(&status(DENIED, vec![any(OURS, &info), any(GOOGLES, &second)]));
        assert_eq!(received.notes(), [Note::ContradictingErrorInfo { index: 1 }]);
        assert_eq!(received.detail::<rpc::ErrorInfo>().unwrap().unwrap().metadata["trace"], "4711");
    }

    #[test]
    fn a_key_code_that_is_no_number_is_not_lost_beside_ours() {
        let all = vec![ours(403_003), googles("codelibra", "USER_BANNED", Some("ABC"))];
        let received = received(&status(DENIED, all));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(received.detail::<rpc::ErrorInfo>().unwrap().unwrap().metadata["code"], "ABC");
    }

    #[test]
    fn metadata_has_no_order() {
        // prost writes its hash maps in any order; many tries meet many orders.
        for _ in 0..20 {
            let map = |i: u32| (0..i).map(|i| (format!("k{i}"), format!("v{i}"))).collect::<HashMap<_, _>>();
            let first = Ours {
                code: 403_003,
                domain: "codelibra".into(),
                reason: "USER_BANNED".into(),
                metadata: map(20),
                ..Default::default()
            };
            let mut metadata = map(20);
            metadata.insert("code".into(), "403003".into());
            let second = Google { domain: "codelibra".into(), reason: "USER_BANNED".into(), metadata };
            let received = received(&status(DENIED, vec![any(OURS, &first), any(GOOGLES, &second)]));
            assert_eq!(received.notes(), []);
            assert_eq!((received.metadata().to_map().len(), received.details().count()), (20, 0));
        }
    }

    #[test]
    fn unknown_fields_are_skipped() {
        // A later version of our message: field 5, 6 and 7 in wire types 2, 5 and 1.
        let mut info =
            Ours { code: 403_003, domain: "codelibra".into(), ..Default::default() }.encode_to_vec();
        info.extend([0x2a, 1, b'x', 0x35, 1, 2, 3, 4, 0x39, 1, 2, 3, 4, 5, 6, 7, 8]);
        let all = details(DENIED, "said", vec![Any { type_url: OURS.into(), value: info }]);
        let received = received(&Status::with_details(DENIED, "said", all));
        assert_eq!(received.code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(received.notes(), []);
    }
}
