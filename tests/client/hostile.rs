//! An upstream with every fault, with the client layer and, as a control, without it. `hostile/README.md` contains the table of the
//! results.

use std::fmt::{self, Write};
use std::time::Duration;

use codelibra::client::{ClientLayer, is_marked};
use codelibra::{ErrorCode, GrpcCode, Note, ReceivedError, StatusCodeExt};
use http::uri::PathAndQuery;
use tonic::client::{Grpc, GrpcService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use tower::Layer;

use crate::cases;
use crate::cases::{Case, Place};
use crate::upstream;
use crate::upstream::{Gate, Part, Script};

#[derive(Clone, PartialEq, prost::Message)]
struct Item {
    #[prost(string, tag = "1")]
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Unary,
    ClientStream,
    ServerStream,
    Bidi,
}

impl Kind {
    /// Whether an answer may be without a message.
    fn streams(self) -> bool {
        matches!(self, Self::ServerStream | Self::Bidi)
    }
}

const KINDS: [Kind; 4] = [Kind::Unary, Kind::ClientStream, Kind::ServerStream, Kind::Bidi];

async fn call<S>(service: S, kind: Kind) -> Result<Vec<Item>, Status>
where
    S: GrpcService<tonic::body::Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut grpc = Grpc::new(service);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = PathAndQuery::from_static("/hostile.Hostile/Call");
    let codec = ProstCodec::<Item, Item>::default();
    let many = || Request::new(tokio_stream::iter([Item::default(), Item::default()]));
    let one = || Request::new(Item::default());
    let mut stream = match kind {
        Kind::Unary => return Ok(vec![grpc.unary(one(), path, codec).await?.into_inner()]),
        Kind::ClientStream => {
            return Ok(vec![grpc.client_streaming(many(), path, codec).await?.into_inner()]);
        }
        Kind::ServerStream => grpc.server_streaming(one(), path, codec).await?.into_inner(),
        Kind::Bidi => grpc.streaming(many(), path, codec).await?.into_inner(),
    };
    let mut items = Vec::new();
    while let Some(item) = stream.message().await? {
        items.push(item);
    }
    Ok(items)
}

/// The result that a caller sees.
#[derive(Debug)]
enum Seen {
    Ok,
    Failed(Box<Status>),
    Panicked,
}

/// The result of a call, and whether an innocent call on the same connection succeeded.
struct Outcome {
    seen: Seen,
    innocent: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stack {
    Bare,
    Layered,
}

/// A limit above the headers of every case. `None` is hyper's default, 16 KiB.
const ROOMY: Option<u32> = Some(1 << 20);

async fn run(script: &Script, kind: Kind, stack: Stack, header_list: Option<u32>) -> Outcome {
    let gate = Gate::new();
    let address = upstream::start(script.clone(), gate.clone()).await;
    let mut endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    if let Some(size) = header_list {
        endpoint = endpoint.http2_max_header_list_size(size);
    }
    let channel = endpoint.connect().await.unwrap();

    let innocent = tokio::spawn(call(channel.clone(), Kind::Unary));
    gate.seen.acquire().await.unwrap().forget();
    let hostile = match stack {
        Stack::Bare => tokio::spawn(call(channel, kind)),
        Stack::Layered => tokio::spawn(call(layered(channel), kind)),
    };
    // This limit is for failures only: no case waits for time to pass.
    let seen = match tokio::time::timeout(Duration::from_secs(20), hostile).await.expect("the call hangs") {
        Ok(Ok(_)) => Seen::Ok,
        Ok(Err(status)) => Seen::Failed(Box::new(status)),
        Err(error) => {
            assert!(error.is_panic());
            Seen::Panicked
        }
    };
    gate.go.add_permits(1);
    let innocent =
        tokio::time::timeout(Duration::from_secs(20), innocent).await.expect("the innocent call hangs");
    Outcome { seen, innocent: innocent.unwrap().is_ok() }
}

fn layered(channel: Channel) -> codelibra::client::ClientService<Channel> {
    ClientLayer::new::<ErrorCode>().layer(channel)
}

fn roomy_cases() -> Vec<Case> {
    [
        cases::details_cases(),
        cases::status_cases(),
        cases::message_cases(),
        cases::malformed_cases(),
        cases::http_cases(),
        cases::stream_cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs the four kinds of call at the same time.
async fn run_kinds(script: &Script, stack: Stack, header_list: Option<u32>) -> [(Kind, Outcome); 4] {
    let run = async |kind| (kind, run(script, kind, stack, header_list).await);
    let [a, b, c, d] = KINDS;
    tokio::join!(run(a), run(b), run(c), run(d)).into()
}

#[tokio::test]
async fn no_answer_of_an_upstream_harms_a_client_with_the_layer() {
    let mut problems = Vec::new();
    // If the limit of the headers is high enough, large details are received like small ones.
    let large = cases::oversize_cases().into_iter().map(|case| Case { closes: false, ..case });
    for case in roomy_cases().into_iter().chain(large) {
        for (place, script) in &case.scripts {
            for (kind, outcome) in run_kinds(script, Stack::Layered, ROOMY).await {
                let mut problem =
                    |what: String| problems.push(format!("{} in {place:?}, {kind:?}: {what}", case.name));
                if !outcome.innocent && !case.closes {
                    problem("an innocent call fails".into());
                }
                match &outcome.seen {
                    Seen::Failed(status) => check(&case, status, problem),
                    other => problem(format!("{other:?}")),
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn check(case: &Case, status: &Status, mut problem: impl FnMut(String)) {
    if i32::from(status.code()) != i32::from(case.expect) {
        problem(format!("gRPC code {:?} instead of {}: {status}", status.code(), case.expect));
    }
    if !is_marked(status) {
        problem("not marked".into());
    }
    if status.message().contains("html") || status.message().contains("secret") {
        problem(format!("the message is {:?}", status.message()));
    }
    let error: ReceivedError = status.to_received::<ErrorCode>();
    if case.coded && error.code() != Some(ErrorCode::USER_BANNED) {
        problem(format!("the code is {:?}", error.number()));
    }
    let notes: Vec<String> = error.notes().iter().map(ToString::to_string).collect();
    let noted = |text: &str| notes.iter().any(|note| note.contains(text));
    if !noted(case.note) && !case.note.is_empty() {
        problem(format!("the notes are {notes:?}"));
    }
    if noted("evil") {
        problem("the mark of a peer is believed".into());
    }
    // Every method of the received error returns without a panic.
    let _ = (error.retry_advice(), error.assume_trusted(), error.request_id(), error.listed_number());
}

/// The layer cannot restore fields above hyper's limit: a note reports that they are lost, and the ASCII field gives the code.
#[tokio::test]
async fn details_that_the_transport_removed_are_noted() {
    for case in cases::oversize_cases() {
        for (place, script) in &case.scripts {
            for (kind, outcome) in run_kinds(script, Stack::Layered, None).await {
                let at = format!("{} in {place:?}, {kind:?}", case.name);
                let Seen::Failed(status) = outcome.seen else { panic!("{at}: {:?}", outcome.seen) };
                let error: ReceivedError = status.to_received::<ErrorCode>();
                assert_eq!(outcome.innocent, !case.closes, "{at}");
                if case.name.contains("12 kB") {
                    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{at}");
                } else if case.name == "details of 20 kB after grpc-status" && *place != Place::Headers {
                    assert_eq!(status.code(), tonic::Code::PermissionDenied, "{at}");
                    assert_eq!(error.code(), Some(ErrorCode::USER_BANNED), "{at}");
                    assert!(error.notes().contains(&Note::DetailsLost), "{at}: {error:?}");
                } else {
                    assert!(error.is_synthesized(), "{at}: {error:?}");
                }
            }
        }
    }
}

/// An OK is not changed. tonic itself fails a unary call without a message.
#[tokio::test]
async fn an_ok_with_details_is_read_as_an_ok() {
    for case in cases::ok_cases() {
        for (place, script) in &case.scripts {
            let has_message = script.iter().any(|part| matches!(part, Part::Data(_) | Part::LastData(_)));
            for (kind, outcome) in run_kinds(script, Stack::Layered, ROOMY).await {
                let at = format!("{} in {place:?}, {kind:?}: {:?}", case.name, outcome.seen);
                assert!(outcome.innocent, "{at}");
                match outcome.seen {
                    Seen::Ok => assert!(has_message || kind.streams(), "{at}"),
                    Seen::Failed(status) => {
                        assert!(!has_message && !kind.streams(), "{at}");
                        assert_eq!(status.message(), "Missing response message.", "{at}");
                    }
                    Seen::Panicked => panic!("{at}"),
                }
            }
        }
    }
}

/// The control, without the layer. If tonic has repaired one of these faults, the test above no longer proves that the layer repairs
/// it.
#[tokio::test]
async fn without_the_layer_a_client_is_harmed() {
    let harms = [
        ("details: not base64", Place::Headers, "panics"),
        ("details: not base64", Place::LateTrailers, "panics"),
        ("details: URL-safe", Place::Trailers, "panics"),
        ("details: joined by a comma", Place::Trailers, "panics"),
        ("details: bits left over", Place::Trailers, "panics"),
        ("grpc-status: `3,3`", Place::Trailers, "UNKNOWN, 403003"),
        ("grpc-status: two values, 0 and 5", Place::LateTrailers, "OK"),
        ("grpc-status: 0 in headers, 7 after a message", Place::Stream, "OK"),
        ("grpc-status: 0, with details that are not base64", Place::LateTrailers, "panics"),
        ("grpc-status: 0, with grpc-message `%FF`", Place::LateTrailers, "UNKNOWN"),
        ("grpc-message: `%FF%FE`", Place::Trailers, "UNKNOWN, 403003"),
        ("grpc-message: none, and an unknown grpc-encoding", Place::Headers, "UNIMPLEMENTED"),
        ("HTTP 503 with HTML", Place::Stream, "INTERNAL"),
        ("grpc-status: lost, the details are there", Place::Trailers, "UNKNOWN"),
    ];
    let cases: Vec<Case> = roomy_cases().into_iter().chain(cases::ok_cases()).collect();
    for (name, place, harm) in harms {
        let case = cases.iter().find(|case| case.name == name).expect(name);
        let (_, script) = case.scripts.iter().find(|(at, _)| *at == place).expect(name);
        let outcome = run(script, Kind::Unary, Stack::Bare, ROOMY).await;
        assert_eq!(outcome.to_string(), harm, "{name} in {place:?}");
    }
}

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile/README.md");

/// `UPDATE_README=1` writes it.
#[tokio::test]
async fn the_readme_contains_the_table_of_the_results() {
    let text = std::fs::read_to_string(README).unwrap();
    let (before, rest) = text.split_once("<!-- table -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end of table -->").unwrap();
    let table = table().await;
    let expected = format!("{before}<!-- table -->\n{table}<!-- end of table -->{after}");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(README, &expected).unwrap();
    }
    assert_eq!(std::fs::read_to_string(README).unwrap(), expected);
}

async fn table() -> String {
    let mut table = String::from("| sent | where | tonic alone | with the layer |\n|---|---|---|---|\n");
    let roomy = roomy_cases().into_iter().chain(cases::ok_cases()).map(|case| (case, ROOMY));
    let oversize = cases::oversize_cases().into_iter().map(|case| (case, None));
    for (case, header_list) in roomy.chain(oversize) {
        let mut rows: Vec<(Vec<&str>, String)> = Vec::new();
        for (place, script) in &case.scripts {
            let bare = run(script, Kind::Unary, Stack::Bare, header_list).await;
            let layered = run(script, Kind::Unary, Stack::Layered, header_list).await;
            let outcome = format!("{bare} | {layered}");
            match rows.iter_mut().find(|(_, seen)| *seen == outcome) {
                Some((places, _)) => places.push(place.name()),
                None => rows.push((vec![place.name()], outcome)),
            }
        }
        for (places, outcome) in rows {
            writeln!(table, "| {} | {} | {outcome} |", case.name, places.join(", ")).unwrap();
        }
    }
    table
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.seen {
            Seen::Ok => f.write_str("OK")?,
            Seen::Panicked => f.write_str("panics")?,
            Seen::Failed(status) => {
                write!(f, "{}", GrpcCode::from(status.code()))?;
                let code: Option<ErrorCode> = status.error_code();
                if let Some(code) = code {
                    write!(f, ", {}", code.as_u32())?;
                }
            }
        }
        if !self.innocent {
            f.write_str("; the connection ends")?;
        }
        Ok(())
    }
}
