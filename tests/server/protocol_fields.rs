//! gRPC's own fields that a handler sets together with a failure: an invalid value is removed, and the header list never exceeds the
//! budget.

use std::convert::Infallible;

use crate::support::Log;
use bytes::Bytes;
use codelibra::http::{HttpToGrpcLayer, Responder};
use codelibra::server::ServerLayer;
use codelibra::{ApiError, Boundary, Budget, ErrorCode, StatusCodeExt};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use proptest::prelude::*;
use tonic::Status;
use tower::{Service, ServiceExt, service_fn};
use tower_layer::Layer;

const NAMES: [&str; 4] = ["content-type", "grpc-encoding", "grpc-accept-encoding", "grpc-retry-pushback-ms"];
const BUDGETS: [(Budget, usize); 3] =
    [(Budget::from_bytes(720), 720), (Budget::KIB_3, 3 << 10), (Budget::KIB_8, 8 << 10)];

/// The place of the failure.
#[derive(Clone, Copy, Debug)]
enum Place {
    Headers,
    Trailers,
}

const PLACES: [Place; 2] = [Place::Headers, Place::Trailers];

type Fields = Vec<(HeaderName, HeaderValue)>;

/// Returns a service that fails with a status and with these additional fields.
fn failing(
    place: Place,
    status: &Status,
    beside: Fields,
) -> impl Service<Request<()>, Response = Response<tonic::body::Body>, Error = Infallible, Future: Send> {
    let (mut headers, mut trailers) = (HeaderMap::new(), HeaderMap::new());
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    let fields = if matches!(place, Place::Headers) { &mut headers } else { &mut trailers };
    status.add_header(fields).unwrap();
    for (name, value) in beside {
        fields.insert(name, value);
    }
    service_fn(move |_: Request<()>| {
        let frames = [Ok::<_, Infallible>(http_body::Frame::trailers(trailers.clone()))];
        let frames = frames.into_iter().filter(|_| matches!(place, Place::Trailers));
        let body = tonic::body::Body::new(StreamBody::new(tokio_stream::iter(frames.collect::<Vec<_>>())));
        let mut response = Response::new(body);
        headers.clone_into(response.headers_mut());
        std::future::ready(Ok(response))
    })
}

/// Returns the fields with which the failure is sent.
fn sent<S, B>(place: Place, service: S) -> HeaderMap
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: http_body::Body<Data = Bytes>,
{
    let request = Request::post("/a.B/C").header("content-type", "application/grpc").body(()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (parts, body) = service.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap_or_else(|_| panic!("a body failed"));
        match place {
            Place::Headers => parts.headers,
            Place::Trailers => body.trailers().cloned().unwrap(),
        }
    })
}

/// Returns the size of the field list (RFC 9113 §6.5.2), with the two fields that HTTP adds to headers.
fn list_size(fields: &HeaderMap) -> usize {
    let size = |name: usize, value: usize| name + value + 32;
    let http = size(":status".len(), 3) + size("date".len(), 29);
    http + fields.iter().map(|(name, value)| size(name.as_str().len(), value.len())).sum::<usize>()
}

fn field(name: &'static str, value: &[u8]) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
}

fn boundaries() -> [Boundary; 2] {
    [Boundary::public(), Boundary::internal()]
}

#[test]
fn an_invalid_field_is_removed_and_the_log_contains_only_its_name() {
    let log = Log::start();
    let long = "7".repeat(6000);
    let status = Status::from(ErrorCode::USER_BANNED);
    for (name, value, is_kept) in [
        ("grpc-retry-pushback-ms", "1500", true),
        ("grpc-retry-pushback-ms", "-1", true),
        ("grpc-retry-pushback-ms", &long, false),
        ("grpc-retry-pushback-ms", "secret", false),
        ("grpc-retry-pushback-ms", "", false),
        ("grpc-encoding", "gzip", true),
        ("grpc-encoding", "secret value", false),
        ("grpc-encoding", &long, false),
        ("grpc-accept-encoding", "identity,gzip, deflate", true),
        ("grpc-accept-encoding", &long, false),
        ("content-type", "application/grpc+proto", true),
        ("content-type", "secret/html", false),
        ("content-type", "application/grpcsecret", false),
        ("content-type", "application/grpc; x=secret", false),
        ("content-type", "application/grpc+proto;x=secret", false),
        ("content-type", &format!("application/grpc;a={long}"), false),
    ] {
        for (place, boundary) in PLACES.into_iter().flat_map(|place| boundaries().map(|it| (place, it))) {
            let layer = ServerLayer::new::<ErrorCode>().boundary(boundary);
            let service = layer.layer(failing(place, &status, vec![field(name, value.as_bytes())]));
            let fields = sent(place, service);
            let expected = match is_kept {
                true => Some(value),
                false if name == "content-type" => Some("application/grpc"),
                false => None,
            };
            assert_eq!(fields.get(name).map(|value| value.to_str().unwrap()), expected, "{name} {place:?}");
            assert!(list_size(&fields) <= 3 << 10, "{name}");
            let error = Status::from_header_map(&fields).unwrap().to_received::<ErrorCode>();
            assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
            let log = log.take();
            assert_eq!(log.contains(&format!("removed_fields=[\"{name}\"]")), !is_kept, "{log}");
            // Longer than a request id or a time, which may contain a few of these digits in a row.
            assert!(!log.contains("secret") && !log.contains(&"7".repeat(20)), "{log}");
        }
    }
}

/// The control, without the layer: nginx 1.22 answers such a list with 502.
#[test]
fn without_the_layer_the_list_exceeds_every_budget() {
    let status = Status::from(ErrorCode::USER_BANNED);
    let long = field("grpc-retry-pushback-ms", "7".repeat(6000).as_bytes());
    assert!(list_size(&sent(Place::Trailers, failing(Place::Trailers, &status, vec![long]))) > 6000);
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![3 => 0..80_usize, 2 => 80..4000_usize, 1 => 4000..20_000_usize];
    let byte = prop_oneof![Just(b'7'), Just(b'a'), Just(b','), Just(b' '), Just(0xff_u8)];
    prop_oneof![
        2 => (size, byte).prop_map(|(size, byte)| vec![byte; size]),
        1 => any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        1 => (0..5000_usize).prop_map(|size| format!("application/grpc+{}", "p".repeat(size)).into_bytes()),
        1 => prop::collection::vec(0x20..0x7f_u8, 0..300),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_list_never_exceeds_the_budget(
        values in proptest::array::uniform4(value()),
        others in prop::collection::vec((0..26_u8, value()), 0..4),
        is_present in proptest::array::uniform4(any::<bool>()),
        domain in prop_oneof![Just(0_usize), 1..300_usize],
        message in 0..3000_usize,
    ) {
        let beside = NAMES.iter().zip(&values).zip(is_present).filter(|(_, is_present)| *is_present);
        let mut beside: Fields = beside.map(|((name, value), _)| field(name, value)).collect();
        for (letter, value) in &others {
            let name = HeaderName::from_bytes(&[b'x', b'-', b'a' + letter]).unwrap();
            beside.push((name, HeaderValue::from_bytes(value).unwrap()));
        }
        let status = Status::from(foreign(domain).with_message("m".repeat(message)));
        for place in PLACES {
            for (budget, limit) in BUDGETS {
                // Budget::from_bytes: the core of an error with a domain of twenty characters fits into 720.
                let limit = if domain > 20 { limit.max(1536) } else { limit };
                for boundary in boundaries() {
                    let layer = ServerLayer::new::<ErrorCode>().budget(budget).boundary(boundary);
                    let fields = sent(place, layer.layer(failing(place, &status, beside.clone())));
                    prop_assert!(list_size(&fields) <= limit, "{} > {limit} {fields:?}", list_size(&fields));
                    prop_assert!(fields.contains_key("codelibra-error-code"));
                }
            }
        }
    }
}

/// Returns an error of our own catalogue, or of another one whose domain has this length.
fn foreign(domain: usize) -> ApiError {
    if domain == 0 {
        return ErrorCode::USER_BANNED.into();
    }
    let body = serde_json::json!({"code": 403_003, "domain": "d".repeat(domain), "reason": "R".repeat(63)});
    let types = codelibra::http::DetailTypes::standard();
    codelibra::http::Reader::new::<codelibra::ErrorCode>()
        .detail_types(types.clone())
        .read_body(body.to_string().as_bytes())
        .assume_trusted()
}

/// A bridge copies no field of the inner service into a failure that it creates.
#[test]
fn a_bridge_copies_no_field_into_a_failure() {
    for name in NAMES {
        let value = if name == "content-type" { "text/plain; a=" } else { "" }.to_owned() + &"7".repeat(6000);
        let service = service_fn(move |_: Request<()>| {
            let response = Response::builder().status(409).header(name, value.as_str());
            let body = http_body_util::Full::new(Bytes::from_static(b"read it again"));
            std::future::ready(Ok::<_, Infallible>(response.body(body).unwrap()))
        });
        let bridge = HttpToGrpcLayer::new(Responder::new::<ErrorCode>().boundary(Boundary::internal()));
        let fields = sent(Place::Headers, bridge.layer(service));
        assert!(list_size(&fields) <= 3 << 10, "{name}");
        assert_eq!(fields["content-type"], "application/grpc");
        assert_eq!(NAMES.iter().filter(|name| fields.contains_key(**name)).count(), 1);
    }
}
