//! The body of a response that crossed a bridge.

use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::HeaderMap;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::ending::{self, Broken, CallEnd, OpenCall};
use super::{BridgeCall, grpc_failure};
use crate::guard::{BoxError, Guarded, Panic};
use crate::inbound::ReceivedError;
use crate::outbound::failure::Failure;

pin_project! {
    /// The body of a response that crossed a bridge: the body of an error, or the unchanged body of the service.
    ///
    /// A gRPC stream that fails after its first message, or ends without a status, ends with the
    /// [`ReceivedError`](crate::ReceivedError) as the error of the body: the response has begun by then, and an
    /// HTTP client does not see trailers. A server cuts the connection, so that the response does not look complete. The
    /// whole failure is logged. A gRPC response to a gRPC caller always ends with trailers instead.
    ///
    /// [`GrpcToHttpLayer`](crate::http::GrpcToHttpLayer) has an example.
    #[derive(Debug)]
    pub struct BridgeBody<B> {
        complete: Option<Bytes>,
        first: Option<Frame<Bytes>>,
        #[pin]
        rest: Guarded<B>,
        // Present if the response has a `rest`.
        call: Option<BridgeCall>,
        // Present until the end of a gRPC call.
        watch: Option<EndWatch>,
    }
}

/// Waits for the end of a gRPC call whose response has begun.
#[derive(Debug)]
struct EndWatch {
    open: OpenCall,
    caller: CallerProtocol,
}

/// The protocol in which the caller receives the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerProtocol {
    Http,
    Grpc,
}

impl<B> BridgeBody<B> {
    pub(super) fn from_bytes(body: Bytes) -> Self {
        Self {
            complete: Some(body).filter(|body| !body.is_empty()),
            first: None,
            rest: Guarded::empty(),
            call: None,
            watch: None,
        }
    }

    /// Returns the body of the service, unchanged.
    pub(super) fn unchanged(rest: B, call: BridgeCall) -> Self {
        Self { complete: None, first: None, rest: Guarded::new(rest), call: Some(call), watch: None }
    }

    /// Returns the body of a gRPC response whose first frame was read.
    pub(super) fn from_first_frame(first: Frame<Bytes>, rest: B, call: BridgeCall, open: OpenCall) -> Self {
        let watch = first.is_data().then_some(EndWatch { open, caller: CallerProtocol::Http });
        Self { complete: None, first: Some(first), rest: Guarded::new(rest), call: Some(call), watch }
    }

    /// Returns the body of a gRPC response to a gRPC caller.
    pub(super) fn for_grpc_caller(rest: B, call: BridgeCall, open: OpenCall) -> Self {
        let watch = Some(EndWatch { open, caller: CallerProtocol::Grpc });
        Self { complete: None, first: None, rest: Guarded::new(rest), call: Some(call), watch }
    }
}

/// An empty body. A layer around the bridge, such as tower-http's `CorsLayer`, sends it in a response of its own.
impl<B> Default for BridgeBody<B> {
    fn default() -> Self {
        Self::from_bytes(Bytes::new())
    }
}

impl CallerProtocol {
    /// Ends a response that fails after its headers: with trailers for a gRPC caller, and with an error of the body for an HTTP
    /// caller.
    fn end(
        self,
        call: &BridgeCall,
        failure: &Failure<'_>,
        error: &ReceivedError,
    ) -> Result<Frame<Bytes>, BoxError> {
        match self {
            Self::Http => {
                call.responder.log_only(&call.caller, failure);
                Err(error.clone().into())
            }
            Self::Grpc => Ok(Frame::trailers(grpc_failure::trailers(call, failure))),
        }
    }

    fn fail_from_received(self, call: &BridgeCall, error: &ReceivedError) -> Result<Frame<Bytes>, BoxError> {
        self.end(call, &Failure::forwarded(error), error)
    }

    fn fail_from_error(self, call: &BridgeCall, error: BoxError) -> Result<Frame<Bytes>, BoxError> {
        let broken = Broken::new(error, call.responder.catalog());
        self.end(call, &broken.failure(), &broken.error)
    }

    fn fail_from_panic(self, call: &BridgeCall, panic: Panic) -> Result<Frame<Bytes>, BoxError> {
        let error =
            ReceivedError::incomplete("the service inside the bridge panicked", call.responder.catalog());
        self.end(call, &Failure::from_panic(panic), &error)
    }
}

impl<B> Body for BridgeBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        if let Some(frame) = this.complete.take().map(Frame::data).or_else(|| this.first.take()) {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(call) = this.call.as_ref() else { return Poll::Ready(None) };
        let frame = match this.rest.as_mut().run(|rest| rest.poll_frame(cx)) {
            Ok(Some(Poll::Ready(frame))) => frame,
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(None) => return Poll::Ready(None),
            Err(panic) => {
                let caller = this.watch.take().map_or(CallerProtocol::Http, |watch| watch.caller);
                return Poll::Ready(Some(caller.fail_from_panic(call, panic)));
            }
        };
        let Some(watch) = this.watch.as_ref() else {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        };
        let ended = match frame.unwrap_or_else(|| Ok(Frame::trailers(HeaderMap::new()))) {
            Ok(mut frame) => {
                let Some(trailers) = frame.trailers_mut() else { return Poll::Ready(Some(Ok(frame))) };
                // Trailers of gRPC are sent to a gRPC caller as they are.
                let is_sent = watch.caller == CallerProtocol::Grpc && ending::are_grpc(trailers);
                match if is_sent { CallEnd::Ok } else { watch.open.end(trailers) } {
                    CallEnd::Failed(error) => watch.caller.fail_from_received(call, &error),
                    CallEnd::Ok | CallEnd::Open(_) => Ok(frame),
                }
            }
            Err(error) => watch.caller.fail_from_error(call, error.into()),
        };
        *this.watch = None;
        call.log_dropped(this.rest.as_mut().clear());
        Poll::Ready(Some(ended))
    }

    fn is_end_stream(&self) -> bool {
        let is_over = || self.watch.is_none() && self.rest.ask(B::is_end_stream).unwrap_or(false);
        self.complete.is_none() && self.first.is_none() && (self.rest.is_empty() || is_over())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.complete {
            Some(complete) => SizeHint::with_exact(u64::try_from(complete.len()).unwrap_or(u64::MAX)),
            None if self.first.is_some() => SizeHint::default(),
            None if self.rest.is_empty() => SizeHint::with_exact(0),
            None => self.rest.ask(B::size_hint).unwrap_or_default(),
        }
    }
}
