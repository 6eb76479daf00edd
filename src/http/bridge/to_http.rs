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

use super::body::Collected;
use super::ending::{self, Broken, Ending};
use super::layer::bridge;
use super::{BoxError, BridgeBody, Call};
use crate::http::{Caller, Failing, Responder, read};
use crate::wire::sanitize::{self, Behind};

bridge! {
    /// Turns failed gRPC answers into HTTP answers, around any service whose answers are gRPC: a transcoder, a proxy,
    /// tonic itself.
    ///
    /// - A failure in the header (trailers-only) or in trailers before the first message becomes the answer that the
    ///   [`Responder`] makes of it. Its fields are read as the client layer reads them, whatever is wrong with them. It is
    ///   an error of the service behind: what the boundary does with it is what [`Responder::respond_forwarded`] says.
    /// - An answer that ends without `grpc-status` is a failure too: the details or `codelibra-error-code` may know
    ///   which; else the [intermediary table](crate::tables::intermediary_to_grpc) says.
    /// - An answer that is no gRPC, and has an error status or answers a gRPC request (a proxy spoke), is read as [`read`]
    ///   does, and answered alike. So is an error of the service itself: no connection, a reset stream.
    /// - A failure after the first message ends the body with an error: see [`BridgeBody`].
    /// - Everything else passes as it is. The header of an answer waits for its first frame.
    ///
    /// Each answer has the id of its request (google.rpc.RequestInfo): the failure's own, else the caller's
    /// `x-request-id`, else a made one. What does not leave is logged once, as a `tracing` event of the target
    /// `codelibra::http`: ERROR for 5xx, INFO for the rest.
    GrpcToHttpLayer, GrpcToHttpService, GrpcToHttpFuture
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

impl<F, B> GrpcToHttpFuture<F, B> {
    const fn new(inner: F, call: Call) -> Self {
        Self { inner, peeked: None, call }
    }
}

/// An answer whose body decides what it is.
#[derive(Debug)]
struct Peeked<B> {
    parts: Parts,
    body: B,
    /// What the headers came to.
    so_far: sanitize::Ending,
    /// What was read of a body that is no gRPC.
    error: Option<Collected>,
}

/// What the headers of an answer came to.
enum Begun<B> {
    Answer(Response<BridgeBody<B>>),
    /// The body has to decide.
    Open(Peeked<B>),
}

impl Call {
    fn answer<B>(&self, failing: Failing<'_>) -> Response<BridgeBody<B>> {
        self.responder.write(self.caller, &self.settle(failing)).map(BridgeBody::whole)
    }

    fn broke<B>(&self, error: BoxError) -> Response<BridgeBody<B>> {
        self.answer(Broken::new(error, self.responder.catalog()).failing())
    }

    fn begin<B: Body>(&self, mut parts: Parts, body: B) -> Begun<B> {
        let catalog = self.responder.catalog();
        let is_error = parts.status.is_client_error() || parts.status.is_server_error();
        if !ending::speak_grpc(&parts.headers) {
            if is_error || self.is_grpc {
                let error = Some(Collected::default());
                return Begun::Open(Peeked { parts, body, so_far: sanitize::Ending::Open, error });
            }
            return Begun::Answer(Response::from_parts(parts, BridgeBody::untouched(body)));
        }
        let behind = Behind::headers_of(&body);
        match ending::of_headers(&mut parts.headers, behind, parts.status, catalog) {
            Ending::Failed(error) => Begun::Answer(self.answer(Failing::Forwarded(&error))),
            Ending::Ok => Begun::Answer(Response::from_parts(parts, BridgeBody::untouched(body))),
            Ending::Open(so_far) => {
                Begun::Open(Peeked { parts, body, so_far, error: is_error.then(Collected::default) })
            }
        }
    }
}

impl<B> Peeked<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    fn begun(&self, call: &Call) -> ending::Begun {
        let (so_far, http_status) = (self.so_far, self.parts.status);
        ending::Begun { so_far, http_status, catalog: call.responder.catalog }
    }

    /// Reads on: the frame with which the answer begins, else the answer to a failure.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        call: &Call,
    ) -> Poll<Result<Frame<Bytes>, Response<BridgeBody<B>>>> {
        let begun = self.begun(call);
        if let Some(error) = &mut self.error {
            ready!(error.poll(&mut self.body, cx));
            let in_trailers = error.trailers_mut().filter(|trailers| ending::speak_grpc(trailers));
            let error = match in_trailers.map(|trailers| begun.end(trailers)) {
                Some(Ending::Failed(error)) => error,
                _ => read(&self.parts, error.as_bytes(), begun.catalog, call.responder.types()),
            };
            return Poll::Ready(Err(call.answer(Failing::Forwarded(&error))));
        }
        loop {
            let mut frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Err(call.broke(error.into()))),
                None => Frame::trailers(HeaderMap::new()),
            };
            if let Some(trailers) = frame.trailers_mut()
                && let Ending::Failed(error) = begun.end(trailers)
            {
                return Poll::Ready(Err(call.answer(Failing::Forwarded(&error))));
            }
            // Nothing is no message.
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
        let this = self.project();
        let mut peeked = match this.peeked.take() {
            Some(peeked) => peeked,
            None => {
                let (parts, body) = match ready!(this.inner.poll(cx)) {
                    Ok(response) => response.into_parts(),
                    Err(error) => return Poll::Ready(Ok(this.call.broke(error.into()))),
                };
                match this.call.begin(parts, body) {
                    Begun::Answer(response) => return Poll::Ready(Ok(response)),
                    Begun::Open(peeked) => peeked,
                }
            }
        };
        Poll::Ready(Ok(match peeked.poll(cx, this.call) {
            Poll::Pending => {
                *this.peeked = Some(peeked);
                return Poll::Pending;
            }
            Poll::Ready(Err(response)) => response,
            Poll::Ready(Ok(first)) => {
                let begun = peeked.begun(this.call);
                let body = BridgeBody::begun(first, peeked.body, this.call.clone(), begun);
                Response::from_parts(peeked.parts, body)
            }
        }))
    }
}
