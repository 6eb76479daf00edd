//! The limit of allocations for reading a body: eight times its length, and a constant for one detail.

use allocation_counter::measure;
use codelibra::codes::LockedOut;
use codelibra::http::{DetailTypes, Form, MAX_BODY, MAX_DETAIL, Reader, write_body};
use codelibra::{ApiError, ErrorCode, ReceivedError, rpc};

/// The allowance in bytes for one detail as a reflected message, and for the notes.
const CONSTANT: u64 = 1024 * 1024;

fn read(body: &[u8]) -> ReceivedError {
    Reader::new::<ErrorCode>().read_body(body)
}

/// Returns comma-joined pieces between two other texts, of at least `len` bytes.
fn repeated(before: &str, piece: &str, after: &str, len: usize) -> Vec<u8> {
    let many = vec![piece; len / piece.len()].join(",");
    [before, &many, after].concat().into_bytes()
}

fn bodies(len: usize) -> Vec<(&'static str, Vec<u8>)> {
    let text = |before: &str, piece: &str, after: &str| {
        [before, &piece.repeat(len / piece.len()), after].concat().into_bytes()
    };
    let base64 = "QUJD".repeat(len / 4);
    // More values than the reader reads in one detail.
    let some = |piece: &str, most: usize| vec![piece; most.min(len / piece.len())].join(",");
    let known = format!(r#"{{"@type":"a/google.rpc.BadRequest","fieldViolations":[{}]}}"#, some("{}", 4_090));
    let buffered =
        format!(r#"{{"fieldViolations":[{}],"@type":"a/google.rpc.BadRequest"}}"#, some("{}", 4_090));
    let long = format!(
        r#"{{"@type":"a/google.rpc.DebugInfo","detail":"{}"}}"#,
        r"\n".repeat(len.min(MAX_DETAIL - 60) / 2)
    );
    let list = format!(r#"{{"@type":"a/google.protobuf.Value","value":[{}]}}"#, some("1", 1_000));
    let lists = format!(r#"{{"value":[{}],"@type":"a/google.protobuf.Value"}}"#, some("[[]]", 300));
    let keys = |most: usize| {
        let pairs: Vec<_> = (0..most.min(len / 8)).map(|i| format!(r#""{i}":"""#)).collect();
        pairs.join(",")
    };
    let quota = format!(
        r#"{{"@type":"a/google.rpc.QuotaFailure","violations":[{{"quotaDimensions":{{{}}}}}]}}"#,
        keys(5_500)
    );
    let object = format!(r#"{{"@type":"a/google.protobuf.Struct","value":{{{}}}}}"#, keys(1_000));
    let too_many = format!(r#"{{"@type":"a/google.protobuf.Value","value":[{}]}}"#, some("1", len));
    let utf16: Vec<u8> = text(r#"{"code":403003,"message":""#, "☃", "\"}")
        .utf8_chunks()
        .flat_map(|chunk| chunk.valid().encode_utf16().collect::<Vec<_>>())
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut invalid = text(r#"{"code":403003,"message":""#, "x", "\"}");
    for byte in invalid.iter_mut().filter(|byte| **byte == b'x') {
        *byte = 0xff;
    }
    let whole = |detail: &str| format!(r#"{{"code":403003,"details":[{detail}]}}"#).into_bytes();
    vec![
        ("noise", (0_u32..).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).take(len).collect()),
        ("text", vec![b'x'; len]),
        ("nested arrays", vec![b'['; len]),
        ("nested objects", text("", r#"{"a":"#, "")),
        ("nested in a member", text(r#"{"code":403003,"details":"#, "[", "")),
        ("long message", text(r#"{"code":403003,"message":""#, "x", "\"}")),
        ("long escaped message", text(r#"{"code":403003,"message":""#, r"\n", "\"}")),
        ("long message with half pairs", text(r#"{"code":403003,"message":""#, r"\ud800", "\"}")),
        ("long message of invalid UTF-8", invalid),
        ("long message in UTF-16", utf16),
        ("long reason", text(r#"{"code":403003,"reason":""#, r"\n", "\"}")),
        ("long domain", text(r#"{"code":403003,"domain":""#, r"\n", "\"}")),
        ("long request id", text(r#"{"code":403003,"requestId":""#, r"\n", "\"}")),
        ("many metadata", repeated(r#"{"code":403003,"metadata":{"#, r#""":"""#, "}}", len)),
        ("many metadata of the wrong type", repeated(r#"{"code":403003,"metadata":{"#, r#""":1"#, "}}", len)),
        ("long metadata", text(r#"{"code":403003,"metadata":{"a":""#, r"\n", "\"}}")),
        ("Kratos", repeated(r#"{"code":403,"reason":"A","metadata":{"#, r#""":"""#, "}}", len)),
        ("problem", repeated(r#"{"type":"a","title":"b","#, r#""":1"#, "}", len)),
        ("members twice", repeated("{", r#""code":1"#, "}", len)),
        (
            "many unknown details",
            repeated(r#"{"code":7,"details":["#, r#"{"@type":"a/b","value":""}"#, "]}", len),
        ),
        (
            "many ErrorInfos",
            repeated(r#"{"code":7,"details":["#, r#"{"@type":"a/google.rpc.ErrorInfo"}"#, "]}", len),
        ),
        (
            "many empty details",
            repeated(r#"{"code":7,"details":["#, r#"{"@type":"a/google.rpc.Help"}"#, "]}", len),
        ),
        ("many details of no type", repeated(r#"{"code":7,"details":["#, "{}", "]}", len)),
        ("long base64", whole(&format!(r#"{{"@type":"a/b","value":"{base64}"}}"#))),
        (
            "long escaped base64",
            whole(&format!(r#"{{"@type":"a/b","value":"{}"}}"#, base64.replace('Q', r"\u0051"))),
        ),
        ("long Connect value", whole(&format!(r#"{{"type":"b","value":"{base64}"}}"#))),
        ("a detail of many messages", whole(&known)),
        ("a detail whose type comes last", whole(&buffered)),
        ("a detail of a long text", whole(&long)),
        ("a detail of many values", whole(&list)),
        ("a detail of many lists, whose type comes last", whole(&lists)),
        ("a detail of a map", whole(&quota)),
        ("a detail of an object", whole(&object)),
        ("a detail of too many values", whole(&too_many)),
        ("many such details", repeated(r#"{"code":403003,"details":["#, &known, "]}", len.max(known.len()))),
    ]
}

#[test]
fn reading_allocates_eight_times_the_body_at_most() {
    // The types are read once, and the index of the catalogue is created once.
    read(br#"{"code":403003,"details":[{"@type":"a/google.rpc.Help"}]}"#);
    for len in [1_000, MAX_BODY] {
        for (name, body) in bodies(len) {
            let used = measure(|| drop(read(&body))).bytes_max;
            let body = u64::try_from(body.len()).unwrap_or(u64::MAX);
            assert!(used <= 8 * body + CONSTANT, "{name} of {body} bytes takes {used}");
        }
    }
}

#[test]
fn a_long_body_takes_no_more_than_the_limit() {
    for (name, body) in bodies(2 * MAX_BODY) {
        let used = measure(|| drop(read(&body))).bytes_max;
        let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX);
        assert!(used <= 8 * limit + CONSTANT, "{name} takes {used}");
    }
}

/// The body takes one allocation, and so does each base64 text. Reflection would take dozens, and is not used, even for the
/// RequestInfo that the server layer attaches to every error.
#[test]
fn a_body_without_other_details_takes_few_allocations() {
    let types = DetailTypes::standard();
    let locked = LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
    let error = locked.with_message("three wrong passwords");
    let id = rpc::RequestInfo { request_id: "bf82f287b042e91a".into(), ..Default::default() };
    let identified = error.clone().with_detail(&id);
    // The index of the catalogue is created once.
    drop(read(&write_body(Form::Native, &error, types)));
    for form in Form::ALL {
        let count = |error: &ApiError| {
            let mut body = Vec::new();
            let written = measure(|| body = write_body(form, error, types)).count_total;
            (written, measure(|| drop(read(&body))).count_total)
        };
        let most = if form == Form::Connect { [(5, 8), (8, 10)] } else { [(2, 4), (4, 6)] };
        for (error, (written, received)) in [&error, &identified].into_iter().zip(most) {
            let counted = count(error);
            assert!(counted.0 <= written && counted.1 <= received, "{form}: {counted:?}");
        }
    }
}
