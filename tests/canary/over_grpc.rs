//! Private text in real calls of a tonic service: causes, errors behind `?`, fields, panics, and errors that were received
//! through a client layer. No caller receives it, and it is in the log once, with the request id that the caller received.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::support::{End, KINDS, Kind, Log, Script, Test, call, check, serve, serve_bare};
use codelibra::client::ClientLayer;
use codelibra::codes::ScopeMissing;
use codelibra::rpc::bad_request::FieldViolation;
use codelibra::rpc::help::Link;
use codelibra::rpc::{BadRequest, DebugInfo, Help, RequestInfo};
use codelibra::server::ServerLayer;
use codelibra::{ApiError, Boundary, Catalog, ErrorCode, StatusCodeExt};
use tonic::{Code, Request, Status};
use tower_layer::Layer;

const CANARY: &str = "cAnArY-7f3e /srv/db-3.internal select * from users";

/// An error with the private text in its `Debug`, and in its `Display` if `display` is set.
struct Private {
    display: bool,
    source: Option<Box<Private>>,
}

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.display { CANARY } else { "a query failed" })
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CANARY)
    }
}

impl std::error::Error for Private {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

#[derive(Debug, thiserror::Error, ApiError)]
#[error("{CANARY}: {0}")]
#[code(QUERY_ERROR)]
struct Domain(u32);

/// Where the private text is, and whether it has to be in the log.
type Case = (&'static str, Logged, Arc<dyn Fn() -> End + Send + Sync>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logged {
    Once,
    /// A `Debug`, which is not printed, and values of fields, which may be credentials.
    Never,
}

fn case(name: &'static str, logged: Logged, status: impl Fn() -> Status + Send + Sync + 'static) -> Case {
    (name, logged, Arc::new(move || End::Fail(status())))
}

fn own_failures() -> Vec<Case> {
    use Logged::{Never, Once};
    let caused = |display: bool, depth: usize| {
        move || {
            let mut error = Private { display, source: None };
            for _ in 0..depth {
                error = Private { display: false, source: Some(Box::new(error)) };
            }
            Status::from(ErrorCode::UNEXPECTED_ERROR.with_cause(error))
        }
    };
    let mut cases = vec![
        case("the cause's Display", Once, caused(true, 0)),
        case("the cause's Debug", Never, caused(false, 0)),
        case("the source of the cause", Once, caused(true, 1)),
        case("a source three deep", Once, caused(true, 3)),
        case("the cause of a 4xx", Once, || {
            ErrorCode::VALIDATION_ERROR
                .with_message("name is empty")
                .with_cause(Private { display: true, source: None })
                .into()
        }),
        case("the Display of a derived error", Once, || Domain(17).into()),
        case("the message of a 5xx", Once, || ErrorCode::UNEXPECTED_ERROR.with_message(CANARY).into()),
        case("the message of a status without a code", Once, || Status::invalid_argument(CANARY)),
        case("the details of a status without a code", Once, || {
            let info = ApiError::new(ErrorCode::NOT_FOUND).with_detail(&debug_info());
            let only_debug = Status::from(info);
            let details = tonic_types::pb::Status::default();
            let mut details = prost::Message::encode_to_vec(&details);
            let error = only_debug.to_received::<ErrorCode>();
            for detail in error.details() {
                let any =
                    prost_types::Any { type_url: detail.type_url().into(), value: detail.value().into() };
                prost::encoding::message::encode(3, &any, &mut details);
            }
            Status::with_details(Code::NotFound, "gone", details.into())
        }),
        case("the ErrorInfo of another service, without a code", Once, || {
            let metadata = [("host".to_owned(), CANARY.to_owned())].into();
            let info = tonic_types::pb::ErrorInfo { reason: "DOWN".into(), metadata, ..Default::default() };
            let type_url = "type.googleapis.com/google.rpc.ErrorInfo".into();
            let any = prost_types::Any { type_url, value: prost::Message::encode_to_vec(&info) };
            let status = tonic_types::pb::Status { code: 5, message: "gone".into(), details: vec![any] };
            Status::with_details(Code::NotFound, "gone", prost::Message::encode_to_vec(&status).into())
        }),
        case("DebugInfo", Once, || ErrorCode::NOT_FOUND.with_detail(&debug_info()).into()),
        case("a field", Never, || {
            let mut status = Status::from(ErrorCode::NOT_FOUND);
            status.metadata_mut().insert("authorization", CANARY.parse().unwrap());
            status.metadata_mut().insert("set-cookie", CANARY.parse().unwrap());
            status
        }),
        // tonic keeps the error as the source, and its text as the message.
        case("an error in tonic's from_error", Once, || {
            Status::from_error(Box::new(Private { display: true, source: None }))
        }),
        case("a message, and a source with the same text", Once, || {
            let mut status = Status::internal(CANARY);
            status.set_source(Arc::new(Private { display: true, source: None }));
            status
        }),
        ("a panic", Once, Arc::new(|| End::Panic(CANARY.into()))),
    ];
    for kind in [
        std::io::ErrorKind::NotFound,
        std::io::ErrorKind::PermissionDenied,
        std::io::ErrorKind::InvalidInput,
        std::io::ErrorKind::TimedOut,
        std::io::ErrorKind::Other,
    ] {
        // As `?` in a handler makes it.
        cases.push(case("an io::Error behind ?", Once, move || std::io::Error::new(kind, CANARY).into()));
    }
    cases
}

fn debug_info() -> DebugInfo {
    DebugInfo { stack_entries: vec![], detail: CANARY.into() }
}

/// Statuses that a service without a layer sends, received through the client layer, and then returned with `?`.
async fn received_failures() -> Vec<Case> {
    use Logged::{Never, Once};
    let foreign = Catalog::leak("upstream.example.com", "", vec![], vec![]);
    let help = Help { links: vec![Link { url: CANARY.into(), ..Default::default() }] };
    let fields = || {
        let mut status = Status::from(ErrorCode::USER_BANNED);
        status.metadata_mut().insert("x-internal-host", CANARY.parse().unwrap());
        status
    };
    let violation = FieldViolation { description: CANARY.into(), ..Default::default() };
    let request = BadRequest { field_violations: vec![violation] };
    let upstream: Vec<(&'static str, Logged, Status)> = vec![
        ("an upstream's message", Once, ErrorCode::USER_BANNED.with_message(CANARY).into()),
        ("an upstream's 5xx message", Once, ErrorCode::UNEXPECTED_ERROR.with_message(CANARY).into()),
        ("an upstream's detail", Once, ErrorCode::USER_BANNED.with_detail(&help).into()),
        ("an upstream's violation", Once, ErrorCode::VALIDATION_ERROR.with_detail(&request).into()),
        ("an upstream's text parameter", Once, ScopeMissing { scope: Some(CANARY.into()) }.into()),
        (
            "an upstream's undeclared metadata",
            Once,
            ErrorCode::USER_BANNED.with_metadata("host", CANARY).into(),
        ),
        ("an upstream's field", Never, fields()),
        (
            "a foreign domain's message",
            Once,
            ApiError::from_catalog(foreign, 403_003).unwrap().with_message(CANARY).into(),
        ),
        (
            "a foreign domain's metadata",
            Once,
            ApiError::from_catalog(foreign, 404_003).unwrap().with_metadata("k", CANARY).into(),
        ),
        ("an upstream's status without a code", Once, Status::not_found(CANARY)),
        ("an upstream's unavailability", Once, Status::unavailable(CANARY)),
    ];
    let statuses: Arc<Vec<Status>> = Arc::new(upstream.iter().map(|(_, _, status)| status.clone()).collect());
    let service = Test::new(move |index| Script::fail(statuses[index.parse::<usize>().unwrap()].clone()));
    let channel = serve_bare(service).await;
    let channel = ClientLayer::new::<ErrorCode>().layer(channel);

    let mut cases = Vec::new();
    for (index, (name, logged, _)) in upstream.into_iter().enumerate() {
        for kind in [Kind::Unary, Kind::Bidi] {
            let (_, end) = call(channel.clone(), kind, Request::new(index.to_string())).await;
            let status = end.unwrap_err();
            assert!(contains(&status, CANARY), "{name}: the text has to be received");
            cases.push(case(name, logged, move || status.clone()));
        }
    }
    cases
}

/// Whether any byte that a caller received contains a text.
fn contains(status: &Status, text: &str) -> bool {
    let fields = status.metadata().clone().into_headers();
    status.message().contains(text)
        || status.details().windows(text.len()).any(|window| window == text.as_bytes())
        || fields.values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text))
        || format!("{status:?}").contains(text)
}

#[tokio::test]
async fn private_text_is_only_in_the_log() {
    let log = Log::start();
    let received = received_failures().await;
    let current: Arc<Mutex<Option<(Script, ())>>> = Arc::default();
    let script = Arc::clone(&current);
    let layer = ServerLayer::new::<ErrorCode>();
    let service = Test::new(move |_| script.lock().unwrap().take().unwrap().0);
    let channel = serve(layer, service).await;

    let mut failures = 0;
    for (name, logged, end) in own_failures().into_iter().chain(received) {
        for kind in KINDS {
            // Messages come before the failure of a stream only.
            let shapes = [(0, false), (1, false), (3, false), (10, false), (0, true)];
            for (items, at_once) in shapes.into_iter().take(if kind.streams() { 5 } else { 1 }) {
                *current.lock().unwrap() = Some((Script { items, at_once, end: end() }, ()));
                log.take();
                let (_, end) = call(channel.clone(), kind, Request::new(String::new())).await;
                let status = end.unwrap_err();
                failures += 1;
                // Not even its first word may be sent.
                assert!(!contains(&status, "cAnArY"), "{name}, {kind:?} after {items}: {status:?}");
                let error = status.to_received::<ErrorCode>();
                assert_eq!(error.notes(), [], "{name}");
                assert!(error.number().is_some(), "{name}");
                let id = error.detail::<RequestInfo>().unwrap().unwrap().request_id;
                let log = log.take();
                let expected = if logged == Logged::Once { 1 } else { 0 };
                assert_eq!(log.matches("cAnArY").count(), expected, "{name}, {kind:?}: {log}");
                assert_eq!(log.matches(&id).count(), 1, "{name}: {log}");
            }
        }
    }
    assert!(failures >= 400, "{failures}");
}

/// The status of a service with this boundary that returns a received status with `?`.
async fn passed_on(received: Status, boundary: Boundary, kind: Kind) -> Status {
    let layer = ServerLayer::new::<ErrorCode>().boundary(boundary);
    let channel = serve(layer, Test::new(move |_| Script::fail(received.clone()).after(1))).await;
    call(channel, kind, Request::new(String::new())).await.1.unwrap_err()
}

/// The status that a client receives from a service without a layer, with and without the client layer.
async fn received(sent: Status, kind: Kind) -> [Status; 2] {
    let channel = serve_bare(Test::new(move |_| Script::fail(sent.clone()).after(1))).await;
    let layered = ClientLayer::new::<ErrorCode>().layer(channel.clone());
    let (_, layered) = call(layered, kind, Request::new(String::new())).await;
    let (_, bare) = call(channel, kind, Request::new(String::new())).await;
    [layered.unwrap_err(), bare.unwrap_err()]
}

const BOUNDARIES: [fn() -> Boundary; 2] = [Boundary::public, Boundary::internal];

/// A received status may look like one of our own, except for what follows its ErrorInfos.
#[tokio::test]
async fn only_whole_details_are_sent() {
    let own = Status::from(ErrorCode::UNEXPECTED_ERROR);
    let group_in_a_detail = [&b"\x1a\x11\x0a\x05a/b.C\x22\x06cAnArY"[..], &[0x23, 0x3c]].concat();
    for (name, tail) in [
        ("a second message", &b"\x12\x06cAnArY"[..]),
        ("a second code", &[0x08, 5]),
        ("an unknown field", b"\x22\x06cAnArY"),
        ("garbage", b"\0cAnArY"),
        ("half a detail", b"\x1a\x40\x0a\x06cAnArY"),
        ("a group that ends as another", &group_in_a_detail),
    ] {
        let details = [own.details(), tail].concat();
        let sent = Status::with_details(own.code(), own.message(), details.into());
        for kind in KINDS {
            for received in received(sent.clone(), kind).await {
                assert!(received.details().ends_with(tail), "{name}: the tail has to be received");
                for boundary in BOUNDARIES {
                    let status = passed_on(received.clone(), boundary(), kind).await;
                    assert!(!contains(&status, "cAnArY"), "{name}, {kind:?}: {status:?}");
                    let error = check(&status);
                    assert_eq!(error.code(), Some(ErrorCode::UNEXPECTED_ERROR), "{name}");
                    // As a strict reader reads it.
                    let strict: tonic_types::pb::Status = prost::Message::decode(status.details()).unwrap();
                    assert_eq!(strict.code, i32::from(status.code()), "{name}");
                    assert_eq!(strict.message, status.message(), "{name}");
                }
            }
        }
    }
}

/// Not even gRPC's own fields, which are about another connection.
#[tokio::test]
async fn no_field_of_a_received_failure_is_sent() {
    for name in [
        "grpc-retry-pushback-ms",
        "grpc-accept-encoding",
        "grpc-encoding",
        "codelibra-cause",
        "codelibra-error-code",
        "x-request-id",
        "retry-after",
    ] {
        let mut sent = Status::from(ErrorCode::USER_BANNED);
        sent.metadata_mut().insert(name, CANARY.parse().unwrap());
        for kind in KINDS {
            let [received, _] = received(sent.clone(), kind).await;
            for boundary in BOUNDARIES {
                let status = passed_on(received.clone(), boundary(), kind).await;
                assert!(!contains(&status, CANARY), "{name}, {kind:?}: {status:?}");
                assert_eq!(check(&status).code(), Some(ErrorCode::USER_BANNED));
            }
        }
    }
}

/// A cause waits at a place that a field names. A peer that sends such a field does not find a cause: through the client
/// layer not even with the right place, and without it not with a place that it guesses.
#[tokio::test]
async fn a_peer_does_not_find_the_cause_of_another_call() {
    let log = Log::start();
    // From here on causes wait.
    let _ = ServerLayer::new::<ErrorCode>();
    let waiting =
        || Status::from(ErrorCode::UNEXPECTED_ERROR.with_cause(Private { display: true, source: None }));
    let victims = [waiting(), waiting(), waiting()];
    let [place, ..] = victims.each_ref().map(|status| status.metadata().get("codelibra-cause").unwrap());
    let place: u64 = place.to_str().unwrap().parse().unwrap();
    for guess in 0..5 {
        let mut sent = Status::from(ErrorCode::USER_BANNED);
        let forged = place.wrapping_add(guess).to_string();
        sent.metadata_mut().insert("codelibra-cause", forged.parse().unwrap());
        for kind in KINDS {
            let [layered, bare] = received(sent.clone(), kind).await;
            let received = if guess == 0 { vec![layered] } else { vec![layered, bare] };
            for (received, boundary) in
                received.iter().flat_map(|it| BOUNDARIES.map(|boundary| (it, boundary)))
            {
                let status = passed_on(received.clone(), boundary(), kind).await;
                assert!(!contains(&status, &forged) && !contains(&status, "cAnArY"), "{status:?}");
                let log = log.take();
                assert!(log.contains("a call failed") && !log.contains("cAnArY"), "{log}");
            }
        }
    }
}

/// A received error of the service's own domain keeps its code, and its parameters that are not text.
#[tokio::test]
async fn a_received_error_of_the_own_domain_keeps_its_code() {
    let received = {
        let locked = codelibra::codes::LockedOut { locked_until: "2026-01-31T09:30:00Z".parse().ok() };
        let mut status = Status::from(locked.with_message(CANARY));
        status.metadata_mut().insert("codelibra-received", "".parse().unwrap());
        status
    };
    let channel =
        serve(ServerLayer::new::<ErrorCode>(), Test::new(move |_| Script::fail(received.clone()))).await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, Request::new(String::new())).await;
        let error = end.unwrap_err().to_received::<ErrorCode>();
        assert_eq!(error.code(), Some(ErrorCode::LOCKED_OUT));
        assert_eq!(error.message(), error.entry().unwrap().summary);
        assert!(error.decode::<codelibra::codes::LockedOut>().unwrap().locked_until.is_some());
        assert_eq!(error.notes(), []);
    }
}

/// The control: without the layer, tonic sends the text of an `io::Error`, and all fields of a received status.
#[tokio::test]
async fn without_the_layer_the_private_text_is_sent() {
    let service = Test::new(|text| {
        let mut status = Status::from(std::io::Error::new(std::io::ErrorKind::NotFound, CANARY));
        if text == "field" {
            status = Status::not_found("gone");
            status.metadata_mut().insert("set-cookie", CANARY.parse().unwrap());
        }
        Script::fail(status)
    });
    let channel = serve_bare(service).await;
    for kind in KINDS {
        for text in ["message", "field"] {
            let (_, end) = call(channel.clone(), kind, Request::new(text.into())).await;
            assert!(contains(&end.unwrap_err(), CANARY), "{kind:?} {text}");
        }
    }
}
