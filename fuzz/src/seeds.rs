//! The first inputs of the targets: the bad input and the hostile upstream of the tests, and the golden bodies.

use bytes::Bytes;
use codelibra::codes::LockedOut;
use codelibra::{ApiError, ErrorCode};

use crate::answer::Answer;
use crate::oracle::CANARY;

#[path = "../../tests/bad/mod.rs"]
pub(crate) mod bad;
#[allow(clippy::as_conversions, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/hostile/cases.rs"]
mod cases;
#[allow(clippy::as_conversions, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/hostile/upstream.rs"]
mod upstream;

use upstream::Part;

/// The longest seed, in bytes. Larger ones slow every target down; the tests run them.
const MAX_SEED: usize = 16 << 10;

fn small(seeds: impl IntoIterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.into_iter().filter(|seed| seed.len() <= MAX_SEED).collect()
}

/// Returns values of `grpc-status-details-bin`.
pub(crate) fn headers() -> Vec<Vec<u8>> {
    let statuses = bad::statuses().into_iter().map(|(_, status)| bad::base64(&status).into_bytes());
    let full = [bad::base64(&bad::full_status()).into_bytes()];
    small(bad::headers().into_iter().map(|(_, header)| header).chain(statuses).chain(full))
}

/// Returns encoded statuses.
pub(crate) fn statuses() -> Vec<Vec<u8>> {
    small(bad::statuses().into_iter().map(|(_, status)| status).chain([bad::full_status()]))
}

/// Returns the answers of the hostile upstream of the tests, and failures that contain the canary.
pub(crate) fn answers() -> Vec<Vec<u8>> {
    let all = [
        cases::details_cases(),
        cases::status_cases(),
        cases::ok_cases(),
        cases::message_cases(),
        cases::http_cases(),
        cases::stream_cases(),
    ];
    let scripts =
        all.into_iter().flatten().flat_map(|case| case.scripts).map(|(_, script)| from_script(script));
    small(scripts.chain(private()).map(|answer| answer.write()))
}

fn from_script(script: Vec<Part>) -> Answer {
    let mut answer = Answer::default();
    for part in script {
        match part {
            Part::Headers(status, fields) | Part::HeadersOnly(status, fields) => {
                answer.http_status = status;
                answer = fields.into_iter().fold(answer, |answer, (name, value)| answer.header(name, &value));
            }
            Part::Data(data) | Part::LastData(data) => answer.data.push(Bytes::from(data)),
            Part::Trailers(fields) => {
                answer =
                    fields.into_iter().fold(answer, |answer, (name, value)| answer.trailer(name, &value));
            }
            // Other kinds of parts end the stream without trailers.
            _ => answer.breaks = true,
        }
    }
    answer
}

/// Returns failures that contain the canary in places that must not be sent.
fn private() -> Vec<Answer> {
    let debug = codelibra::rpc::DebugInfo { detail: CANARY.into(), ..Default::default() };
    let errors: [ApiError; 4] = [
        ErrorCode::UNEXPECTED_ERROR.with_message(CANARY),
        ErrorCode::USER_BANNED.with_detail(&debug),
        LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() }.with_message("three tries"),
        ErrorCode::QUERY_ERROR.with_message(CANARY).with_detail(&debug),
    ];
    let grpc =
        || Answer { http_status: 200, ..Answer::default() }.header("content-type", b"application/grpc");
    let message = || Bytes::from_static(upstream::MESSAGE);
    let mut answers = Vec::new();
    for error in errors {
        let status = error.grpc_code().number().to_string();
        let details = error.to_details_header();
        let in_headers = grpc().header("grpc-status", status.as_bytes());
        answers.push(in_headers.header("grpc-status-details-bin", details.as_bytes()));
        let mut late = grpc();
        late.data.push(message());
        let late = late.trailer("grpc-status", status.as_bytes());
        answers.push(late.trailer("grpc-status-details-bin", details.as_bytes()));
    }
    answers.push(grpc().header("grpc-status", b"5").header("grpc-message", CANARY.as_bytes()));
    answers.push(grpc().header("grpc-status", b"0").trailer("grpc-status-details-bin", b"!"));
    answers.push(grpc().trailer("grpc-status", b"13").trailer("grpc-message", CANARY.as_bytes()));
    answers
}

/// Returns bodies of HTTP errors: the golden files of the tests, the forms of other systems, and streams of both.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/http");
    let files = std::fs::read_dir(folder).expect("the golden files").map(|file| file.expect("a file").path());
    let mut bodies: Vec<Vec<u8>> =
        files.filter(|path| path.is_file()).map(|path| std::fs::read(path).expect("a golden file")).collect();
    bodies.sort();
    bodies.extend(
        [
            &br#"[{"error":{"code":403,"message":"m","status":"PERMISSION_DENIED","details":[]}}]"#[..],
            br#"{"code":403,"reason":"USER_BANNED","message":"m","metadata":{"a":"b"}}"#,
            br#"{"type":"https://a.example/p","title":"no","detail":"cAnArY","status":404}"#,
            b"<html><h1>503 Service Unavailable</h1></html>",
            b"{\"result\":1}\n{\"error\":{\"code\":403003,\"message\":\"m\"}}\n",
            b"data: {\"item\":1}\n\nevent: error\ndata: {\"code\":403003}\n\n",
            b"\xef\xbb\xbfdata: 1\r\rdata: 2\r\n\r\nevent: end\ndata: {}\n\n",
        ]
        .map(<[u8]>::to_vec),
    );
    small(bodies)
}

/// Returns catalogues in proto: the one of the shop, and those of the tests of the rules.
pub(crate) fn catalogs() -> Vec<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let cases = std::fs::read_dir(format!("{root}/build/tests/cases")).expect("the cases of the rules");
    let mut paths: Vec<_> = cases.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    paths.push(format!("{root}/tests/fixtures/shop/proto/shop/v1/errors.proto").into());
    paths.sort();
    small(paths.into_iter().map(|path| std::fs::read(path).expect("a proto")))
}

/// Returns noise, for targets that build valid input from it.
pub(crate) fn noise() -> Vec<Vec<u8>> {
    let noise = bad::noise(8 << 10);
    [64, 256, 1 << 10, 8 << 10].map(|len| noise[..len].to_vec()).into()
}
