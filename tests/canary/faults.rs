//! The rows of the table that have no parts: a broken connection, a timeout, a panic. Their private text is in a cause or in
//! a payload. It is never sent, within an internal boundary neither.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use codelibra::axum::ErrorLayer;
use codelibra::http::{Form, GrpcToHttpLayer, HttpToGrpcLayer, Reader, StreamBody, StreamForm};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::body::Body;
use tower::{BoxError, Layer, ServiceExt};

use crate::bridges::{Each, responder};
use crate::carry::{EMPTY, Logs, Once, Problems, Received, grpc_request, http_request, ready};
use crate::grpc::layer;
use crate::oracle::{Expected, Sent, deadline_exceeded, internal};
use crate::table::{CAUSE, ID, MESSAGE, REACHES, Reach};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// An error of a type that is not known.
    Broken,
    TimedOut,
    Panicked,
}

const FAULTS: [Fault; 3] = [Fault::Broken, Fault::TimedOut, Fault::Panicked];

/// An error whose text is private.
#[derive(Debug)]
struct Private(Option<BoxError>);

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CAUSE)
    }
}

impl std::error::Error for Private {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_deref().map(|source| -> &(dyn std::error::Error + 'static) { source })
    }
}

impl Fault {
    /// What a service does in place of a response, or a body in place of its next frame.
    fn happen(self) -> BoxError {
        match self {
            Self::Broken => std::io::Error::other(CAUSE).into(),
            Self::TimedOut => Private(Some(tower::timeout::error::Elapsed::new().into())).into(),
            Self::Panicked => std::panic::panic_any(CAUSE.to_owned()),
        }
    }

    /// An unknown error, and a panic, become the fallback of INTERNAL; a timeout the one of DEADLINE_EXCEEDED.
    fn expected(self) -> Expected {
        let mut sent = match self {
            Self::Broken | Self::Panicked => internal(),
            Self::TimedOut => deadline_exceeded(),
        };
        sent.request = Some((ID.into(), String::new()));
        Expected { sent, log: vec![(CAUSE, 1)] }
    }
}

/// A service that fails when it is called, or when its future is polled.
#[derive(Clone, Copy)]
struct Failing(Fault);

impl<B: Send + 'static> tower::Service<Request<B>> for Failing {
    type Response = Response<axum::body::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let Self(fault) = *self;
        Box::pin(async move { Err(fault.happen()) })
    }
}

/// A body that fails after so many messages.
struct FailingBody(usize, Fault);

impl http_body::Body for FailingBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(Some(Err(self.1.happen()))) };
        self.0 = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(EMPTY)))))
    }
}

/// Not in a body of tonic, which makes a status of each error: a status is sent with its message.
fn failing_response(messages: usize, fault: Fault) -> Response<axum::body::Body> {
    let response = Response::builder().header("content-type", "application/grpc");
    response.body(axum::body::Body::new(FailingBody(messages, fault))).unwrap()
}

/// Panics of the rows are not printed.
fn without_panic_messages() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<String>().is_none_or(|text| text != CAUSE) {
                hook(info);
            }
        }));
    });
}

#[test]
fn in_place_of_a_response() {
    without_panic_messages();
    let mut problems = Problems::start();
    let to_http = Each::new(GrpcToHttpLayer::new);
    let to_grpc = Each::new(HttpToGrpcLayer::new);
    let axum = Each::new(ErrorLayer::new);
    for fault in FAULTS {
        for reach in REACHES {
            let expected = fault.expected();
            let mut check = |name: &str, received: Received| {
                problems.check(&(fault, reach, name), &received, &expected, Logs::Always);
            };
            for form in Form::ALL {
                let service = to_http.get(reach, form).layer(Failing(fault));
                let response = ready(service.oneshot(http_request())).unwrap();
                check("to HTTP", ready(Received::read_http(response)));
            }
            let service = to_grpc.get(reach, Form::Native).layer(Failing(fault));
            let response = ready(service.oneshot(grpc_request())).unwrap();
            check("to gRPC", ready(Received::read_grpc(response)));
            let service = axum.get(reach, Form::Native).layer(Failing(fault));
            let Ok(response): Result<_, Infallible> = ready(service.clone().oneshot(http_request()));
            check("axum", ready(Received::read_http(response)));
            let Ok(response): Result<_, Infallible> = ready(service.oneshot(grpc_request()));
            check("axum to gRPC", ready(Received::read_grpc(response)));
            let service = layer(reach).layer(Failing(fault));
            let response = ready(service.oneshot(grpc_request())).unwrap();
            check("the server layer", ready(Received::read_grpc(response)));
        }
    }
    problems.finish(54);
}

#[test]
fn in_a_body() {
    without_panic_messages();
    let mut problems = Problems::start();
    for fault in FAULTS {
        for reach in REACHES {
            let expected = fault.expected();
            for messages in [0, 1] {
                let mut check = |name: &str, received: Received| {
                    problems.check(&(fault, reach, messages, name), &received, &expected, Logs::Always);
                };
                let inner = || Once::new(failing_response(messages, fault));
                let service = layer(reach).layer(inner());
                let response = ready(service.oneshot(grpc_request())).unwrap();
                check("the server layer", ready(Received::read_grpc(response)));
                let service = HttpToGrpcLayer::new(responder(reach, Form::Native)).layer(inner());
                let response = ready(service.oneshot(grpc_request())).unwrap();
                check("to gRPC", ready(Received::read_grpc(response)));
                let service = GrpcToHttpLayer::new(responder(reach, Form::Native)).layer(inner());
                let response = ready(service.oneshot(http_request())).unwrap();
                if messages == 0 {
                    check("to HTTP", ready(Received::read_http(response)));
                } else {
                    // The response has begun: the connection is cut.
                    assert!(ready(response.into_body().collect()).is_err());
                    check("to HTTP", Received::nothing());
                }
            }
        }
    }
    problems.finish(36);
}

/// A status that a service returns as its error has a message of its own, beside the private cause.
#[test]
fn a_status_in_place_of_a_response() {
    let mut problems = Problems::start();
    for reach in REACHES {
        let failing = tower::service_fn(async |_: Request<Body>| {
            let mut status = tonic::Status::internal(MESSAGE);
            status.set_source(std::sync::Arc::new(Private(None)));
            Err::<Response<axum::body::Body>, BoxError>(status.into())
        });
        let mut expected = Fault::Broken.expected();
        expected.log.push((MESSAGE, usize::from(reach == Reach::Public)));
        if reach == Reach::Internal {
            expected.sent.message = MESSAGE.into();
        }
        let service = GrpcToHttpLayer::new(responder(reach, Form::Native)).layer(failing);
        let received = ready(Received::read_http(ready(service.oneshot(http_request())).unwrap()));
        problems.check(&(reach, "to HTTP"), &received, &expected, Logs::Always);
        let service = HttpToGrpcLayer::new(responder(reach, Form::Native)).layer(failing);
        let received = ready(Received::read_grpc(ready(service.oneshot(grpc_request())).unwrap()));
        problems.check(&(reach, "to gRPC"), &received, &expected, Logs::Always);
        let service = layer(reach).layer(failing);
        let received = ready(Received::read_grpc(ready(service.oneshot(grpc_request())).unwrap()));
        problems.check(&(reach, "the server layer"), &received, &expected, Logs::Always);
    }
    problems.finish(6);
}

/// The items of a stream that fail.
enum Item {
    Panics,
    Unserializable,
}

impl serde::Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Panics => std::panic::panic_any(CAUSE.to_owned()),
            Self::Unserializable => Err(serde::ser::Error::custom(CAUSE)),
        }
    }
}

#[test]
fn in_a_stream() {
    without_panic_messages();
    let mut problems = Problems::start();
    for reach in REACHES {
        for (name, item) in [("a panic", Item::Panics), ("an item", Item::Unserializable)] {
            let items = tokio_stream::iter([Ok(item)]);
            let body = StreamBody::new(StreamForm::Sse, items, responder(reach, Form::Native));
            let body = ready(body.caller(&http_request()).collect()).unwrap().to_bytes();
            let last = std::str::from_utf8(&body).unwrap().rsplit_once("data: ").unwrap().1;
            let error = Reader::from_catalog(&crate::table::SERVICE).read_body(last.as_bytes());
            let expected = Fault::Broken.expected();
            problems.check(&(reach, name), &Received::from_error(&error, &body), &expected, Logs::Always);
        }
    }
    problems.finish(4);
}

/// A deadline of the layers themselves.
#[tokio::test(start_paused = true)]
async fn a_deadline_of_a_layer() {
    let mut problems = Problems::start();
    let never = tower::service_fn(async |_: Request<Body>| {
        std::future::pending::<Result<Response<axum::body::Body>, BoxError>>().await
    });
    for reach in REACHES {
        let mut sent: Sent = deadline_exceeded();
        sent.request = Some((ID.into(), String::new()));
        let expected = Expected { sent, log: vec![] };
        let service = layer(reach).timeout(Duration::from_secs(1)).layer(never);
        let response = service.oneshot(grpc_request()).await.unwrap();
        problems.check(&reach, &Received::read_grpc(response).await, &expected, Logs::Always);
        let axum =
            ErrorLayer::new(responder(reach, Form::Native)).timeout(Duration::from_secs(1)).layer(never);
        let Ok(response): Result<_, Infallible> = axum.clone().oneshot(http_request()).await;
        problems.check(&reach, &Received::read_http(response).await, &expected, Logs::Always);
        let Ok(response): Result<_, Infallible> = axum.oneshot(grpc_request()).await;
        problems.check(&reach, &Received::read_grpc(response).await, &expected, Logs::Always);
    }
    problems.finish(6);
}
