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
use super::{BoxError, BridgeBody, fields};
use crate::http::{Budget, Responder, read};

/// Turns HTTP errors into gRPC failures (trailers-only), around any HTTP service whose callers speak gRPC.
///
/// An answer of 4xx or 5xx that is no gRPC is read as [`read`] does, to [`MAX_BODY`](crate::http::MAX_BODY), and
/// leaves with `grpc-status`, `grpc-message`, `grpc-status-details-bin` and `codelibra-error-code`. It is an error of
/// the service behind: what the boundary does with it is what [`Responder::respond`] says. Details, metadata and
/// message that are more than the [`Budget`] are left out and marked, as a server layer does. Every other answer passes as
/// it is.
#[derive(Clone, Debug)]
pub struct HttpToGrpcLayer {
    responder: Arc<Responder>,
    budget: Budget,
}

impl HttpToGrpcLayer {
    /// A layer with the catalogue, the detail types and the boundary of `responder`.
    pub fn new(responder: Responder) -> Self {
        Self { responder: Arc::new(responder), budget: Budget::KIB_3 }
    }

    /// Replaces the limit on the size of a failure's fields, which is [`Budget::KIB_3`].
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }
}

impl<S> Layer<S> for HttpToGrpcLayer {
    type Service = HttpToGrpcService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpToGrpcService { inner, layer: self.clone() }
    }
}

/// The service that [`HttpToGrpcLayer`] makes.
#[derive(Clone, Debug)]
pub struct HttpToGrpcService<S> {
    inner: S,
    layer: HttpToGrpcLayer,
}

impl<S, Req, Res> Service<Request<Req>> for HttpToGrpcService<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    Res: Body<Data = Bytes> + Unpin,
    Res::Error: Into<BoxError>,
{
    type Response = Response<BridgeBody<Res>>;
    type Error = S::Error;
    type Future = HttpToGrpcFuture<S::Future, Res>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Req>) -> Self::Future {
        HttpToGrpcFuture { inner: self.inner.call(request), reading: None, layer: self.layer.clone() }
    }
}

pin_project! {
    /// The future of [`HttpToGrpcService`].
    #[derive(Debug)]
    pub struct HttpToGrpcFuture<F, B> {
        #[pin]
        inner: F,
        reading: Option<(Parts, B, Collected)>,
        layer: HttpToGrpcLayer,
    }
}

impl<F, B, E> Future for HttpToGrpcFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<Response<BridgeBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (parts, body, read_so_far) = match this.reading {
            Some(reading) => reading,
            None => {
                let (parts, body) = ready!(this.inner.poll(cx))?.into_parts();
                let is_error = parts.status.is_client_error() || parts.status.is_server_error();
                if !is_error || fields::is_grpc(&parts.headers) {
                    return Poll::Ready(Ok(Response::from_parts(parts, BridgeBody::untouched(body))));
                }
                this.reading.insert((parts, body, Collected::default()))
            }
        };
        let body = ready!(read_so_far.poll(body, cx));
        let responder = &*this.layer.responder;
        let error = read(parts, body, responder.catalog(), responder.types()).forward();
        let mut response = Response::new(BridgeBody::whole(Bytes::new()));
        fields::write(&responder.decide(&error), this.layer.budget, response.headers_mut());
        Poll::Ready(Ok(response))
    }
}
