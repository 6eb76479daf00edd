//! Streams of the gateway. A caller that does not read does not affect other callers.
//!
//! - Unary calls and streams have a channel each. The window of a connection of HTTP/2 is shared by its streams; the
//!   channel of the streams has a window in which the windows of all of its streams fit.
//! - The number of open streams is limited, for one connection of a client and in total. The last places are for clients that have
//!   few streams.
//! - A task reads each stream, a few items ahead of the caller. When the caller reads nothing for some time, the
//!   task drops the stream.

use std::fmt::Display;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::request::Parts;
use codelibra::rpc::RetryInfo;
use codelibra::{ApiError, Catalog};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::{Stream, StreamExt};
use tonic::transport::Endpoint;

use super::limits::Limits;
use super::places::{Full, Place, Places};
use super::refusal;

/// The window of one stream, in bytes. A stream moves at most this much in one round trip.
const STREAM_WINDOW: u32 = 16 << 10;

/// How many items of a stream are read ahead.
const READ_AHEAD: usize = 16;

/// The endpoint of the streams: the window of the connection is as large as those of all streams together
/// (RFC 9113 §5.2), so that unread streams do not close it.
pub(super) fn stream_endpoint(endpoint: Endpoint, limits: &Limits) -> Endpoint {
    let all = STREAM_WINDOW.saturating_mul(limits.max_streams.saturating_add(1));
    endpoint
        .initial_stream_window_size(STREAM_WINDOW)
        // 2^31 - 1 is the largest window, 65,535 the smallest that a connection starts with.
        .initial_connection_window_size(all.clamp(65_535, i32::MAX.unsigned_abs()))
}

/// The open streams of the gateway.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    catalog: &'static Catalog,
    places: Places,
    limits: Limits,
}

/// The open streams of one connection of a client; it is in the extensions of each request.
#[derive(Clone, Debug)]
pub(super) struct ConnectionStreams {
    open: Arc<Semaphore>,
    peer: Option<IpAddr>,
}

impl ConnectionStreams {
    pub(super) fn new(max: u32, peer: Option<IpAddr>) -> Self {
        Self { open: Arc::new(semaphore(max)), peer }
    }
}

fn semaphore(max: u32) -> Semaphore {
    Semaphore::new(usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS))
}

/// The right to open one stream. It is given back when the stream is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    _connection: OwnedSemaphorePermit,
    _place: Place,
}

impl Streams {
    pub(super) fn new(catalog: &'static Catalog, limits: Limits) -> Self {
        Self { catalog, places: Places::new(limits.max_streams), limits }
    }

    /// Admits one more stream.
    ///
    /// # Errors
    ///
    /// 429000 if the connection has too many, or the address of the client its share while few are free; 503000 if all
    /// callers together have too many. Each has a RetryInfo, which is `Retry-After` over HTTP.
    pub(super) fn admit(&self, request: &Parts) -> Result<Permit, ApiError> {
        let Limits { max_streams, max_streams_per_connection, stream_idle, .. } = self.limits;
        let refused = |status, message: &dyn Display| {
            // By then a stream that is not read was ended.
            let seconds = stream_idle.as_secs().clamp(1, 60).try_into().unwrap_or(1);
            let retry_delay = Some(prost_types::Duration { seconds, nanos: 0 });
            self.error(status, message).with_detail(&RetryInfo { retry_delay })
        };
        let connection = request.extensions.get::<ConnectionStreams>();
        let permit = connection.and_then(|connection| connection.open.clone().try_acquire_owned().ok());
        let _connection = permit.ok_or_else(|| {
            let message = format!(
                "{max_streams_per_connection} streams are open on this connection; expected at most that many"
            );
            refused(StatusCode::TOO_MANY_REQUESTS, &message)
        })?;
        let peer = connection.and_then(|connection| connection.peer);
        let _place = self.places.take(peer).map_err(|full| match full {
            Full::Share(held) => {
                let message = format!(
                    "{held} of {max_streams} streams are open from this address; the last quarter is for others"
                );
                refused(StatusCode::TOO_MANY_REQUESTS, &message)
            }
            Full::All => {
                let message = format!("{max_streams} streams are open; expected at most that many");
                refused(StatusCode::SERVICE_UNAVAILABLE, &message)
            }
        })?;
        Ok(Permit { _connection, _place })
    }

    fn error(&self, status: StatusCode, message: &dyn Display) -> ApiError {
        refusal::for_class(self.catalog, status).with_message(message.to_string())
    }

    /// Reads `items` in a task of its own. They are dropped when the caller drops the result, and when it reads
    /// nothing of it for the idle timeout; then the last item is 408000.
    pub(super) fn read_ahead<S, T>(&self, permit: Permit, items: S) -> ReadAhead<T>
    where
        S: Stream<Item = Result<T, ApiError>> + Send + 'static,
        T: Send + 'static,
    {
        // One place more than the items need, for the error of an unread stream.
        let (sender, receiver) = mpsc::channel(READ_AHEAD + 1);
        let idle = self.limits.stream_idle;
        let unread =
            self.error(StatusCode::REQUEST_TIMEOUT, &format_args!("the stream was not read for {idle:?}"));
        tokio::spawn(forward(permit, items, sender, idle, unread));
        ReadAhead { receiver, ended: false, catalog: self.catalog }
    }
}

/// An item, or the end of a complete stream.
type Sent<T> = Option<Result<T, ApiError>>;

async fn forward<S, T>(
    _permit: Permit,
    items: S,
    sender: mpsc::Sender<Sent<T>>,
    idle: Duration,
    unread: ApiError,
) where
    S: Stream<Item = Result<T, ApiError>>,
{
    let Ok(last) = sender.clone().reserve_owned().await else { return };
    let mut items = pin!(items);
    loop {
        let Ok(room) = tokio::time::timeout(idle, sender.reserve()).await else {
            last.send(Some(Err(unread)));
            return;
        };
        let Ok(room) = room else { return };
        tokio::select! {
            item = items.next() => {
                let ended = !matches!(item, Some(Ok(_)));
                room.send(item);
                if ended {
                    return;
                }
            }
            () = sender.closed() => return,
        }
    }
}

/// Items that a task reads ahead of the caller.
#[derive(Debug)]
pub(super) struct ReadAhead<T> {
    receiver: mpsc::Receiver<Sent<T>>,
    ended: bool,
    /// The catalogue with the domain of the error of a lost stream.
    catalog: &'static Catalog,
}

impl<T> Stream for ReadAhead<T> {
    type Item = Result<T, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match ready!(self.receiver.poll_recv(cx)) {
            Some(item) => item,
            // The task ended without an end of the stream: it panicked, so the stream is not complete.
            None => Some(Err(refusal::unexpected(self.catalog))),
        };
        self.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use codelibra::{CatalogCode, ErrorCode};
    use tokio::time::Instant;

    use super::*;

    const IDLE: Duration = Duration::from_secs(30);
    const LIMITS: Limits = Limits {
        max_streams: 3,
        max_streams_per_connection: 2,
        stream_idle: IDLE,
        read_timeout: Duration::from_secs(1),
    };

    fn request(connection: &ConnectionStreams) -> Parts {
        Request::builder().extension(connection.clone()).body(()).unwrap().into_parts().0
    }

    #[test]
    fn each_limit_refuses_with_its_code() {
        let streams = Streams::new(ErrorCode::catalog(), LIMITS);
        let (a, b) = (ConnectionStreams::new(2, None), ConnectionStreams::new(2, None));
        let held: Vec<Permit> = (0..2).map(|_| streams.admit(&request(&a)).unwrap()).collect();
        let refused = streams.admit(&request(&a)).unwrap_err();
        assert_eq!(refused.number(), 429_000);
        let _third = streams.admit(&request(&b)).unwrap();
        let refused_b = streams.admit(&request(&b)).unwrap_err();
        assert_eq!(refused_b.number(), 503_000);
        for refused in [refused, refused_b] {
            assert_eq!(refused.details().next().unwrap().type_name(), "google.rpc.RetryInfo");
        }
        drop(held);
        assert!(streams.admit(&request(&a)).is_ok() && streams.admit(&request(&b)).is_ok());
    }

    /// The windows of all streams fit in that of the connection, at the highest limit too.
    #[test]
    fn the_window_of_the_connection_has_room_for_all_streams() {
        let all = u64::from(STREAM_WINDOW) * 100_001;
        assert!(all <= i32::MAX.unsigned_abs().into());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_is_not_read_ends_with_its_code() {
        let streams = Streams::new(ErrorCode::catalog(), LIMITS);
        let connection = ConnectionStreams::new(2, None);
        let permit = streams.admit(&request(&connection)).unwrap();
        let (dropped, mut is_dropped) = tokio::sync::oneshot::channel::<()>();
        let items = tokio_stream::iter(1..).map(move |item| {
            let _ = &dropped;
            Ok(item)
        });
        let start = Instant::now();
        let mut read = streams.read_ahead(permit, items);
        // The caller reads slowly, and then stops reading.
        for item in 1..=3 {
            tokio::time::sleep(IDLE - Duration::from_secs(1)).await;
            assert_eq!(read.next().await.unwrap().unwrap(), item);
        }
        let stopped = Instant::now();
        assert!((&mut is_dropped).await.is_err(), "the upstream is dropped");
        assert_eq!(stopped.elapsed(), IDLE, "the clock of the test; {:?}", start.elapsed());
        assert_eq!(streams.places.free(), 3, "another caller can have its place");

        let rest: Vec<_> = read.collect().await;
        let (last, items) = rest.split_last().unwrap();
        assert!(items.iter().all(Result::is_ok) && items.len() == READ_AHEAD);
        assert_eq!(last.as_ref().unwrap_err().number(), 408_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_as_its_items_do() {
        let streams = Streams::new(ErrorCode::catalog(), LIMITS);
        let read = |items: Vec<Result<u8, ApiError>>| {
            let permit = streams.admit(&request(&ConnectionStreams::new(2, None))).unwrap();
            streams.read_ahead(permit, tokio_stream::iter(items)).collect::<Vec<_>>()
        };
        assert!(read((0..100).map(Ok).collect()).await.iter().flatten().eq(&(0..100).collect::<Vec<u8>>()));
        let failed = read(vec![Ok(1), Err(ErrorCode::USER_BANNED.into()), Ok(2)]).await;
        assert_eq!(failed.len(), 2);
        assert_eq!(failed[1].as_ref().unwrap_err().number(), 403_003);
        // A caller that disconnects, and a service that panics.
        let permit = streams.admit(&request(&ConnectionStreams::new(2, None))).unwrap();
        drop(streams.read_ahead(permit, tokio_stream::pending::<Result<u8, ApiError>>()));
        let permit = streams.admit(&request(&ConnectionStreams::new(2, None))).unwrap();
        let panics =
            tokio_stream::iter(0..2).map(|item| if item == 1 { panic!("private") } else { Ok(item) });
        let lost: Vec<_> = streams.read_ahead(permit, panics).collect().await;
        assert_eq!((lost.len(), lost[1].as_ref().unwrap_err().number()), (2, 500_001));
        while streams.places.free() < 3 {
            tokio::task::yield_now().await;
        }
    }
}
