//! The bridge from gRPC responses to HTTP responses.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::response::Parts;
use ::http::{HeaderMap, Request, Response};
use bytes::Bytes;
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::ending::{self, Broken, CallEnd};
use super::layer::bridge;
use super::{BridgeBody, BridgeCall};
use crate::guard::service::{Readiness, ServiceError, ServiceFuture};
use crate::guard::{BoxError, Guarded, catch};
use crate::http::collect::Collected;
use crate::http::{Caller, Responder, read_parts};
use crate::inbound::sanitize::{AfterHeaders, Start};
use crate::outbound::failure::Failure;
use crate::wire::grpc_web::Protocol;
use crate::wire::media_type::MediaType;

bridge! {
    /// A tower layer that turns gRPC failures into HTTP responses, around any service that sends gRPC: a transcoder, a proxy,
    /// tonic itself.
    ///
    /// - A failure in the headers (trailers-only), or in trailers before the first message, becomes a response of the
    ///   [`Responder`]. Its fields are read as the client layer reads them, also if they are not valid. It is an error of the
    ///   service behind the gateway, so the boundary applies as in [`Responder::respond_forwarded`].
    /// - A response that ends without `grpc-status` is a failure too. The details or `codelibra-error-code` give the code, or
    ///   otherwise the [intermediary table](crate::catalog::tables::intermediary_to_grpc).
    /// - A response that is not gRPC is an error if it has an error status, or if the request is gRPC (a proxy responded). It is
    ///   read as by [`Reader::read_parts`](crate::http::Reader::read_parts), and becomes a response of the [`Responder`]. The same
    ///   applies to an error of the service itself: no connection, a reset stream.
    /// - A panic of the service, in a call, a poll or a drop, becomes the fallback of INTERNAL (500001). Its payload is not sent.
    ///   After the first message, it ends the body with an error.
    /// - A failure after the first message ends the body with an error: see [`BridgeBody`].
    /// - A response of gRPC-Web to a gRPC-Web request is not changed: a server layer (`codelibra::server`) inside gives its
    ///   failures their codes.
    /// - Other responses are not changed. The headers of a gRPC response are sent when its first frame has arrived.
    ///
    /// Each error has the id of its request (google.rpc.RequestInfo): the id in the failure, or the caller's `x-request-id`, or a
    /// generated one. The parts that are not sent are logged once, as a `tracing` event of the target `codelibra::http`: INFO for
    /// 4xx and UNIMPLEMENTED, WARN for a timeout, and ERROR otherwise. It contains `method`, or `http_method` and `path`.
    ///
    /// ```
    /// use codelibra::ErrorCode;
    /// use codelibra::http::{GrpcToHttpLayer, Responder};
    /// use tonic::service::Routes;
    /// use tower::ServiceBuilder;
    ///
    /// let layer = GrpcToHttpLayer::new(Responder::new::<ErrorCode>());
    /// let service = ServiceBuilder::new().layer(layer).service(Routes::default().into_axum_router());
    /// ```
    GrpcToHttpLayer, GrpcToHttpService, GrpcToHttpFuture
}

pin_project! {
    /// The future of [`GrpcToHttpService`].
    ///
    /// [`GrpcToHttpLayer`] has an example.
    #[derive(Debug)]
    pub struct GrpcToHttpFuture<F, B> {
        #[pin]
        inner: ServiceFuture<F>,
        #[pin]
        peeked: Guarded<Peeked<B>>,
        call: BridgeCall,
    }
}

impl<F, B> GrpcToHttpFuture<F, B> {
    fn new(inner: ServiceFuture<F>, call: BridgeCall) -> Self {
        Self { inner, peeked: Guarded::empty(), call }
    }
}

/// A response whose body must be read before the response can be made.
#[derive(Debug)]
struct Peeked<B> {
    parts: Parts,
    body: B,
    open: ending::OpenCall,
    /// The part that was read of a body that is not gRPC.
    error: Option<Collected>,
}

/// The result of reading the headers of a response.
enum Outcome<B> {
    Answer(Response<BridgeBody<B>>),
    /// The body must be read first.
    Open(Peeked<B>),
}

fn answer<B>(call: &BridgeCall, failure: &Failure<'_>) -> Response<BridgeBody<B>> {
    call.responder.write(&call.caller, &call.finish_and_log(failure)).map(BridgeBody::from_bytes)
}

fn error_response<B>(call: &BridgeCall, error: BoxError) -> Response<BridgeBody<B>> {
    answer(call, &Broken::new(error, call.responder.catalog()).failure())
}

fn begin<B: Body>(call: &BridgeCall, mut parts: Parts, body: B) -> Outcome<B> {
    let catalog = call.responder.catalog();
    let is_error = parts.status.is_client_error() || parts.status.is_server_error();
    // A gRPC-Web caller reads gRPC-Web itself, trailers-only responses included.
    let is_web = matches!(call.protocol, Protocol::GrpcWeb(_))
        && matches!(MediaType::from_fields(&parts.headers), Some(MediaType::GrpcWeb(_)));
    if is_web && !is_error {
        return Outcome::Answer(Response::from_parts(parts, BridgeBody::unchanged(body, call.clone())));
    }
    if !ending::are_grpc(&parts.headers) {
        if is_error || call.is_grpc() {
            let open = ending::OpenCall::new(Start::OPEN, parts.status, catalog);
            return Outcome::Open(Peeked { parts, body, open, error: Some(Collected::default()) });
        }
        return Outcome::Answer(Response::from_parts(parts, BridgeBody::unchanged(body, call.clone())));
    }
    let after = match catch(|| AfterHeaders::from_body(&body)) {
        Ok(after) => after,
        Err(panic) => {
            call.discard(body);
            return Outcome::Answer(answer(call, &Failure::from_panic(panic)));
        }
    };
    match ending::read_headers(&mut parts.headers, after, parts.status, catalog) {
        CallEnd::Failed(error) => {
            call.discard(body);
            Outcome::Answer(answer(call, &Failure::forwarded(&error)))
        }
        CallEnd::Ok => {
            Outcome::Answer(Response::from_parts(parts, BridgeBody::unchanged(body, call.clone())))
        }
        CallEnd::Open(start) => {
            let open = ending::OpenCall::new(start, parts.status, catalog);
            Outcome::Open(Peeked { parts, body, open, error: is_error.then(Collected::default) })
        }
    }
}

impl<B> Peeked<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    /// Reads the body. Returns the frame with which the response begins, or the response to a failure as `Err`.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        call: &BridgeCall,
    ) -> Poll<Result<Frame<Bytes>, Response<BridgeBody<B>>>> {
        let open = &self.open;
        if let Some(error) = &mut self.error {
            ready!(error.poll(&mut self.body, cx));
            let in_trailers = error.trailers_mut().filter(|trailers| ending::are_grpc(trailers));
            let error = match in_trailers.map(|trailers| open.end(trailers)) {
                Some(CallEnd::Failed(error)) => error,
                _ => read_parts(
                    &self.parts,
                    error.as_bytes(),
                    call.responder.catalog(),
                    &call.responder.detail_types,
                ),
            };
            return Poll::Ready(Err(answer(call, &Failure::forwarded(&error))));
        }
        loop {
            let mut frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Err(error_response(call, error.into()))),
                None => Frame::trailers(HeaderMap::new()),
            };
            if let Some(trailers) = frame.trailers_mut()
                && let CallEnd::Failed(error) = open.end(trailers)
            {
                return Poll::Ready(Err(answer(call, &Failure::forwarded(&error))));
            }
            // An empty data frame contains no message.
            if frame.data_ref().is_none_or(|data| !data.is_empty()) {
                return Poll::Ready(Ok(frame));
            }
        }
    }
}

impl<F, B, E> Future for GrpcToHttpFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<BridgeBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match poll_service(this.inner.as_mut(), this.peeked.as_mut(), this.call, cx) {
            Ok(polled) => ready!(polled),
            Err(ServiceError::Panic(panic)) => answer(this.call, &Failure::from_panic(panic)),
            Err(ServiceError::Error(error)) => error_response(this.call, error),
        };
        this.call.log_dropped(this.inner.as_mut().clear());
        this.call.log_dropped(this.peeked.as_mut().clear());
        Poll::Ready(Ok(answer))
    }
}

/// Polls the service, then the body if it must be read before the response can be made.
fn poll_service<F, B, E>(
    mut inner: Pin<&mut ServiceFuture<F>>,
    mut peeked: Pin<&mut Guarded<Peeked<B>>>,
    call: &BridgeCall,
    cx: &mut Context<'_>,
) -> Result<Poll<Response<BridgeBody<B>>>, ServiceError>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    match inner.as_mut().poll(cx)? {
        Some(Poll::Pending) => return Ok(Poll::Pending),
        Some(Poll::Ready(response)) => {
            call.log_dropped(inner.clear());
            let (parts, body) = response.into_parts();
            match begin(call, parts, body) {
                Outcome::Answer(response) => return Ok(Poll::Ready(response)),
                Outcome::Open(open) => peeked.set(Guarded::new(open)),
            }
        }
        None => {}
    }
    let polled = peeked.as_mut().run(|peeked| peeked.get_mut().poll(cx, call));
    Ok(match polled.map_err(ServiceError::Panic)? {
        Some(Poll::Ready(Err(response))) => Poll::Ready(response),
        Some(Poll::Ready(Ok(first))) => match peeked.take() {
            Some(peeked) => {
                let open = peeked.open;
                let body = BridgeBody::from_first_frame(first, peeked.body, call.clone(), open);
                Poll::Ready(Response::from_parts(peeked.parts, body))
            }
            None => Poll::Pending,
        },
        Some(Poll::Pending) | None => Poll::Pending,
    })
}
