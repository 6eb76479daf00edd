//! The body of a request that is kept, so that the request can be sent again.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;

/// The whole body of a request, encoded.
#[derive(Clone, Debug)]
pub(super) struct KeptBody(Arc<[Bytes]>);

impl KeptBody {
    /// Returns a body with these bytes.
    pub(super) fn to_body(&self) -> Body {
        Body::new(Rest { start: self.0.iter().cloned().map(Frame::data).map(Ok).collect(), body: None })
    }
}

/// Reads a body of at most `limit` bytes. The body of a unary request is complete at once, so this does not wait: a body that is
/// not complete, or is too large, is returned as it was.
pub(super) fn keep(mut body: Body, limit: usize) -> Result<KeptBody, Body> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut data = Vec::new();
    let mut len = 0_usize;
    let next = loop {
        match http_body::Body::poll_frame(Pin::new(&mut body), &mut cx) {
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(bytes) => {
                    len = len.saturating_add(bytes.len());
                    data.push(bytes);
                    if len > limit {
                        break None;
                    }
                }
                // A gRPC request has no trailers.
                Err(frame) => break Some(Ok(frame)),
            },
            Poll::Ready(Some(Err(error))) => break Some(Err(error)),
            Poll::Ready(None) => return Ok(KeptBody(data.into())),
            Poll::Pending => break None,
        }
    };
    let start = data.into_iter().map(Frame::data).map(Ok).chain(next).collect();
    Err(Body::new(Rest { start, body: Some(body) }))
}

/// The frames of a body that were read, and then the rest of it.
struct Rest {
    start: VecDeque<Result<Frame<Bytes>, Status>>,
    body: Option<Body>,
}

impl http_body::Body for Rest {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        match (this.start.pop_front(), &mut this.body) {
            (Some(frame), _) => Poll::Ready(Some(frame)),
            (None, Some(body)) => http_body::Body::poll_frame(Pin::new(body), cx),
            (None, None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.start.is_empty() && self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }
}
