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

use super::body::Collected;
use super::ending::{self, Broken};
use super::layer::bridge;
use super::{BoxError, BridgeBody, Call, fields};
use crate::http::{Caller, Failing, Responder, read};
use crate::wire::{GRPC_STATUS, sanitize};

bridge! {
    /// Turns HTTP errors into gRPC failures (trailers-only), around any HTTP service whose callers speak gRPC.
    ///
    /// - An answer of 4xx or 5xx that is no gRPC is read as [`read`] does, to [`MAX_BODY`](crate::http::MAX_BODY), and
    ///   leaves with `grpc-status`, `grpc-message`, `grpc-status-details-bin` and `codelibra-error-code`. It is an error
    ///   of the service behind: what the boundary does with it is what [`Responder::respond_forwarded`] says.
    /// - An error of the service itself (no connection, a reset stream) is answered alike.
    /// - What is more than the [`Budget`](crate::http::Budget) of the responder is left out and marked, as a server layer
    ///   does.
    /// - A gRPC answer to a gRPC request that breaks off, or ends without `grpc-status`, ends with such a failure in its
    ///   trailers.
    /// - Every other answer passes as it is.
    ///
    /// Each failure has the id of its request (google.rpc.RequestInfo): its own, else the caller's `x-request-id`, else
    /// a made one. What does not leave is logged once, as a `tracing` event of the target `codelibra::http`: ERROR for
    /// 5xx, INFO for the rest.
    HttpToGrpcLayer, HttpToGrpcService, HttpToGrpcFuture
}

pin_project! {
    /// The future of [`HttpToGrpcService`].
    #[derive(Debug)]
    pub struct HttpToGrpcFuture<F, B> {
        #[pin]
        inner: F,
        reading: Option<(Parts, B, Collected)>,
        call: Call,
    }
}

impl<F, B> HttpToGrpcFuture<F, B> {
    const fn new(inner: F, call: Call) -> Self {
        Self { inner, reading: None, call }
    }
}

impl Call {
    fn fail<B>(&self, failing: Failing<'_>) -> Response<BridgeBody<B>> {
        let mut response = Response::new(BridgeBody::whole(Bytes::new()));
        *response.headers_mut() = fields::trailers_only(self, failing);
        response
    }
}

impl<F, B, E> Future for HttpToGrpcFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<BridgeBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let responder = &*this.call.responder;
        let (parts, body, read_so_far) = match this.reading {
            Some(reading) => reading,
            None => {
                let (parts, body) = match ready!(this.inner.poll(cx)) {
                    Ok(response) => response.into_parts(),
                    Err(error) => {
                        let broken = Broken::new(error.into(), responder.catalog());
                        return Poll::Ready(Ok(this.call.fail(broken.failing())));
                    }
                };
                let is_error = parts.status.is_client_error() || parts.status.is_server_error();
                let is_grpc = ending::speak_grpc(&parts.headers);
                if !is_error || is_grpc {
                    let is_open = is_grpc && this.call.is_grpc && !parts.headers.contains_key(GRPC_STATUS);
                    let body = if is_open {
                        let (so_far, http_status) = (sanitize::Ending::Open, parts.status);
                        let begun = ending::Begun { so_far, http_status, catalog: responder.catalog() };
                        BridgeBody::in_grpc(body, this.call.clone(), begun)
                    } else {
                        BridgeBody::untouched(body)
                    };
                    return Poll::Ready(Ok(Response::from_parts(parts, body)));
                }
                this.reading.insert((parts, body, Collected::default()))
            }
        };
        ready!(read_so_far.poll(body, cx));
        let error = read(parts, read_so_far.as_bytes(), responder.catalog(), responder.types());
        Poll::Ready(Ok(this.call.fail(Failing::Forwarded(&error))))
    }
}
