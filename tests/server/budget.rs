//! The budget: for any details of a service, the caller reads the exact code, and the fields fit into the budget.

use std::convert::Infallible;

use crate::support;
use crate::support::{KINDS, Kind, Script, Test, call, listen, serve, serve_bare};
use codelibra::rpc::bad_request::FieldViolation;
use codelibra::rpc::help::Link;
use codelibra::rpc::{BadRequest, DebugInfo, Help, LocalizedMessage, RequestInfo};
use codelibra::server::ServerLayer;
use codelibra::{
    ApiError, Boundary, Budget, CATALOG, ErrorCode, ErrorInfos, GOOGLE_ERROR_INFO, Note, ReceivedError, Shed,
    StatusCodeExt,
};
use http::HeaderMap;
use proptest::prelude::*;
use tonic::transport::Server;
use tonic::{Request, Status};
use tower_layer::Layer;
use tower_service::Service;

/// Returns the fields that the server layer sends for a failure.
fn fields(layer: &ServerLayer, status: impl Into<Status>) -> HeaderMap {
    fields_of(http::Request::new(()), layer, status)
}

fn fields_of(request: http::Request<()>, layer: &ServerLayer, status: impl Into<Status>) -> HeaderMap {
    let mut service = layer.layer(Inner(status.into()));
    let response = service.call(request);
    let mut response = Box::pin(response);
    let waker = std::task::Waker::noop();
    let std::task::Poll::Ready(Ok(response)) =
        response.as_mut().poll(&mut std::task::Context::from_waker(waker))
    else {
        panic!("not ready")
    };
    response.into_parts().0.headers
}

/// A service that answers with one status, in the headers ("Trailers-Only").
struct Inner(Status);

impl Service<http::Request<()>> for Inner {
    type Response = http::Response<()>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<()>) -> Self::Future {
        std::future::ready(Ok(self.0.clone().into_http()))
    }
}

/// Returns the size of the field list (RFC 9113 §6.5.2), with the two fields that HTTP adds.
fn list_size(fields: &HeaderMap) -> usize {
    let size = |name: usize, value: usize| name + value + 32;
    let http = size(":status".len(), 3) + size("date".len(), 29);
    http + fields.iter().map(|(name, value)| size(name.as_str().len(), value.len())).sum::<usize>()
}

fn read(fields: &HeaderMap) -> ReceivedError {
    let status = Status::from_header_map(fields).unwrap();
    let error = status.to_received::<ErrorCode>();
    let embedded = ReceivedError::from_details(status.details().to_vec(), &CATALOG);
    assert_eq!(embedded.message(), status.message(), "the embedded message equals the field");
    error
}

fn layer(budget: Budget) -> ServerLayer {
    // With the internal boundary, only the budget removes DebugInfo.
    ServerLayer::new::<ErrorCode>().budget(budget).boundary(Boundary::internal())
}

fn shed(error: &ReceivedError) -> Vec<Shed> {
    let shed: Vec<Shed> = error
        .notes()
        .iter()
        .map(|note| match note {
            Note::Shed(part) => *part,
            other => panic!("{other}"),
        })
        .collect();
    assert!(shed.is_sorted(), "in the order of removal: {shed:?}");
    shed
}

const BUDGETS: [(Budget, usize); 2] = [(Budget::KIB_3, 3 << 10), (Budget::KIB_8, 8 << 10)];

/// Returns an error with every part, each with its own size.
fn error(code: ErrorCode, sizes: &[usize; 7]) -> ApiError {
    error_in("ü&x", code, sizes)
}

fn error_in(letters: &str, code: ErrorCode, sizes: &[usize; 7]) -> ApiError {
    let text = |n: usize| letters.chars().cycle().take(n).collect::<String>();
    let mut error = ApiError::new(code);
    let [debug, help, localized, violations, other, metadata, message] = *sizes;
    if debug > 0 {
        error = error.with_detail(&DebugInfo { detail: text(debug), ..Default::default() });
    }
    if help > 0 {
        error = error.with_detail(&Help { links: vec![Link { url: text(help), ..Default::default() }] });
    }
    if localized > 0 {
        error = error.with_detail(&LocalizedMessage { message: text(localized), ..Default::default() });
    }
    if violations > 0 {
        let violation = |i: usize| FieldViolation { field: format!("f{i}"), ..Default::default() };
        error = error.with_detail(&BadRequest {
            field_violations: (0..violations.div_ceil(8)).map(violation).collect(),
        });
    }
    if other > 0 {
        let unknown = prost::Message::encode_to_vec(&"x".repeat(other));
        error = error.with_raw_detail("type.example.com/acme.v1.Unknown", &unknown);
    }
    for i in 0..metadata.div_ceil(100) {
        error = error.with_metadata(format!("key{i}"), text(90));
    }
    if message > 0 {
        error = error.with_message(text(message));
    }
    error
}

fn check(error: &ApiError, budget: Budget, limit: usize) -> ReceivedError {
    check_with(ErrorInfos::Both, error, budget, limit)
}

fn check_with(infos: ErrorInfos, error: &ApiError, budget: Budget, limit: usize) -> ReceivedError {
    let fields = fields(&layer(budget).error_infos(infos), error);
    assert!(list_size(&fields) <= limit, "{} > {limit}", list_size(&fields));
    let read = read(&fields);
    assert_eq!(read.number(), Some(error.number()));
    assert_eq!((read.domain(), read.reason()), (error.domain(), error.reason()));
    assert!(!read.detail::<RequestInfo>().unwrap().unwrap().request_id.is_empty());
    assert_eq!(fields["codelibra-error-code"], error.number().to_string());
    read
}

/// Sizes from zero to one mebibyte. Large ones are slow to create, so they are rare.
fn sizes() -> impl Strategy<Value = [usize; 7]> {
    let size = prop_oneof![
        9 => Just(0_usize),
        9 => 1..300_usize,
        6 => 300..5000_usize,
        3 => 5000..50_000_usize,
        1 => 50_000..=1_usize << 20,
    ];
    proptest::array::uniform7(size)
}

/// The characters of the texts: escapes and spaces take more bytes in the field of the message than in the status.
fn letters() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["ü&x", "a b", " x", "x ", " ", "%\n"][..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_code_is_read_and_the_fields_fit(sizes in sizes(), at in 0..39_usize, letters in letters()) {
        let code = ErrorCode::from_u32(CATALOG.entries()[at].code).unwrap();
        let error = error_in(letters, code, &sizes);
        for ((budget, limit), infos) in BUDGETS.iter().flat_map(|it| ErrorInfos::ALL.map(|infos| (*it, infos))) {
            let read = check_with(infos, &error, budget, limit);
            let shed = shed(&read);
            // A part is marked if and only if it was removed.
            let kept = |part: Shed| !shed.contains(&part);
            prop_assert_eq!(kept(Shed::Message), read.message() == error.message());
            prop_assert_eq!(kept(Shed::Metadata), read.metadata().to_map().len() == error.metadata().len());
            let has = |name: &str| read.details().any(|d| d.type_name() == name);
            prop_assert_eq!(kept(Shed::DebugInfo) && sizes[0] > 0, has("google.rpc.DebugInfo"));
            prop_assert_eq!(kept(Shed::Help) && sizes[1] > 0, has("google.rpc.Help"));
            prop_assert_eq!(kept(Shed::LocalizedMessage) && sizes[2] > 0, has("google.rpc.LocalizedMessage"));
            prop_assert_eq!(kept(Shed::Details) && sizes[4] > 0, has("acme.v1.Unknown"));
            let request = read.detail::<BadRequest>().map(Result::unwrap);
            let (left, all) = (request.map_or(0, |it| it.field_violations.len()), sizes[3].div_ceil(8));
            let whole = kept(Shed::FieldViolations) && kept(Shed::Details);
            prop_assert_eq!(whole || all == 0, left == all);
            prop_assert!(kept(Shed::Details) || left == 0);
        }
    }
}

/// The order of the contract: no more is removed than necessary, and later parts only after earlier ones.
#[test]
fn parts_are_removed_in_order() {
    // Metadata is sent once or twice.
    for (infos, size) in [(ErrorInfos::Both, 700), (ErrorInfos::Google, 900)] {
        let error = error(ErrorCode::VALIDATION_ERROR, &[size; 7]);
        let read = check_with(infos, &error, Budget::KIB_8, 8 << 10);
        let shed = shed(&read);
        let in_order: Vec<Shed> = Shed::ALL.iter().copied().take(shed.len()).collect();
        assert_eq!(shed, in_order, "{infos}");
        assert!(!shed.is_empty() && shed.len() < 5, "{infos}: {shed:?}");
    }
}

/// With one ErrorInfo instead of two, more of the error fits.
#[test]
fn more_metadata_fits_with_googles_error_info_alone() {
    let error = error(ErrorCode::VALIDATION_ERROR, &[0, 0, 0, 0, 0, 5_000, 0]);
    let [both, google] = ErrorInfos::ALL
        .map(|infos| check_with(infos, &error, Budget::KIB_3, 3 << 10).metadata().to_map().len());
    assert!(google >= 2 * both && both > 0, "{both} and {google} entries");
}

#[test]
fn the_last_violations_are_removed_first() {
    let error = error(ErrorCode::VALIDATION_ERROR, &[0, 0, 0, 40_000, 0, 0, 0]);
    let read = check(&error, Budget::KIB_3, 3 << 10);
    assert_eq!(shed(&read), [Shed::FieldViolations]);
    let kept = read.detail::<BadRequest>().unwrap().unwrap().field_violations;
    assert!(kept.len() > 50, "no more than necessary is removed: {}", kept.len());
    assert!(kept.iter().enumerate().all(|(i, violation)| violation.field == format!("f{i}")));
}

#[test]
fn a_message_is_cut_between_characters() {
    for length in [1000, 2000, 5000, 100_000] {
        let error = ErrorCode::VALIDATION_ERROR.with_message("ü".repeat(length));
        let read = check(&error, Budget::KIB_3, 3 << 10);
        let cut = read.message().chars().count();
        assert!(read.message().chars().all(|c| c == 'ü') && cut <= length);
        assert_eq!(shed(&read), if cut < length { vec![Shed::Message] } else { vec![] });
        assert!(cut > 200, "{cut}");
    }
}

#[test]
fn an_error_that_fits_is_complete_and_not_marked() {
    let error = error(ErrorCode::LIMIT_TOO_LARGE, &[50, 50, 50, 50, 50, 50, 50]);
    for (budget, limit) in BUDGETS {
        let read = check(&error, budget, limit);
        assert_eq!(shed(&read), []);
        // RequestInfo is one more detail.
        assert_eq!(read.details().count(), error.details().count() + 1);
    }
}

/// An entry with empty texts takes little more room in an ErrorInfo than the length of its key.
#[test]
fn no_more_small_entries_are_removed_than_necessary() {
    let empty = |error: ApiError, i| error.with_metadata(format!("k{i}"), "");
    let error = (0..200).fold(ErrorCode::VALIDATION_ERROR.with_message("short"), empty);
    let read = check(&error, Budget::KIB_3, 3 << 10);
    assert_eq!(shed(&read), [Shed::Metadata]);
    let left = read.metadata().to_map().len();
    assert!((50..200).contains(&left), "{left}");
}

#[test]
fn a_request_without_violations_is_not_marked_as_cut() {
    let without = |length: usize| {
        let message = "m".repeat(length);
        ErrorCode::VALIDATION_ERROR.with_message(message).with_detail(&BadRequest::default())
    };
    // It has no violations to remove. Other details are removed next, and then the message.
    let read = check(&without(20_000), Budget::KIB_3, 3 << 10);
    assert_eq!(shed(&read), [Shed::Details, Shed::Message]);
    assert!(read.detail::<BadRequest>().is_none());
    let read = check(&without(500), Budget::KIB_3, 3 << 10);
    assert_eq!(shed(&read), []);
    assert!(read.detail::<BadRequest>().is_some());
}

/// If a message has a space at an end, every space takes three bytes in the field. Without the spaces at the end, the rest may
/// fit.
#[test]
fn spaces_around_a_message_are_removed_before_its_text() {
    let words = "word ".repeat(150);
    for (message, kept) in [
        (format!("{}{}", words.trim_end(), " ".repeat(2000)), words.trim_end().len()),
        (" ".repeat(2000), 0),
        (format!(" {}", "a ".repeat(2000)), 500),
    ] {
        let error = ErrorCode::VALIDATION_ERROR.with_message(message.clone());
        let fields = fields(&layer(Budget::KIB_3), &error);
        assert!(list_size(&fields) <= 3 << 10);
        let read = read(&fields);
        assert_eq!(shed(&read), [Shed::Message]);
        assert!(message.starts_with(read.message()) && read.message().len() >= kept, "{read:?}");
        let status = Status::from_header_map(&fields).unwrap();
        let repeat = tonic_types::StatusExt::get_details_error_info(&status);
        assert!(repeat.is_some(), "google.rpc.ErrorInfo is removed last: {read:?}");
    }
}

/// The internal boundary, between services of one owner, sends the metadata of a handler.
#[test]
fn metadata_of_a_handler_does_not_displace_the_error() {
    for (size, fit) in [(10, true), (150, true), (1000, false), (20_000, false)] {
        let error = error(ErrorCode::VALIDATION_ERROR, &[500; 7]);
        let mut status = Status::from(&error);
        for i in 0..10_u8 {
            let name = tonic::metadata::MetadataKey::from_bytes(&[b'x', b'-', b'0' + i]).unwrap();
            status.metadata_mut().insert(name, "v".repeat(size).parse().unwrap());
        }
        let fields = fields(&layer(Budget::KIB_3), status);
        assert!(list_size(&fields) <= 3 << 10, "{}", list_size(&fields));
        assert_eq!(fields.contains_key("x-9"), fit, "{size}");
        assert_eq!(read(&fields).number(), Some(error.number()));
    }
}

/// Returns the length of a status without the parts that fill the available room: the message, and google.rpc.ErrorInfo.
fn core_len(status: &[u8]) -> usize {
    let mut status: tonic_types::pb::Status = prost::Message::decode(status).unwrap();
    status.message.clear();
    status.details.retain(|any| !any.type_url.ends_with("google.rpc.ErrorInfo"));
    prost::Message::encoded_len(&status)
}

/// Code, domain, reason and request id take at most 256 bytes in the encoded status, if everything else is removed.
#[test]
fn the_core_of_an_error_is_small() {
    for entry in CATALOG.entries() {
        let code = ErrorCode::from_u32(entry.code).unwrap();
        let error = error(code, &[20_000; 7]);
        let fields = fields(&layer(Budget::from_bytes(0)), &error);
        let status = Status::from_header_map(&fields).unwrap();
        let read = read(&fields);
        assert_eq!((read.number(), read.reason()), (Some(entry.code), entry.reason));
        let core = core_len(status.details());
        assert!(core <= 256, "{}: {core}", entry.name);
    }
}

/// google.rpc.ErrorInfo is never removed if it is sent alone. It contains the marks as names, so its core is larger.
#[test]
fn the_core_of_an_error_is_small_with_googles_error_info_alone() {
    let id = "i".repeat(48);
    let unlisted =
        [("twenty.characters.ok", "R".repeat(63)), ("acme", String::new())].map(|(domain, reason)| {
            let info = Info { code: 599_999, domain: domain.into(), reason };
            let any = prost_types::Any {
                type_url: "type.googleapis.com/codelibra.error.v1.ErrorInfo".into(),
                value: prost::Message::encode_to_vec(&info),
            };
            let status = tonic_types::pb::Status { code: 13, message: String::new(), details: vec![any] };
            ReceivedError::from_details(prost::Message::encode_to_vec(&status), &CATALOG).assume_trusted()
        });
    let listed = CATALOG.entries().iter().map(|entry| ErrorCode::from_u32(entry.code).unwrap().into());
    for sent in listed.chain(unlisted) {
        // Every part, and all together larger than any budget.
        let sent = error(ErrorCode::VALIDATION_ERROR, &[20_000; 7])
            .details()
            .fold(sent, |error, detail| error.with_raw_detail(detail.type_url(), detail.value()))
            .with_metadata("key", "x".repeat(20_000))
            .with_message("x".repeat(20_000));
        let request = http::Request::get("/").header("x-request-id", &id).body(()).unwrap();
        let fields = fields_of(request, &layer(Budget::from_bytes(0)).error_infos(ErrorInfos::Google), &sent);
        assert!(list_size(&fields) <= 832, "{}", list_size(&fields));
        let read = read(&fields);
        assert_eq!((read.number(), read.reason()), (Some(sent.number()), sent.reason()));
        assert_eq!((read.domain(), read.request_id()), (sent.domain(), Some(&*id)));
        let marks = read.notes().iter().filter_map(|note| match note {
            Note::Shed(part) => Some(*part),
            _ => None,
        });
        assert_eq!(marks.collect::<Vec<_>>(), Shed::ALL);
        let status = Status::from_header_map(&fields).unwrap();
        let status: tonic_types::pb::Status = prost::Message::decode(status.details()).unwrap();
        assert!(status.details[0].type_url.ends_with(GOOGLE_ERROR_INFO));
        assert_eq!(status.details.len(), 2);
    }
}

/// A forwarded error that the catalogue of another service lists: the peer chose its reason and its domain.
#[test]
fn the_core_of_an_unlisted_error_is_small() {
    for (domain, reason) in [("twenty.characters.ok", "R".repeat(63)), ("acme", String::new())] {
        let info = Info { code: 599_999, domain: domain.into(), reason };
        let any = prost_types::Any {
            type_url: "type.googleapis.com/codelibra.error.v1.ErrorInfo".into(),
            value: prost::Message::encode_to_vec(&info),
        };
        let status = tonic_types::pb::Status { code: 13, message: "x".repeat(5000), details: vec![any] };
        let sent =
            ReceivedError::from_details(prost::Message::encode_to_vec(&status), &CATALOG).assume_trusted();
        let id = "i".repeat(48);
        let request = http::Request::get("/").header("x-request-id", &id).body(()).unwrap();
        let fields = fields_of(request, &layer(Budget::from_bytes(0)), &sent);
        assert!(list_size(&fields) <= 720, "{}", list_size(&fields));
        let read = read(&fields);
        assert_eq!(read.request_id(), Some(&*id));
        assert_eq!((read.number(), read.reason()), (Some(599_999), &*info.reason));
        assert_eq!(read.domain(), domain);
        let core = core_len(Status::from_header_map(&fields).unwrap().details());
        assert!(core <= 256, "{core}");
    }
}

/// Returns a codelibra.error.v1.ErrorInfo in the encoding of a peer.
#[derive(prost::Message)]
struct Info {
    #[prost(uint32, tag = "1")]
    code: u32,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(string, tag = "3")]
    reason: String,
}

/// Each part alone, from empty to the largest size of the contract: a client that accepts no more than the budget receives all
/// fields that are sent.
#[tokio::test]
async fn over_sockets_the_code_arrives_and_the_fields_fit() {
    const SIZES: [usize; 5] = [0, 1, 3000, 20_000, 1 << 20];
    for (part, size) in (0..7).flat_map(|part| SIZES.map(|size| (part, size))) {
        let mut sizes = [0; 7];
        sizes[part] = size;
        let status = Status::from(error(ErrorCode::VALIDATION_ERROR, &sizes));
        for (budget, limit) in BUDGETS {
            let status = status.clone();
            let test = Test::new(move |_| Script::fail(status.clone()).after(2));
            let server = Server::builder().layer(layer(budget)).add_service(test);
            let endpoint = listen(|incoming| server.serve_with_incoming(incoming)).await;
            let endpoint = endpoint.http2_max_header_list_size(u32::try_from(limit).unwrap());
            let channel = endpoint.connect().await.unwrap();
            for kind in KINDS {
                let (_, end) = call(channel.clone(), kind, Request::new(String::new())).await;
                let read = end.unwrap_err().to_received::<ErrorCode>();
                let at = format!("{part} {size} {limit} {kind:?}");
                assert_eq!(read.code(), Some(ErrorCode::VALIDATION_ERROR), "{at}");
                assert!(read.request_id().is_some(), "{at}");
                let (shed, fits) = (shed(&read), size < 3000);
                assert!(
                    shed == [Shed::ALL[part]] && !fits || shed.is_empty() && size < 20_000,
                    "{at}: {shed:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn oversize_errors_do_not_hurt_other_calls_of_the_connection() {
    // 20 kB: more than a client accepts.
    let error = error(ErrorCode::VALIDATION_ERROR, &[5_000, 0, 0, 0, 5_000, 5_000, 5_000]);
    let status = Status::from(error);
    let test = Test::new(move |text| match text {
        "innocent" => Script { items: 0, at_once: false, end: support::End::Ok },
        _ => Script::fail(status.clone()).after(1),
    });
    let channel = serve(ServerLayer::new::<ErrorCode>(), test).await;
    for _ in 0..250 {
        let oversize = |kind| call(channel.clone(), kind, Request::new("oversize".into()));
        let innocent = call(channel.clone(), Kind::Unary, Request::new("innocent".into()));
        let [a, b, c, d] = KINDS.map(oversize);
        let (innocent, a, b, c, d) = tokio::join!(innocent, a, b, c, d);
        assert!(innocent.1.is_ok(), "{:?}", innocent.1);
        for (_, end) in [a, b, c, d] {
            let error = end.unwrap_err().to_received::<ErrorCode>();
            assert_eq!(error.code(), Some(ErrorCode::VALIDATION_ERROR));
        }
    }
}

/// The control, without the layer: the code is lost, or the connection is closed with every call on it.
#[tokio::test]
async fn without_the_layer_oversize_errors_lose_the_code() {
    let service = Test::new(|_| {
        Script::fail(error(ErrorCode::VALIDATION_ERROR, &[70_000, 0, 0, 0, 0, 0, 70_000])).after(1)
    });
    let channel = serve_bare(service).await;
    for kind in KINDS {
        let (_, end) = call(channel.clone(), kind, Request::new(String::new())).await;
        let code = end.err().and_then(|status| status.error_code::<ErrorCode>());
        assert_eq!(code, None, "{kind:?}");
    }
}
