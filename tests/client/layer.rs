//! The client layer over a service in this process: observers, marks, and advice on retries.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use codelibra::client::{ClientLayer, FailedCall};
use codelibra::{ApiError, ErrorCode, GrpcCode, Note, ReceivedError, RetryAdvice, StatusCodeExt, rpc};
use http::{HeaderMap, HeaderName, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tower::{Layer, service_fn};

use crate::in_process::{Answer, InProcess, STREAM, UNARY, stream, unary};

fn layer() -> ClientLayer {
    ClientLayer::new::<ErrorCode>()
}

fn banned() -> Status {
    ErrorCode::USER_BANNED.into()
}

/// The path, the code and the notes that an observer received.
type Log = Arc<Mutex<Vec<(String, Option<u32>, Vec<Note>)>>>;

fn observed() -> (ClientLayer, Log) {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let layer = layer().observe(move |error: &ReceivedError, call: &FailedCall<'_>| {
        let entry = (call.method.to_owned(), error.number(), error.notes().to_vec());
        seen.lock().unwrap().push(entry);
    });
    (layer, log)
}

#[tokio::test]
async fn observers_see_each_failure_once() {
    let (layer, log) = observed();
    let layer = layer.observe(move |error: &ReceivedError, _: &FailedCall<'_>| {
        assert_eq!(error.code(), Some(ErrorCode::USER_BANNED));
    });

    unary(&mut Grpc::new(layer.layer(InProcess(Answer::Items(1))))).await.unwrap();
    stream(&mut Grpc::new(layer.layer(InProcess(Answer::Items(3))))).await.unwrap();
    assert!(log.lock().unwrap().is_empty());

    let failing = layer.layer(InProcess(Answer::Fail(banned)));
    let breaking = layer.layer(InProcess(Answer::Break(3, banned)));
    for status in [
        unary(&mut Grpc::new(failing.clone())).await.unwrap_err(),
        stream(&mut Grpc::new(failing)).await.unwrap_err(),
        stream(&mut Grpc::new(breaking)).await.unwrap_err(),
    ] {
        assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED));
        assert_eq!(status.metadata().get("codelibra-received").unwrap(), "as-sent");
        assert!(status.to_received::<ErrorCode>().notes().is_empty());
    }
    let code = Some(403_003);
    let paths = [UNARY, STREAM, STREAM].map(|path| (path.to_owned(), code, vec![]));
    assert_eq!(*log.lock().unwrap(), paths);
}

#[derive(Debug)]
struct Late;

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("late")
    }
}

impl std::error::Error for Late {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&tonic::TimeoutExpired(()))
    }
}

#[tokio::test]
async fn an_error_of_the_transport_becomes_a_status() {
    let (layer, log) = observed();
    let refuse = |_: Request<Body>| async { Err::<Response<Body>, _>(Status::unavailable("refused")) };
    let late = |_: Request<Body>| async { Err::<Response<Body>, _>(Late) };
    let refused = unary(&mut Grpc::new(layer.layer(service_fn(refuse)))).await.unwrap_err();
    let late = unary(&mut Grpc::new(layer.layer(service_fn(late)))).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(late.code(), Code::DeadlineExceeded, "tonic alone gives CANCELLED");
    for status in [refused, late] {
        assert!(status.to_received::<ErrorCode>().is_synthesized());
    }
    let seen = (UNARY.to_owned(), None, vec![Note::Synthesized]);
    assert_eq!(*log.lock().unwrap(), [seen.clone(), seen]);
}

/// The layer works over any tower service. This one is a proxy that answers with its own page.
#[tokio::test]
async fn a_page_of_a_proxy_becomes_a_short_message() {
    let page = |_: Request<Body>| async {
        let body = Body::new("<html>at secret-host</html>".to_owned());
        let response = Response::builder().status(503).header("content-type", "text/html");
        Ok::<_, Infallible>(response.header("retry-after", "120").body(body).unwrap())
    };
    let status = unary(&mut Grpc::new(layer().layer(service_fn(page)))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "HTTP 503 from an intermediary"));
    let error: ReceivedError = status.to_received::<ErrorCode>();
    assert!(error.is_synthesized());
    assert_eq!(error.retry_advice(), RetryAdvice::After(Duration::from_secs(120)));
}

fn fields(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(HeaderName::from_static(name), value.parse().unwrap());
    }
    map
}

/// Without the layer, tonic ends the call at an OK in the headers, and does not read the trailers.
#[tokio::test]
async fn the_trailers_have_priority_over_an_ok_in_the_headers() {
    let banned = [("grpc-status", "7"), ("codelibra-error-code", "403003")];
    for (trailers, code) in [
        (Some(&banned[..]), Some(Code::PermissionDenied)),
        (Some(&[("grpc-status", "0")]), None),
        (Some(&[("x", "y")]), None),
        (None, None),
    ] {
        let (layer, log) = observed();
        let trailers = trailers.map(fields);
        let service = layer.layer(service_fn(move |_: Request<Body>| {
            let trailers = trailers.clone().map(Frame::trailers);
            let frames = [Frame::data(Bytes::from_static(&[0; 5]))]
                .into_iter()
                .chain(trailers)
                .map(Ok::<_, Infallible>);
            let mut response = Response::new(StreamBody::new(tokio_stream::iter(frames)));
            *response.headers_mut() = fields(&[("content-type", "application/grpc"), ("grpc-status", "0")]);
            std::future::ready(Ok::<_, Infallible>(response))
        }));
        let unary = unary(&mut Grpc::new(service.clone())).await.map(|_| 1);
        for ended in [unary, stream(&mut Grpc::new(service)).await] {
            assert_eq!(ended.as_ref().err().map(Status::code), code);
            let number = ended.map_or_else(|status| status.error_code(), |_| None);
            assert_eq!(number, code.map(|_| ErrorCode::USER_BANNED));
        }
        assert_eq!(log.lock().unwrap().len(), if code.is_some() { 2 } else { 0 });
    }
}

/// Reads a response with a message and with these headers and trailers, with both readers of tonic.
async fn failed(headers: &[(&'static str, &str)], trailers: &[(&'static str, &str)]) -> [Status; 2] {
    let (mut headers, trailers) = (fields(headers), fields(trailers));
    headers.insert("content-type", "application/grpc".parse().unwrap());
    let service = layer().layer(service_fn(move |_: Request<Body>| {
        let frames = [Frame::data(Bytes::from_static(&[0; 5])), Frame::trailers(trailers.clone())];
        let frames = tokio_stream::iter(frames.map(Ok::<_, Infallible>));
        let mut response = Response::new(StreamBody::new(frames));
        *response.headers_mut() = headers.clone();
        std::future::ready(Ok::<_, Infallible>(response))
    }));
    let unary = unary(&mut Grpc::new(service.clone())).await.unwrap_err();
    [unary, stream(&mut Grpc::new(service)).await.unwrap_err()]
}

/// Without the layer, tonic reads these fields as metadata. It reads them before the trailers in unary calls, and ignores them in
/// streams.
#[tokio::test]
async fn status_fields_in_the_headers_complete_the_trailers() {
    let details = |status: Status| {
        let fields = status.into_http::<()>().into_parts().0.headers;
        fields["grpc-status-details-bin"].to_str().unwrap().to_owned()
    };
    let banned = details(banned());
    let only_violations = details(Status::with_details(
        Code::PermissionDenied,
        "",
        [&[0x08, 7, 0x1a, 44, 0x0a, 42], &b"type.googleapis.com/google.rpc.BadRequest."[..]].concat().into(),
    ));
    const CODE: &str = "codelibra-error-code";
    const DETAILS: &str = "grpc-status-details-bin";
    let status = ("grpc-status", "7");
    for (headers, trailers) in [
        (vec![(CODE, "403003")], vec![status]),
        (vec![(DETAILS, &*banned)], vec![status]),
        (vec![(DETAILS, &*banned)], vec![status, (DETAILS, "!")]),
        (vec![(DETAILS, &*banned)], vec![status, (DETAILS, "AAAA")]),
        (vec![(DETAILS, &*banned)], vec![status, (DETAILS, &*only_violations)]),
        (vec![(CODE, "403003")], vec![status, (DETAILS, &*only_violations)]),
        // The trailers have priority.
        (vec![(CODE, "404003")], vec![status, (CODE, "403003")]),
        (vec![(CODE, "404003")], vec![status, (DETAILS, &*banned)]),
        // The field is repeated, or its values are joined.
        (vec![(CODE, "abc"), (CODE, "403003")], vec![status]),
        (vec![], vec![status, (CODE, "403003,403003")]),
        (vec![], vec![status, (CODE, ""), (CODE, " 403003")]),
        // A compression that the caller does not accept.
        (vec![("grpc-encoding", "gzip")], vec![status, (CODE, "403003")]),
    ] {
        for status in failed(&headers, &trailers).await {
            let at = format!("{headers:?}, {trailers:?}: {status:?}");
            assert_eq!(status.code(), Code::PermissionDenied, "{at}");
            assert_eq!(status.error_code(), Some(ErrorCode::USER_BANNED), "{at}");
            assert_eq!(status.to_received::<ErrorCode>().code(), Some(ErrorCode::USER_BANNED), "{at}");
            assert!(!status.metadata().contains_key(DETAILS), "{at}");
        }
    }
    for status in failed(&[("grpc-message", "in the headers")], &[status]).await {
        assert_eq!(status.message(), "in the headers");
    }
}

/// A failure in the headers is one failure, even if the reader then reads the trailers.
#[tokio::test]
async fn a_failure_in_headers_and_trailers_is_observed_once() {
    use http_body_util::BodyExt;

    let (layer, log) = observed();
    let service = layer.layer(service_fn(|_: Request<Body>| async {
        let trailers = [Ok::<_, Infallible>(Frame::<Bytes>::trailers(fields(&[("grpc-status", "7")])))];
        let mut response = Response::new(StreamBody::new(tokio_stream::iter(trailers)));
        *response.headers_mut() = fields(&[("grpc-status", "5")]);
        Ok::<_, Infallible>(response)
    }));
    let response = tower::ServiceExt::oneshot(service, Request::new(Body::empty())).await.unwrap();
    response.into_body().collect().await.unwrap();
    assert_eq!(log.lock().unwrap().len(), 1);
}

/// Returns the advice for a failure with these fields as metadata.
fn advice(status: Status, fields: &[(&'static str, &str)]) -> RetryAdvice {
    let mut status = status;
    *status.metadata_mut() = MetadataMap::from_headers(self::fields(fields));
    status.to_received::<ErrorCode>().retry_advice()
}

#[test]
fn without_other_information_the_grpc_code_gives_the_advice() {
    for code in GrpcCode::ALL {
        let expected = match code {
            GrpcCode::Unavailable | GrpcCode::ResourceExhausted => {
                RetryAdvice::After(RetryAdvice::DEFAULT_DELAY)
            }
            GrpcCode::InvalidArgument
            | GrpcCode::FailedPrecondition
            | GrpcCode::OutOfRange
            | GrpcCode::Aborted
            | GrpcCode::Unauthenticated => RetryAdvice::AfterChange,
            _ => RetryAdvice::Never,
        };
        assert_eq!(advice(Status::new(code.into(), ""), &[]), expected, "{code}");
    }
}

#[test]
fn the_entry_has_priority_over_a_delay() {
    for entry in codelibra::CATALOG.entries() {
        use codelibra::Recovery;
        let status = || Status::from(ErrorCode::from_u32(entry.code).unwrap());
        let asked = advice(status(), &[("grpc-retry-pushback-ms", "5000")]);
        let expected = match entry.recovery {
            Recovery::Wait | Recovery::Retry => RetryAdvice::After(Duration::from_secs(5)),
            Recovery::None | Recovery::ContactSupport => RetryAdvice::Never,
            _ => RetryAdvice::AfterChange,
        };
        assert_eq!(asked, expected, "{}", entry.code);
        assert_eq!(advice(status(), &[("grpc-retry-pushback-ms", "-1")]), RetryAdvice::Never);
    }
}

#[test]
fn every_delay_is_clamped() {
    let unavailable = || Status::unavailable("");
    let (min, max) = (RetryAdvice::MIN_DELAY, RetryAdvice::MAX_DELAY);
    for (pushback, expected) in [
        ("0", Some(min)),
        ("1500", Some(Duration::from_millis(1500))),
        ("9223372036854775807", Some(max)),
        ("-1", None),
        ("-9223372036854775808", None),
        ("9223372036854775808", None),
        ("99999999999999999999999", None),
        ("NaN", None),
        ("inf", None),
        ("1e3", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
    ] {
        let expected = expected.map_or(RetryAdvice::Never, RetryAdvice::After);
        assert_eq!(advice(unavailable(), &[("grpc-retry-pushback-ms", pushback)]), expected, "{pushback}");
    }
    let twice = [("grpc-retry-pushback-ms", "1"), ("grpc-retry-pushback-ms", "2")];
    assert_eq!(advice(unavailable(), &twice), RetryAdvice::Never);

    for (after, expected) in [
        ("0", min),
        ("7", Duration::from_secs(7)),
        ("18446744073709551615", max),
        ("99999999999999999999999", max),
        ("-5", RetryAdvice::DEFAULT_DELAY),
        ("NaN", RetryAdvice::DEFAULT_DELAY),
        ("Wed, 21 Oct 2026 07:28:30 GMT", Duration::from_secs(30)),
        ("Wed, 21 Oct 2026 07:00:00 GMT", min),
        ("Fri, 31 Dec 9999 23:59:59 GMT", max),
        ("the day after", RetryAdvice::DEFAULT_DELAY),
    ] {
        let fields = [("retry-after", after), ("date", "Wed, 21 Oct 2026 07:28:00 GMT")];
        assert_eq!(advice(unavailable(), &fields), RetryAdvice::After(expected), "{after}");
    }

    for (seconds, nanos, expected) in [
        (3, 500_000_000, Duration::from_millis(3500)),
        (0, 0, min),
        (-1, -1, min),
        (i64::MIN, i32::MIN, min),
        (i64::MAX, i32::MAX, max),
        (i64::MIN, i32::MAX, Duration::from_nanos(2_147_483_647)),
        (0, i32::MAX, Duration::from_nanos(2_147_483_647)),
    ] {
        let retry_delay = Some(prost_types::Duration { seconds, nanos });
        let error = ApiError::from_catalog(&codelibra::CATALOG, 503_000).unwrap();
        let status = error.with_detail(&rpc::RetryInfo { retry_delay }).into();
        assert_eq!(advice(status, &[]), RetryAdvice::After(expected), "{seconds} {nanos}");
    }
}

#[test]
fn the_delay_of_a_wait_is_in_its_parameter() {
    let until = |text: &str| {
        let status = ApiError::new(ErrorCode::LOCKED_OUT).with_metadata("locked_until", text).into();
        advice(status, &[])
    };
    assert_eq!(until("9999-12-31T23:59:59Z"), RetryAdvice::After(RetryAdvice::MAX_DELAY));
    assert_eq!(until("1970-01-01T00:00:00Z"), RetryAdvice::After(RetryAdvice::MIN_DELAY));
    assert_eq!(until("0001-01-01T00:00:00Z"), RetryAdvice::After(RetryAdvice::MIN_DELAY));
    assert_eq!(until("tomorrow"), RetryAdvice::After(RetryAdvice::DEFAULT_DELAY));
}

#[test]
fn the_mark_of_a_status_is_bounded() {
    let mut status = Status::unknown("");
    let mark = ["synthesized"; 1000].join(",");
    status.metadata_mut().insert("codelibra-received", mark.parse().unwrap());
    assert!(status.to_received::<ErrorCode>().notes().len() < 17);
}

#[test]
fn a_replacement_contains_the_peers_error_only_as_a_private_cause() {
    let mut status = Status::from(ErrorCode::USER_BANNED.with_message("secret"));
    status.metadata_mut().insert("x-secret", "secret".parse().unwrap());
    let error = status.to_received::<ErrorCode>().replace_with(ErrorCode::UNEXPECTED_ERROR);
    assert!(error.cause().unwrap().to_string().contains("secret"));
    let answer = Status::from(error);
    assert_eq!(answer.error_code(), Some(ErrorCode::UNEXPECTED_ERROR));
    let http = answer.into_http::<()>();
    for (name, value) in http.headers() {
        assert!(!format!("{name}: {value:?}").contains("secret"), "{name}");
    }
}

#[test]
fn a_number_for_labels_is_listed_or_is_a_class_code() {
    let labels = |code| {
        let error = ApiError::from_catalog(&codelibra::CATALOG, code).unwrap();
        ReceivedError::from_details(error.to_details(), &codelibra::CATALOG).listed_number()
    };
    assert_eq!(labels(403_003), 403_003);
    for unlisted in [403_099, 403_500, 403_999, 403_000] {
        assert_eq!(labels(unlisted), 403_000);
    }
}
