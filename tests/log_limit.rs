//! A peer's long text fills no log: every field is limited, and so is the work for it.

#![cfg(all(feature = "axum", feature = "client", feature = "server", feature = "tracing"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use codelibra::axum::ErrorLayer;
use codelibra::client::{ClientLayer, TracingObserver};
use codelibra::http::{GrpcToHttpLayer, HttpToGrpcLayer, Responder};
use codelibra::rpc::DebugInfo;
use codelibra::server::ServerLayer;
use codelibra::{ApiError, ErrorCode, LogLimit};
use http::{Request, Response};
use http_body_util::BodyExt;
use support::Log;
use tonic::Status;
use tower::{BoxError, Service, ServiceExt, service_fn};
use tower_layer::Layer;

/// Each character is six bytes in `tracing`'s quotes.
const LONG: usize = 100_000;

fn long() -> String {
    "\u{7f}".repeat(LONG)
}

/// A failure whose field is long, and the name of that field in the log.
type Case = (&'static str, fn() -> Result<Response<Body>, BoxError>);

fn of_error(error: ApiError) -> Result<Response<Body>, BoxError> {
    Ok(Status::from(error).into_http())
}

const CASES: [Case; 6] = [
    ("withheld=", || Ok(Status::internal(long()).into_http())),
    ("withheld=", || of_error(ErrorCode::UNEXPECTED_ERROR.with_message(long()))),
    ("withheld_details=", || {
        let debug = DebugInfo { detail: long(), ..Default::default() };
        of_error(ErrorCode::UNEXPECTED_ERROR.with_detail(&debug))
    }),
    ("withheld_details=", || {
        let add = |error: ApiError, i| error.with_metadata(format!("key{i}"), "x".repeat(LONG / 100));
        of_error((0..100).fold(ApiError::from_catalog(&codelibra::CATALOG, 500_001).unwrap(), add))
    }),
    ("cause=", || Err(std::io::Error::other(long()).into())),
    ("panic=", || std::panic::panic_any(long())),
];

fn request() -> Request<Body> {
    let path = format!("/{}", "x".repeat(60_000));
    Request::post(path).header("content-type", "application/grpc").body(Body::empty()).unwrap()
}

fn run<S, B>(service: S)
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: http_body::Body,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        if let Ok(response) = service.oneshot(request()).await {
            drop(response.into_body().collect().await);
        }
    });
}

/// A service that fails so through the server layer, both bridges, `ErrorLayer` and the client layer.
fn through_every_layer((field, fail): Case, limit: Option<LogLimit>) {
    let service = || service_fn(move |_: Request<Body>| ready(fail()));
    let responder = Responder::new::<ErrorCode>();
    let (mut server, mut responder, mut observer) =
        (ServerLayer::new::<ErrorCode>(), responder, TracingObserver::new());
    if let Some(limit) = limit {
        server = server.log_limit(limit);
        responder = responder.log_limit(limit);
        observer = observer.log_limit(limit);
    }
    run(server.layer(service()));
    run(GrpcToHttpLayer::new(responder.clone()).layer(service()));
    run(HttpToGrpcLayer::new(responder.clone()).layer(service()));
    run(ErrorLayer::new(responder).layer(service()));
    if field != "panic=" {
        let service = service_fn(move |_: Request<Body>| ready(fail().map_err(|_| "no connection")));
        run(ClientLayer::new::<ErrorCode>().observe(observer).layer(service));
    }
}

#[test]
fn every_field_is_limited_in_every_layer() {
    let log = Log::start();
    for case in CASES {
        for (limit, bytes) in [(None, 4096), (Some(LogLimit::from_bytes(100)), 100)] {
            through_every_layer(case, limit);
            let log = log.take();
            assert!(log.contains(case.0) && log.contains("bytes)"), "{}: {log}", case.0);
            for line in log.lines() {
                // Two long fields: the path, and this one.
                assert!(line.len() < 1000 + 2 * bytes, "{}: {}", case.0, line.len());
            }
        }
    }
}

#[test]
fn the_mark_has_the_length_of_the_whole() {
    let log = Log::start();
    run(ServerLayer::new::<ErrorCode>().layer(service_fn(|_: Request<Body>| {
        ready(Err::<Response<Body>, _>(std::io::Error::other("x".repeat(15_600_000))))
    })));
    let log = log.take();
    assert!(log.contains(&("x".repeat(4096) + "… (15600000 bytes)")), "{}", log.len());
    assert!(!log.contains(&"x".repeat(4097)));
}

/// What is allocated for the event alone: with a subscriber, and without one.
#[test]
fn no_more_than_the_limit_is_formatted() {
    let log = Log::start();
    let fields = || {
        // As the attacker sent it: the line in the log had 15,600,000 bytes.
        let message = "\u{7f}".repeat(3_900_000);
        let status = Status::from(ErrorCode::UNEXPECTED_ERROR.with_message(message));
        let mut response = status.into_http::<Body>();
        // Of what tonic made, only the fields.
        response.extensions_mut().clear();
        response
    };
    let bytes = |is_enabled: bool| {
        let mut response = Some(fields());
        let service =
            service_fn(move |_: Request<Body>| ready(Ok::<_, Infallible>(response.take().unwrap())));
        let service = ServerLayer::new::<ErrorCode>().layer(service);
        let none = tracing::subscriber::NoSubscriber::default();
        let info = allocation_counter::measure(|| match is_enabled {
            true => run(service),
            false => tracing::subscriber::with_default(none, || run(service)),
        });
        info.bytes_total
    };
    let (with, without) = (bytes(true), bytes(false));
    assert!(!log.take().is_empty());
    // The line, which is written twice, and its parts.
    assert!(with.saturating_sub(without) < 200_000, "{with} - {without}");
}
