//! Refuses request bodies that arrive too slowly, over HTTP and gRPC.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use codelibra::{ApiError, Catalog};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::codegen::Service;

use super::refusal;

/// The lowest rate of a body, in bytes per second. It is Apache's default (mod_reqtimeout).
const MIN_RATE: u32 = 500;

/// Refuses requests whose bodies arrive too slowly, with 408000. A body may pause for `patience`. Each byte that arrives adds
/// time at [`MIN_RATE`], so a body of any length is accepted at that rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowBodies {
    pub(super) catalog: &'static Catalog,
    pub(super) patience: Duration,
}

impl SlowBodies {
    /// A middleware of axum. It must be inside the `ErrorLayer`, which writes the response.
    pub(super) async fn refuse(State(this): State<Self>, request: Request, next: Next) -> Response {
        if request.body().is_end_stream() {
            return next.run(request).await;
        }
        // An extractor replaces the error of a body that fails.
        let (version, too_slow) = (request.version(), Arc::new(AtomicBool::new(false)));
        let mark = too_slow.clone();
        let late = move || {
            mark.store(true, Ordering::Relaxed);
            axum::Error::new(TooSlow)
        };
        let request = request.map(|body| Body::new(PacedBody::new(body, this.patience, late)));
        let mut response = next.run(request).await;
        if too_slow.load(Ordering::Relaxed) {
            response = this.error().into_response();
            // RFC 9110 §15.5.9. HTTP/2 has no such field.
            if version < Version::HTTP_2 {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        response
    }

    fn error(self) -> ApiError {
        let patience = self.patience;
        refusal::for_class(self.catalog, StatusCode::REQUEST_TIMEOUT).with_message(format!(
            "the request came too slowly; expected {MIN_RATE} bytes a second, and no pause above {patience:?}"
        ))
    }
}

/// A gRPC server that refuses requests whose message arrives too slowly.
#[derive(Clone, Debug)]
pub(super) struct PacedCalls<S> {
    pub(super) service: S,
    pub(super) slow_bodies: SlowBodies,
}

impl<S> Service<http::Request<tonic::body::Body>> for PacedCalls<S>
where
    S: Service<http::Request<tonic::body::Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> S::Future {
        // A client of reflection keeps its stream open between its requests.
        if request.uri().path().starts_with("/grpc.reflection.") {
            return self.service.call(request);
        }
        let slow_bodies = self.slow_bodies;
        let late = move || Status::from(slow_bodies.error());
        self.service.call(
            request.map(|body| tonic::body::Body::new(PacedBody::new(body, slow_bodies.patience, late))),
        )
    }
}

/// A body that fails if it arrives too slowly.
struct PacedBody<B, F> {
    body: B,
    pace: Pace,
    late: Option<F>,
}

impl<B, F> PacedBody<B, F> {
    fn new(body: B, patience: Duration, late: F) -> Self {
        Self { body, pace: Pace { patience, left: patience, waiting: None }, late: Some(late) }
    }
}

impl<B, F> HttpBody for PacedBody<B, F>
where
    B: HttpBody<Data = Bytes> + Unpin,
    F: FnOnce() -> B::Error + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        if this.late.is_none() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref);
            this.pace.came(bytes.map_or(0, Bytes::len));
            return Poll::Ready(frame);
        }
        ready!(this.pace.poll_late(cx));
        Poll::Ready(this.late.take().map(|late| Err(late())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The time that is left for a peer. Only time in which the server waits for the peer counts.
struct Pace {
    patience: Duration,
    left: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Pace {
    fn came(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let earned = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1).saturating_mul(earned) / MIN_RATE;
        self.left = self.left.saturating_add(earned).min(self.patience);
    }

    /// Ready when the peer is late.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.left;
        let (_, timer) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        timer.as_mut().poll(cx)
    }
}

/// The body came too slowly.
#[derive(Debug)]
struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body came too slowly")
    }
}

impl Error for TooSlow {}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;
    use codelibra::{CatalogCode, ErrorCode};
    use tokio_stream::StreamExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// The status of a body that comes in `parts` of `size` bytes, each after a pause.
    async fn status(parts: usize, size: usize, pause: Duration) -> (StatusCode, Duration) {
        let slow = SlowBodies { catalog: ErrorCode::catalog(), patience: PATIENCE };
        let router = Router::new()
            .route("/", post(|body: Bytes| async move { body.len().to_string() }))
            .layer(axum::middleware::from_fn_with_state(slow, SlowBodies::refuse));
        let body = tokio_stream::iter(0..parts).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; size]))
        });
        let request = Request::post("/").body(Body::from_stream(body)).unwrap();
        let start = Instant::now();
        let mut router = router.into_service::<Body>();
        let response = Service::call(&mut router, request).await.unwrap();
        (response.status(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_passes_and_a_stalled_one_does_not() {
        let seconds = Duration::from_secs;
        for (parts, size, pause, expected) in [
            // Two megabytes in an hour: 500 bytes a second, the lowest rate.
            (130, 15_000, seconds(30), StatusCode::OK),
            (2000, 500, seconds(1), StatusCode::OK),
            // A pause that is within the patience.
            (1, 1, seconds(29), StatusCode::OK),
            // A pause that is not.
            (1, 100_000, seconds(31), StatusCode::REQUEST_TIMEOUT),
            // Byte by byte.
            (100_000, 1, seconds(1), StatusCode::REQUEST_TIMEOUT),
        ] {
            let (status, took) = status(parts, size, pause).await;
            assert_eq!(status, expected, "{parts} parts of {size} bytes, one each {pause:?}, after {took:?}");
            assert!(status.is_success() || took <= seconds(31), "the clock of the test: {took:?}");
        }
    }
}
