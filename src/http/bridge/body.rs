use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::HeaderMap;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::ending::{self, Broken, CallEnd, OpenCall};
use super::{BridgeCall, fields};
use crate::guard::service::BoxError;
use crate::guard::{Guarded, Panic};
use crate::http::MAX_BODY;
use crate::inbound::ReceivedError;
use crate::outbound::failure::Failure;

pin_project! {
    /// The body of an answer that crossed a bridge: an error's own, or that of the service, as it is.
    ///
    /// A gRPC stream that fails after its first message, or ends without a status, ends with the
    /// [`ReceivedError`](crate::ReceivedError) as the error of the body: the response has begun by then, and an
    /// HTTP client does not see trailers. A server cuts the connection, so that the response does not look complete. The
    /// whole failure is logged. A gRPC response to a gRPC caller always ends with trailers instead.
    #[derive(Debug)]
    pub struct BridgeBody<B> {
        whole: Option<Bytes>,
        first: Option<Frame<Bytes>>,
        #[pin]
        rest: Guarded<B>,
        // Of an answer with a rest.
        call: Option<BridgeCall>,
        // Where the end of a gRPC call is watched for.
        watch: Option<Watch>,
    }
}

/// A gRPC call whose answer has begun.
#[derive(Debug)]
struct Watch {
    open: OpenCall,
    caller: Speaks,
}

/// The protocol in which the caller receives the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Http,
    Grpc,
}

impl<B> BridgeBody<B> {
    pub(super) fn whole(body: Bytes) -> Self {
        Self {
            whole: Some(body).filter(|body| !body.is_empty()),
            first: None,
            rest: Guarded::empty(),
            call: None,
            watch: None,
        }
    }

    /// As the service made it.
    pub(super) fn untouched(rest: B, call: BridgeCall) -> Self {
        Self { whole: None, first: None, rest: Guarded::new(rest), call: Some(call), watch: None }
    }

    /// A gRPC answer whose first frame was read.
    pub(super) fn from_first_frame(first: Frame<Bytes>, rest: B, call: BridgeCall, open: OpenCall) -> Self {
        let watch = first.is_data().then_some(Watch { open, caller: Speaks::Http });
        Self { whole: None, first: Some(first), rest: Guarded::new(rest), call: Some(call), watch }
    }

    /// A gRPC answer to a gRPC caller.
    pub(super) fn in_grpc(rest: B, call: BridgeCall, open: OpenCall) -> Self {
        let watch = Some(Watch { open, caller: Speaks::Grpc });
        Self { whole: None, first: None, rest: Guarded::new(rest), call: Some(call), watch }
    }
}

impl Speaks {
    /// What is left of a failure that comes behind the headers.
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
            Self::Grpc => Ok(Frame::trailers(fields::trailers(call, failure))),
        }
    }

    fn failed(self, call: &BridgeCall, error: &ReceivedError) -> Result<Frame<Bytes>, BoxError> {
        self.end(call, &Failure::forwarded(error), error)
    }

    fn broke(self, call: &BridgeCall, error: BoxError) -> Result<Frame<Bytes>, BoxError> {
        let broken = Broken::new(error, call.responder.catalog());
        self.end(call, &broken.failure(), &broken.error)
    }

    fn panicked(self, call: &BridgeCall, panic: Panic) -> Result<Frame<Bytes>, BoxError> {
        let error = ReceivedError::incomplete("the service behind panicked", call.responder.catalog());
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
        if let Some(frame) = this.whole.take().map(Frame::data).or_else(|| this.first.take()) {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(call) = this.call.as_ref() else { return Poll::Ready(None) };
        let frame = match this.rest.as_mut().run(|rest| rest.poll_frame(cx)) {
            Ok(Some(Poll::Ready(frame))) => frame,
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(None) => return Poll::Ready(None),
            Err(panic) => {
                let caller = this.watch.take().map_or(Speaks::Http, |watch| watch.caller);
                return Poll::Ready(Some(caller.panicked(call, panic)));
            }
        };
        let Some(watch) = this.watch.as_ref() else {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        };
        let ended = match frame.unwrap_or_else(|| Ok(Frame::trailers(HeaderMap::new()))) {
            Ok(mut frame) => {
                let Some(trailers) = frame.trailers_mut() else { return Poll::Ready(Some(Ok(frame))) };
                // What a service says in gRPC passes.
                let is_said = watch.caller == Speaks::Grpc && ending::speak_grpc(trailers);
                match if is_said { CallEnd::Ok } else { watch.open.end(trailers) } {
                    CallEnd::Failed(error) => watch.caller.failed(call, &error),
                    CallEnd::Ok | CallEnd::Open(_) => Ok(frame),
                }
            }
            Err(error) => watch.caller.broke(call, error.into()),
        };
        *this.watch = None;
        call.log_dropped(this.rest.as_mut().clear());
        Poll::Ready(Some(ended))
    }

    fn is_end_stream(&self) -> bool {
        let is_over = || self.watch.is_none() && self.rest.ask(B::is_end_stream).unwrap_or(false);
        self.whole.is_none() && self.first.is_none() && (self.rest.is_empty() || is_over())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.whole {
            Some(whole) => SizeHint::with_exact(u64::try_from(whole.len()).unwrap_or(u64::MAX)),
            None if self.first.is_some() => SizeHint::default(),
            None if self.rest.is_empty() => SizeHint::with_exact(0),
            None => self.rest.ask(B::size_hint).unwrap_or_default(),
        }
    }
}

/// A peer's error body that is being read, one byte over [`MAX_BODY`] at most: the reader notes what is longer.
#[derive(Debug, Default)]
pub(in crate::http) struct Collected {
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
}

impl Collected {
    pub(in crate::http) fn as_bytes(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn trailers_mut(&mut self) -> Option<&mut HeaderMap> {
        self.trailers.as_mut()
    }

    /// Reads on; ready at the end, at a fault or at the limit.
    pub(in crate::http) fn poll<B: Body<Data = Bytes> + Unpin>(
        &mut self,
        body: &mut B,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        while self.body.len() <= MAX_BODY {
            let Some(Ok(frame)) = ready!(Pin::new(&mut *body).poll_frame(cx)) else { break };
            match frame.into_data() {
                Ok(data) => {
                    let room = (MAX_BODY + 1).saturating_sub(self.body.len());
                    self.body.extend_from_slice(data.get(..room).unwrap_or(&data));
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
        Poll::Ready(())
    }
}
