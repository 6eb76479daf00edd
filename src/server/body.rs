//! The body of a response: rewrites the trailers of a failure, and ends the call at its deadline.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::call::{End, ServerCall};
use super::failure::{from_service_error, from_violation};
use super::grpc_web::WebFrames;
use super::inner::{InnerBody, Run};
use super::success;
use crate::catalog::GrpcCode;
use crate::guard::rare::Rare;
use crate::guard::timer::Timer;
use crate::inbound::header_scan::HeaderScan;
use crate::outbound::failure::Failure;
use crate::wire::media_type::WebEncoding;

pin_project! {
    /// The body of a response of [`ServerService`](super::ServerService). It passes messages on, and it rewrites trailers that
    /// contain a failure.
    ///
    /// [`ServerLayer`](super::ServerLayer) has an example.
    #[derive(Debug)]
    pub struct ServerBody<B> {
        #[pin]
        inner: InnerBody<B>,
        timer: Timer,
        // Present until the end of the body.
        call: Option<ServerCall>,
        // Present if the response is gRPC-Web. It is boxed, so that the body of a gRPC call stays small.
        web: Rare<Box<WebFrames>>,
    }
}

impl<B> ServerBody<B> {
    #[inline]
    pub(super) fn new(
        inner: B,
        mut call: ServerCall,
        timer: Timer,
        end: End,
        web: Option<WebEncoding>,
    ) -> Self
    where
        B: Send + 'static,
    {
        call.end = end;
        let (inner, timer) = match timer.deadline() {
            Some(deadline) if call.config.drops_unread => match InnerBody::shared(inner, &call, deadline) {
                Ok(shared) => (shared, Timer::NONE),
                Err(inner) => (InnerBody::owned(inner), timer),
            },
            _ => (InnerBody::owned(inner), timer),
        };
        Self {
            inner,
            timer,
            call: Some(call),
            web: Rare::new(web.map(|encoding| Box::new(WebFrames::new(encoding)))),
        }
    }

    /// Returns the body of a trailers-only response.
    pub(super) const fn ended() -> Self {
        Self { inner: InnerBody::empty(), timer: Timer::NONE, call: None, web: Rare::NONE }
    }
}

/// An empty body. A layer around this one, such as tower-http's `CorsLayer`, sends it in a response of its own.
impl<B> Default for ServerBody<B> {
    fn default() -> Self {
        Self::ended()
    }
}

impl<B: Body<Data = Bytes>> Body for ServerBody<B>
where
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(call) = &*this.call else { return Poll::Ready(None) };
        // The timer comes first: a stream may have a message ready at each poll.
        let late = this.timer.poll(cx);
        let failure = if late {
            call.timeout(this.inner.as_mut().clear())
        } else {
            // A frame is large, and most frames are only passed on, so it is changed in place.
            let mut polled = Poll::Pending;
            let ran = this.inner.as_mut().run(cx, |inner, cx| {
                let mut has_web_ended = false;
                polled = match &mut **this.web {
                    Some(web) => {
                        let polled = web.poll_frame(inner, cx);
                        has_web_ended = web.has_ended();
                        polled
                    }
                    None => inner.poll_frame(cx),
                };
                match &polled {
                    Poll::Ready(Some(Ok(frame))) => has_web_ended || frame.is_trailers(),
                    Poll::Ready(Some(Err(_)) | None) => true,
                    Poll::Pending => false,
                }
            });
            match (&mut polled, ran) {
                (_, Err(panic)) if call.end == End::Http => {
                    call.send(&mut HeaderMap::new(), &Failure::from_panic(panic));
                    // The server cuts the connection, as it does without the layer.
                    std::panic::resume_unwind(Box::new("the body of an HTTP response panicked"));
                }
                (_, Err(panic)) => Failure::from_panic(panic),
                (_, Ok(Run::Expired(trailers))) => {
                    *this.call = None;
                    return Poll::Ready(in_protocol(this.web, *trailers).map(Ok));
                }
                (Poll::Ready(Some(Ok(frame))), _) => {
                    if let Some(trailers) = frame.trailers_mut() {
                        call.finish_trailers(trailers);
                        if let Some(web) = &mut **this.web {
                            polled = Poll::Ready(web.trailers(trailers).map(Ok));
                        }
                    } else if this.web.as_ref().is_none_or(|web| !web.has_ended()) {
                        return polled;
                    }
                    *this.timer = Timer::NONE;
                    if let Err(panic) = this.inner.as_mut().clear() {
                        call.panic_in_drop(&panic);
                    }
                    *this.call = None;
                    return polled;
                }
                (Poll::Ready(None), _) => match this.web.as_ref().and_then(|web| web.fault()) {
                    Some(fault) => invalid_web_body(fault),
                    None if call.end == End::Due => no_status(),
                    None => return polled,
                },
                (Poll::Ready(Some(Err(_))), _) if call.end == End::Http => return polled,
                (Poll::Ready(Some(Err(_))), _) => match polled {
                    Poll::Ready(Some(Err(error))) => from_service_error(error.into()),
                    other => return other,
                },
                _ => return polled,
            }
        };
        *this.timer = Timer::NONE;
        if let Err(panic) = this.inner.as_mut().clear() {
            call.panic_in_drop(&panic);
        }
        let mut trailers = HeaderMap::new();
        call.send(&mut trailers, &failure);
        *this.call = None;
        Poll::Ready(in_protocol(this.web, trailers).map(Ok))
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        let Some(call) = &self.call else { return true };
        // A part of a gRPC-Web body may have been read and not sent yet.
        if self.web.is_some() {
            return false;
        }
        // If the trailers must contain the status and the body has no trailers, this layer writes them.
        let has_ended = || call.end != End::Due && self.inner.ask(B::is_end_stream).unwrap_or(false);
        self.inner.is_empty() || has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        if self.call.is_none() || self.inner.is_empty() {
            return SizeHint::with_exact(0);
        }
        // The trailer frame may become longer or shorter.
        if self.web.is_some() {
            return SizeHint::default();
        }
        self.inner.ask(B::size_hint).unwrap_or_default()
    }
}

impl ServerCall {
    /// Rewrites the trailers of a failure, and removes the fields of a failure from those of a success.
    #[inline]
    fn finish_trailers(&self, trailers: &mut HeaderMap) {
        let scan = HeaderScan::from_fields(trailers);
        if scan.has(HeaderScan::ODD_STATUS) {
            self.finish(trailers, None);
        } else if self.end == End::Due && !scan.has(HeaderScan::STATUS) {
            trailers.clear();
            self.send(trailers, &no_status());
        } else {
            success::remove_failure(trailers, scan);
        }
    }
}

/// Returns the trailers of a failure in the protocol of the response, or `None` in the middle of a gRPC-Web message, where no
/// trailer frame can be sent.
#[cold]
fn in_protocol(web: &mut Option<Box<WebFrames>>, trailers: HeaderMap) -> Option<Frame<Bytes>> {
    match web {
        Some(web) => web.trailers(&trailers),
        None => Some(Frame::trailers(trailers)),
    }
}

/// Returns the failure for a response of the service that ends without a status.
#[cold]
fn no_status() -> Failure<'static> {
    from_violation(GrpcCode::Internal, String::from("the service ended its response without grpc-status"))
}

/// Returns the failure for a gRPC-Web body that violates the protocol.
#[cold]
fn invalid_web_body(fault: &str) -> Failure<'static> {
    from_violation(GrpcCode::Internal, format!("the service's gRPC-Web response {fault}"))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::pin;
    use std::task::Waker;
    use std::time::Duration;

    use http::{Request, Response};
    use tower::{Layer, ServiceExt, service_fn};

    use super::*;
    use crate::ErrorCode;
    use crate::server::ServerLayer;

    /// One thread polls the body while the task ends the call on another. The poll found no trailers; then the task dropped the
    /// body, and found no waker to wake. The poll must not wait for a wake-up that never comes.
    #[tokio::test(start_paused = true)]
    async fn a_poll_finds_the_trailers_of_a_task_that_found_no_waker() {
        let service = service_fn(|_: Request<()>| {
            let response = Response::builder().header("content-type", "application/grpc");
            std::future::ready(Ok::<_, Infallible>(response.body(tonic::body::Body::empty()).unwrap()))
        });
        let layer = ServerLayer::new::<ErrorCode>().timeout(Duration::from_millis(50)).drop_unread();
        let request = Request::post("/a.B/C").header("content-type", "application/grpc").body(()).unwrap();
        let mut body = pin!(layer.layer(service).oneshot(request).await.unwrap().into_body());
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut cx = Context::from_waker(Waker::noop());
        let ran = body.as_mut().project().inner.run(&mut cx, |_, _| false).unwrap();
        let Run::Expired(trailers) = ran else { panic!("{ran:?}") };
        assert_eq!(trailers["grpc-status"], "4");
        // The trailers are sent once.
        assert!(matches!(body.project().inner.run(&mut cx, |_, _| false), Ok(Run::Dropped)));
    }
}
