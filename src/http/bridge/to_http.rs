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
use super::fields::{self, Ending};
use super::{BoxError, BridgeBody};
use crate::ReceivedError;
use crate::http::{Caller, Responder, read};

/// Turns failed gRPC answers into HTTP answers, around any service whose answers are gRPC: a transcoder, a proxy,
/// tonic itself.
///
/// - A failure in the header (trailers-only) or in trailers before the first message becomes the answer that the
///   [`Responder`] makes of it. It is an error of the service behind: what the boundary does with it is what
///   [`Responder::respond`] says.
/// - An answer that is no gRPC and has an error status (a proxy spoke) is read as [`read`] does, and answered
///   alike. So is one that ends without a status.
/// - A failure after the first message ends the body with an error: see [`BridgeBody`].
/// - Everything else passes as it is. The header of an answer waits for its first frame.
#[derive(Clone, Debug)]
pub struct GrpcToHttpLayer {
    responder: Arc<Responder>,
}

impl GrpcToHttpLayer {
    /// A layer that answers as `responder` says.
    pub fn new(responder: Responder) -> Self {
        Self { responder: Arc::new(responder) }
    }
}

impl<S> Layer<S> for GrpcToHttpLayer {
    type Service = GrpcToHttpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GrpcToHttpService { inner, responder: Arc::clone(&self.responder) }
    }
}

/// The service that [`GrpcToHttpLayer`] makes.
#[derive(Clone, Debug)]
pub struct GrpcToHttpService<S> {
    inner: S,
    responder: Arc<Responder>,
}

impl<S, Req, Res> Service<Request<Req>> for GrpcToHttpService<S>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    Res: Body<Data = Bytes> + Unpin,
    Res::Error: Into<BoxError>,
{
    type Response = Response<BridgeBody<Res>>;
    type Error = S::Error;
    type Future = GrpcToHttpFuture<S::Future, Res>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Req>) -> Self::Future {
        let call = Call { responder: Arc::clone(&self.responder), caller: Caller::from(&request) };
        GrpcToHttpFuture { inner: self.inner.call(request), peeked: None, call }
    }
}

pin_project! {
    /// The future of [`GrpcToHttpService`].
    #[derive(Debug)]
    pub struct GrpcToHttpFuture<F, B> {
        #[pin]
        inner: F,
        peeked: Option<Peeked<B>>,
        call: Call,
    }
}

#[derive(Debug)]
struct Call {
    responder: Arc<Responder>,
    caller: Caller,
}

/// An answer whose body decides what it is.
#[derive(Debug)]
struct Peeked<B> {
    parts: Parts,
    body: B,
    /// What was read of a body that is no gRPC.
    error: Option<Collected>,
}

impl Call {
    fn answer<B>(&self, error: &ReceivedError) -> Response<BridgeBody<B>> {
        self.responder.respond(self.caller, &error.forward()).map(BridgeBody::whole)
    }
}

impl<F, B, E> Future for GrpcToHttpFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<BridgeBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let catalog = this.call.responder.catalog();
        let mut peeked = match this.peeked.take() {
            Some(peeked) => peeked,
            None => {
                let (parts, body) = ready!(this.inner.poll(cx))?.into_parts();
                let is_grpc = fields::is_grpc(&parts.headers);
                let is_error = parts.status.is_client_error() || parts.status.is_server_error();
                match fields::read(&parts.headers, catalog) {
                    Ending::Failed(error) => return Poll::Ready(Ok(this.call.answer(&error))),
                    Ending::Open if is_error => Peeked { parts, body, error: Some(Collected::default()) },
                    Ending::Open if is_grpc => Peeked { parts, body, error: None },
                    _ => {
                        let response = Response::from_parts(parts, BridgeBody::untouched(body));
                        return Poll::Ready(Ok(response));
                    }
                }
            }
        };
        let polled = match &mut peeked.error {
            Some(error) => error
                .poll(&mut peeked.body, cx)
                .map(|body| Err(read(&peeked.parts, body, catalog, this.call.responder.types()))),
            None => Pin::new(&mut peeked.body).poll_frame(cx).map(|frame| match frame {
                Some(Ok(frame)) => match frame.trailers_ref().map(|fields| fields::read(fields, catalog)) {
                    Some(Ending::Failed(error)) => Err(error),
                    Some(Ending::Open) => Err(fields::cut_short(catalog)),
                    Some(Ending::Ok) | None => Ok(frame),
                },
                Some(Err(_)) | None => Err(fields::cut_short(catalog)),
            }),
        };
        Poll::Ready(Ok(match polled {
            Poll::Pending => {
                *this.peeked = Some(peeked);
                return Poll::Pending;
            }
            Poll::Ready(Err(error)) => this.call.answer(&error),
            Poll::Ready(Ok(frame)) => {
                let body = BridgeBody::watched(frame, peeked.body, catalog);
                Response::from_parts(peeked.parts, body)
            }
        }))
    }
}
