//! If a call is cancelled at or after its deadline, its failure is the deadline, in every place in which the cancellation is seen.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use codelibra::client::{ClientLayer, FailedCall};
use codelibra::{ErrorCode, GrpcCode, ReceivedError, StatusCodeExt};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio_stream::StreamExt;
use tonic::Status;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::transport::Endpoint;
use tower::util::MapRequestLayer;
use tower::{Layer, service_fn};

use crate::in_process::{stream, unary};
use crate::upstream;
use crate::upstream::{Gate, MESSAGE, Part, Script, grpc};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sets or removes `grpc-timeout`.
fn timeout(
    timeout: Option<&'static str>,
) -> MapRequestLayer<impl Fn(Request<Body>) -> Request<Body> + Clone> {
    MapRequestLayer::new(move |mut request: Request<Body>| {
        request.headers_mut().remove("grpc-timeout");
        if let Some(timeout) = timeout {
            request.headers_mut().insert("grpc-timeout", HeaderValue::from_static(timeout));
        }
        request
    })
}

fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let name = HeaderName::from_static;
    fields.iter().map(|field| (name(field.0), HeaderValue::from_static(field.1))).collect()
}

/// The place in which the failure is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Service,
    Headers,
    Trailers,
    LateTrailers,
    Body,
    LateBody,
}

const PLACES: [Place; 6] =
    [Place::Service, Place::Headers, Place::Trailers, Place::LateTrailers, Place::Body, Place::LateBody];

/// A failure in fields or as an error.
#[derive(Clone, Copy, Debug)]
struct Failure {
    fields: &'static [(&'static str, &'static str)],
    error: fn() -> BoxError,
}

/// Answers after one second, with the failure in a place.
async fn answer(place: Place, failure: Failure) -> Result<Response<Body>, BoxError> {
    let second = || tokio::time::sleep(Duration::from_secs(1));
    if matches!(place, Place::Service | Place::Headers) {
        second().await;
    }
    if place == Place::Service {
        return Err((failure.error)());
    }
    let message = Ok(Frame::data(Bytes::from_static(&[0; 5])));
    let end = match place {
        Place::Body | Place::LateBody => Some(Err((failure.error)())),
        Place::Trailers | Place::LateTrailers => Some(Ok(Frame::trailers(fields(failure.fields)))),
        Place::Headers | Place::Service => None,
    };
    let is_late = matches!(place, Place::LateTrailers | Place::LateBody);
    let frames = is_late.then_some(message).into_iter().chain(end);
    // The end comes one second later.
    let frames = tokio_stream::iter(frames).then(move |frame: Result<Frame<Bytes>, BoxError>| async move {
        if !matches!(&frame, Ok(frame) if frame.is_data()) {
            second().await;
        }
        frame
    });
    let mut response = Response::new(Body::new(StreamBody::new(frames)));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    if place == Place::Headers {
        response.headers_mut().extend(fields(failure.fields));
    }
    Ok(response)
}

/// Returns the statuses that the caller sees. The observer sees the same ones.
async fn call(place: Place, failure: Failure, grpc_timeout: Option<&'static str>) -> Vec<Status> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    let layer = ClientLayer::new::<ErrorCode>().observe(move |error: &ReceivedError, _: &FailedCall<'_>| {
        seen.lock().unwrap().push(error.grpc_code());
    });
    let service = service_fn(move |_: Request<Body>| answer(place, failure));
    let service = timeout(grpc_timeout).layer(layer.layer(service));
    let unary = unary(&mut Grpc::new(service.clone())).await.unwrap_err();
    let statuses = vec![unary, stream(&mut Grpc::new(service)).await.unwrap_err()];
    let codes: Vec<_> = statuses.iter().map(|status| GrpcCode::from(status.code())).collect();
    assert_eq!(*log.lock().unwrap(), codes, "{place:?}");
    statuses
}

const CANCELLED: Failure = Failure {
    fields: &[("grpc-status", "1"), ("grpc-message", "Timeout expired")],
    error: || Status::cancelled("reset").into(),
};

/// The call takes one second.
#[tokio::test(start_paused = true)]
async fn a_cancellation_after_the_deadline_becomes_deadline_exceeded() {
    let (before, after, none) = (Some("1001m"), Some("1S"), None);
    for place in PLACES {
        for (grpc_timeout, expected) in [
            (before, GrpcCode::Cancelled),
            (after, GrpcCode::DeadlineExceeded),
            (Some("999m"), GrpcCode::DeadlineExceeded),
            (Some("0n"), GrpcCode::DeadlineExceeded),
            (Some("99999999H"), GrpcCode::Cancelled),
            (Some("soon"), GrpcCode::Cancelled),
            (none, GrpcCode::Cancelled),
        ] {
            for status in call(place, CANCELLED, grpc_timeout).await {
                let received = status.to_received::<ErrorCode>();
                let at = format!("{grpc_timeout:?} in {place:?}: {status:?}");
                assert_eq!(received.grpc_code(), expected, "{at}");
                if expected == GrpcCode::DeadlineExceeded {
                    assert!(received.is_synthesized(), "{at}");
                    assert_eq!(status.message(), "the deadline of the call passed", "{at}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn other_failures_are_not_changed() {
    let rows: [(Failure, GrpcCode, GrpcCode); 5] = [
        (
            Failure { fields: &[("grpc-status", "14")], error: || Status::unavailable("refused").into() },
            GrpcCode::Unavailable,
            GrpcCode::Unavailable,
        ),
        // The server chose a code.
        (
            Failure {
                fields: &[("grpc-status", "1"), ("codelibra-error-code", "499001")],
                error: || {
                    let mut status = Status::cancelled("chosen");
                    status.metadata_mut().insert("codelibra-error-code", "499001".parse().unwrap());
                    status.into()
                },
            },
            GrpcCode::Cancelled,
            GrpcCode::Cancelled,
        ),
        // The server sent UNKNOWN.
        (
            Failure { fields: &[("grpc-status", "2")], error: || Status::unknown("chosen").into() },
            GrpcCode::Unknown,
            GrpcCode::Unknown,
        ),
        // Without its feature `server`, tonic does not know the error of a reset.
        (
            Failure { fields: &[("x", "y")], error: || "a reset".into() },
            GrpcCode::Unknown,
            GrpcCode::DeadlineExceeded,
        ),
        // A timer of tonic is the deadline of the caller or of the endpoint.
        (
            Failure { fields: &[("grpc-status", "4")], error: || tonic::TimeoutExpired(()).into() },
            GrpcCode::DeadlineExceeded,
            GrpcCode::DeadlineExceeded,
        ),
    ];
    for (failure, before, after) in rows {
        for place in PLACES {
            for (grpc_timeout, expected) in [(None, before), (Some("2S"), before), (Some("1S"), after)] {
                for status in call(place, failure, grpc_timeout).await {
                    let at = format!("{grpc_timeout:?} in {place:?}: {status:?}");
                    assert_eq!(GrpcCode::from(status.code()), expected, "{at}");
                }
            }
        }
    }
}

/// A real peer sends `RST_STREAM`. The deadline passes immediately or never.
#[tokio::test]
async fn a_reset_after_the_deadline_becomes_deadline_exceeded() {
    const CANCEL: u32 = 8;
    let headers = || Part::Headers(200, grpc(vec![]));
    let scripts: [Script; 3] = [
        vec![Part::Reset(CANCEL)],
        vec![headers(), Part::Reset(CANCEL)],
        vec![headers(), Part::Data(MESSAGE.to_vec()), Part::Reset(CANCEL)],
    ];
    for script in scripts {
        for (grpc_timeout, expected) in [
            (Some("1n"), GrpcCode::DeadlineExceeded),
            (Some("99999999H"), GrpcCode::Cancelled),
            (None, GrpcCode::Cancelled),
        ] {
            let gate = Gate::new();
            let address = upstream::start(script.clone(), gate.clone()).await;
            let channel =
                Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
            // The first call of a connection succeeds.
            gate.go.add_permits(1);
            unary(&mut Grpc::new(channel.clone())).await.unwrap();
            // tonic's own timer, below the layer, must not fire first.
            let layer = ClientLayer::new::<ErrorCode>();
            let service = timeout(grpc_timeout).layer(layer.layer(timeout(None).layer(channel)));
            for status in [
                unary(&mut Grpc::new(service.clone())).await.unwrap_err(),
                stream(&mut Grpc::new(service)).await.unwrap_err(),
            ] {
                let received = status.to_received::<ErrorCode>();
                assert_eq!(received.grpc_code(), expected, "{grpc_timeout:?}, {script:?}: {status:?}");
                assert!(received.is_synthesized());
            }
        }
    }
}
