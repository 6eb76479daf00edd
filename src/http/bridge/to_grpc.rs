//! The bridge from HTTP responses to gRPC responses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::response::Parts;
use ::http::{Request, Response};
use bytes::Bytes;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::ending::{self, Broken};
use super::layer::bridge;
use super::{BridgeBody, BridgeCall, grpc_failure};
use crate::guard::service::{Readiness, ServiceError, ServiceFuture};
use crate::guard::{BoxError, Guarded};
use crate::http::collect::Collected;
use crate::http::{Caller, Responder, read_parts};
use crate::inbound::sanitize::Start;
use crate::outbound::budget::Budget;
use crate::outbound::failure::Failure;
use crate::wire::header::GRPC_STATUS;

bridge! {
    /// A tower layer that turns HTTP errors into gRPC failures (trailers-only), around any HTTP service that has gRPC callers.
    ///
    /// - A response of 4xx or 5xx that is not gRPC is read as by [`Reader::read_parts`](crate::http::Reader::read_parts), up to
    ///   [`MAX_BODY`](crate::http::MAX_BODY). It is sent as `grpc-status`, `grpc-message`, `grpc-status-details-bin` and
    ///   `codelibra-error-code`. It is an error of the service behind the gateway, so the boundary applies as in
    ///   [`Responder::respond_forwarded`].
    /// - An error of the service itself (no connection, a reset stream) becomes such a failure too. A panic of the service, in a
    ///   call, a poll or a drop, becomes the fallback of INTERNAL (500001). Its payload is not sent.
    /// - Parts that do not fit into the [`budget`](Self::budget) are removed and marked, as by a server layer.
    /// - The ErrorInfos are those that the responder [sets](Responder::error_infos).
    /// - A gRPC response to a gRPC request that breaks off, or ends without `grpc-status`, ends with such a failure in its
    ///   trailers.
    /// - Other responses are not changed, gRPC-Web included. A gRPC-Web caller receives a failure as trailers-only gRPC-Web.
    ///   If streams of gRPC-Web must end with a code, put the layer for gRPC-Web (`tonic_web::GrpcWebLayer`) outside.
    ///
    /// Each failure has the id of its request (google.rpc.RequestInfo): the id in the failure, or the caller's `x-request-id`, or
    /// a generated one. The parts that are not sent are logged once, as a `tracing` event of the target `codelibra::http`: INFO
    /// for 4xx and UNIMPLEMENTED, WARN for a timeout, and ERROR otherwise. It contains `method`, or `http_method` and `path`.
    ///
    /// ```
    /// use codelibra::ErrorCode;
    /// use codelibra::http::{HttpToGrpcLayer, Responder};
    /// use tower::ServiceBuilder;
    ///
    /// let layer = HttpToGrpcLayer::new(Responder::new::<ErrorCode>());
    /// let service = ServiceBuilder::new().layer(layer).service(axum::Router::<()>::new());
    /// ```
    HttpToGrpcLayer, HttpToGrpcService, HttpToGrpcFuture
}

impl HttpToGrpcLayer {
    /// Limits the size of the fields of each failure. The default is [`Budget::KIB_3`].
    ///
    /// ```
    /// use codelibra::http::{HttpToGrpcLayer, Responder};
    /// use codelibra::{Budget, ErrorCode};
    ///
    /// let layer = HttpToGrpcLayer::new(Responder::new::<ErrorCode>()).budget(Budget::KIB_8);
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        Arc::make_mut(&mut self.responder).policy.budget = budget;
        self
    }
}

pin_project! {
    /// The future of [`HttpToGrpcService`].
    ///
    /// [`HttpToGrpcLayer`] has an example.
    #[derive(Debug)]
    pub struct HttpToGrpcFuture<F, B> {
        #[pin]
        inner: ServiceFuture<F>,
        #[pin]
        reading: Guarded<Reading<B>>,
        call: BridgeCall,
    }
}

/// An error body that is being read.
#[derive(Debug)]
struct Reading<B> {
    parts: Parts,
    body: B,
    collected: Collected,
}

impl<F, B> HttpToGrpcFuture<F, B> {
    fn new(inner: ServiceFuture<F>, call: BridgeCall) -> Self {
        Self { inner, reading: Guarded::empty(), call }
    }
}

fn fail<B>(call: &BridgeCall, failure: &Failure<'_>) -> Response<BridgeBody<B>> {
    let mut response = Response::new(BridgeBody::from_bytes(Bytes::new()));
    *response.headers_mut() = grpc_failure::trailers_only(call, failure);
    response
}

/// Returns the response of the service. If it is a gRPC stream, its end is checked.
fn pass<B>(call: &BridgeCall, response: Response<B>) -> Response<BridgeBody<B>> {
    let is_grpc = ending::are_grpc(response.headers());
    let is_open = is_grpc && call.is_grpc() && !response.headers().contains_key(GRPC_STATUS);
    let open = ending::OpenCall::new(Start::OPEN, response.status(), call.responder.catalog());
    response.map(|body| {
        if is_open {
            BridgeBody::for_grpc_caller(body, call.clone(), open)
        } else {
            BridgeBody::unchanged(body, call.clone())
        }
    })
}

impl<F, B, E> Future for HttpToGrpcFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<BridgeBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match poll_service(this.inner.as_mut(), this.reading.as_mut(), this.call, cx) {
            Ok(polled) => ready!(polled),
            Err(ServiceError::Panic(panic)) => fail(this.call, &Failure::from_panic(panic)),
            Err(ServiceError::Error(error)) => {
                fail(this.call, &Broken::new(error, this.call.responder.catalog()).failure())
            }
        };
        this.call.log_dropped(this.inner.as_mut().clear());
        this.call.log_dropped(this.reading.as_mut().clear());
        Poll::Ready(Ok(answer))
    }
}

/// Polls the service, then the error body that it sent.
fn poll_service<F, B, E>(
    mut inner: Pin<&mut ServiceFuture<F>>,
    mut reading: Pin<&mut Guarded<Reading<B>>>,
    call: &BridgeCall,
    cx: &mut Context<'_>,
) -> Result<Poll<Response<BridgeBody<B>>>, ServiceError>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body<Data = Bytes> + Unpin,
{
    match inner.as_mut().poll(cx)? {
        Some(Poll::Pending) => return Ok(Poll::Pending),
        Some(Poll::Ready(response)) => {
            call.log_dropped(inner.clear());
            let is_error = response.status().is_client_error() || response.status().is_server_error();
            if !is_error || ending::are_grpc(response.headers()) {
                return Ok(Poll::Ready(pass(call, response)));
            }
            let (parts, body) = response.into_parts();
            reading.set(Guarded::new(Reading { parts, body, collected: Collected::default() }));
        }
        None => {}
    }
    let read = reading.run(|reading| {
        let Reading { parts, body, collected } = reading.get_mut();
        let (catalog, types) = (call.responder.catalog(), &call.responder.detail_types);
        collected.poll(body, cx).map(|()| read_parts(parts, collected.as_bytes(), catalog, types))
    });
    let error = match read.map_err(ServiceError::Panic)? {
        Some(Poll::Ready(error)) => error,
        Some(Poll::Pending) | None => return Ok(Poll::Pending),
    };
    Ok(Poll::Ready(fail(call, &Failure::forwarded(&error))))
}
