//! Ends responses that their callers do not read.
//!
//! hyper does not poll the body of a response while the caller's flow-control window is closed, so a timer in the
//! body does not fire. Over HTTP/2 the timer is therefore beside the future that writes the response. When it fires,
//! that future is dropped, and hyper resets the stream. Over HTTP/1 the connection is watched instead: see
//! [`Activity`](super::activity::Activity).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::rt::Executor;
use tokio::sync::watch;

tokio::task_local! {
    /// Whether the response that this task writes waits for its caller.
    static WAITS: watch::Sender<bool>;
}

/// Runs `writing`, which writes a response, until the response waits for its caller for `limit`.
async fn until_unread(limit: Duration, writing: impl Future) {
    let (sender, mut waits) = watch::channel(false);
    tokio::select! {
        _ = WAITS.scope(sender, writing) => {}
        () = holds_for(limit, &mut waits, |waits| *waits) => {}
    }
}

/// Ready when `condition` has held for `limit` and the value was not sent again in this time. It is never ready after all senders
/// are dropped.
pub(super) async fn holds_for<T>(
    limit: Duration,
    value: &mut watch::Receiver<T>,
    mut condition: impl FnMut(&T) -> bool,
) {
    loop {
        if value.wait_for(&mut condition).await.is_err() {
            return std::future::pending().await;
        }
        if tokio::time::timeout(limit, value.changed()).await.is_err() {
            return;
        }
    }
}

/// Runs each stream of an HTTP/2 connection as [`until_unread`].
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamExecutor {
    pub(super) limit: Duration,
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        tokio::spawn(until_unread(self.limit, stream));
    }
}

/// The largest part of a body that is written at once. Progress is noticed after each part.
const PART: usize = 16 << 10;

/// The body of a response. Over HTTP/2 it reports whether it waits for the caller. `guard` is dropped with it.
pub(super) struct ReportingBody<G> {
    body: Body,
    rest: Bytes,
    waits: Option<watch::Sender<bool>>,
    _guard: G,
}

impl<G> ReportingBody<G> {
    pub(super) fn new(body: Body, guard: G) -> Self {
        Self { body, rest: Bytes::new(), waits: WAITS.try_with(Clone::clone).ok(), _guard: guard }
    }

    fn waits(&self, waits: bool) {
        if let Some(sender) = &self.waits {
            sender.send_replace(waits);
        }
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        let part = self.rest.split_to(self.rest.len().min(PART));
        Poll::Ready(Some(Ok(Frame::data(part))))
    }
}

impl<G: Unpin> HttpBody for ReportingBody<G> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        // If no part is ready, the body waits for the service. After a part, hyper waits for the caller.
        let part = this.poll_part(cx);
        this.waits(matches!(part, Poll::Ready(Some(_))));
        part
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, inner) = (self.rest.len().try_into().unwrap_or(u64::MAX), self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

impl<G> Drop for ReportingBody<G> {
    fn drop(&mut self) {
        self.waits(false);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_response_ends_when_its_caller_does_not_read() {
        for (parts_read, pause) in [(0, 0), (1, 29), (5, 29)] {
            let start = Instant::now();
            until_unread(LIMIT, async {
                let mut body = std::pin::pin!(ReportingBody::new(Body::from(vec![0; 6 * PART]), ()));
                let mut poll = || {
                    let polled = body.as_mut().poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
                    assert!(polled.is_ready());
                };
                poll();
                for _ in 0..parts_read {
                    tokio::time::sleep(Duration::from_secs(pause)).await;
                    poll();
                }
                std::future::pending::<()>().await;
            })
            .await;
            let expected = Duration::from_secs(parts_read * pause) + LIMIT;
            assert_eq!(start.elapsed(), expected, "the clock of the test; {parts_read} parts");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_waits_for_the_service_is_not_ended() {
        let endless = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
        let start = Instant::now();
        until_unread(LIMIT, async {
            let mut body = std::pin::pin!(ReportingBody::new(endless, ()));
            assert!(
                body.as_mut().poll_frame(&mut Context::from_waker(std::task::Waker::noop())).is_pending()
            );
            tokio::time::sleep(LIMIT * 10).await;
        })
        .await;
        assert_eq!(start.elapsed(), LIMIT * 10);
    }

    #[tokio::test]
    async fn a_body_passes_whole() {
        let content: Vec<u8> = (0..=255).cycle().take(3 * PART + 7).collect();
        let body = ReportingBody::new(Body::from(content.clone()), ());
        assert_eq!(body.size_hint().exact(), Some(content.len().try_into().unwrap()));
        let read = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
        assert_eq!(read, content);
    }
}
