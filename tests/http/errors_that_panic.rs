//! Errors of a service that panic when they are shown or dropped: foreign code as every other. Each layer answers with a code.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::ready;
use std::panic::AssertUnwindSafe;

use bytes::Bytes;
use codelibra::ErrorCode;
use codelibra::http::{GrpcToHttpLayer, HttpToGrpcLayer, Responder};
use codelibra::server::ServerLayer;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::body::Body;
use tower::{BoxError, ServiceExt, service_fn};
use tower_layer::Layer;

#[derive(Debug)]
struct PanicInDisplay;

impl fmt::Display for PanicInDisplay {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("Display")
    }
}

impl Error for PanicInDisplay {}

#[derive(Debug)]
struct PanicInDrop;

impl fmt::Display for PanicInDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("private")
    }
}

impl Error for PanicInDrop {}

impl Drop for PanicInDrop {
    fn drop(&mut self) {
        // A second panic during the first one would end the process.
        if !std::thread::panicking() {
            panic!("Drop")
        }
    }
}

type Make = fn() -> BoxError;
const DISPLAY: Make = || Box::new(PanicInDisplay);
const DROP: Make = || Box::new(PanicInDrop);

fn request() -> Request<()> {
    Request::post("/a.B/C").header("content-type", "application/grpc").body(()).unwrap()
}

/// The code that a layer answers with, where the service returns an error in place of a response.
fn code<L, S>(layer: L) -> String
where
    L: FnOnce() -> S,
    S: Future<Output = HeaderMap>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answered = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(layer())));
    let fields = answered.unwrap_or_else(|_| panic!("the panic gets out of the layer"));
    fields["codelibra-error-code"].to_str().unwrap().to_owned()
}

fn server(make: Make) -> String {
    let service = service_fn(move |_: Request<()>| ready(Err::<Response<Body>, BoxError>(make())));
    code(|| async {
        let layer = ServerLayer::new::<ErrorCode>();
        layer.layer(service).oneshot(request()).await.unwrap().headers().clone()
    })
}

fn body_of_server(make: Make) -> String {
    let service = service_fn(move |_: Request<()>| {
        let body = StreamBody::new(tokio_stream::once(Err::<Frame<Bytes>, BoxError>(make())));
        let response = Response::builder().header("content-type", "application/grpc");
        ready(Ok::<_, Infallible>(response.body(body).unwrap()))
    });
    code(|| async {
        let response = ServerLayer::new::<ErrorCode>().layer(service).oneshot(request()).await.unwrap();
        let body = response.into_body().collect().await.unwrap_or_else(|_| panic!("the body failed"));
        body.trailers().unwrap().clone()
    })
}

fn to_grpc(make: Make) -> String {
    let service = service_fn(move |_: Request<()>| ready(Err::<Response<Body>, BoxError>(make())));
    code(|| async {
        let layer = HttpToGrpcLayer::new(Responder::new::<ErrorCode>());
        layer.layer(service).oneshot(request()).await.unwrap().headers().clone()
    })
}

fn to_http(make: Make) -> String {
    let service = service_fn(move |_: Request<()>| ready(Err::<Response<Body>, BoxError>(make())));
    code(|| async {
        let layer = GrpcToHttpLayer::new(Responder::new::<ErrorCode>());
        layer.layer(service).oneshot(request()).await.unwrap().headers().clone()
    })
}

#[test]
fn the_server_layer_answers_for_an_error_that_panics_when_shown() {
    assert_eq!([server(DISPLAY), body_of_server(DISPLAY)], ["500001"; 2]);
}

#[test]
fn the_bridges_answer_for_an_error_that_panics_when_shown() {
    assert_eq!([to_grpc(DISPLAY), to_http(DISPLAY)], ["500001"; 2]);
}

#[test]
fn the_server_layer_answers_for_an_error_that_panics_when_dropped() {
    assert_eq!([server(DROP), body_of_server(DROP)], ["500001"; 2]);
}

#[test]
fn the_bridges_answer_for_an_error_that_panics_when_dropped() {
    assert_eq!([to_grpc(DROP), to_http(DROP)], ["500001"; 2]);
}
