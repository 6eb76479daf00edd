//! The connections of the HTTP gateway, with timeouts, which `axum::serve` does not have.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accept::{Accept, Acceptor};
use super::activity::{Activity, BlockReporter};
use super::limits::{Limits, OTHER_REQUESTS};
use super::streams::ConnectionStreams;
use super::unread::{ReportingBody, StreamExecutor, holds_for};
use super::watched_io::WatchedIo;

/// The time limit for the end of a connection that is shut down and has no open request.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves the router until `stop` changes, then drains.
pub(super) async fn serve<L>(
    mut acceptor: Acceptor<L>,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<()>,
) where
    L: Accept,
    L::Io: AsyncRead + AsyncWrite + Unpin,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            io = acceptor.next() => {
                let streams = ConnectionStreams::new(limits.max_streams_per_connection, L::peer(&io));
                connections.spawn(connection(io, router.clone(), streams, limits, stop.clone()));
            }
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(acceptor);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection.
async fn connection(
    io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    streams: ConnectionStreams,
    limits: Limits,
    mut stop: watch::Receiver<()>,
) {
    let Limits { read_timeout, .. } = limits;
    let unread_timeout = limits.unread_timeout();
    let mut builder = Builder::new(StreamExecutor { limit: unread_timeout });
    // No `header_read_timeout`: it also ends a connection whose peer still reads its last response.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
    // A peer in the middle of a frame, or between the frames of a header block, cannot answer a ping (RFC 9113
    // §6.10 allows no other frame there).
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(read_timeout)
        .keep_alive_timeout(read_timeout)
        .max_concurrent_streams(limits.max_streams_per_connection.saturating_add(OTHER_REQUESTS));

    let (activity, mut watched) = watch::channel(Activity::default());
    let mut unread = watched.clone();
    let io = TokioIo::new(WatchedIo::new(io, BlockReporter::new(activity.clone())));
    let service = GatewayService { router: TowerToHyperService::new(router), streams, activity };
    let mut serving = pin!(builder.serve_connection(io, service));
    let mut is_closing = false;
    loop {
        let patience = if is_closing { GOODBYE } else { read_timeout };
        tokio::select! {
            // The bytes of the peer are read before the timer is checked: on a busy machine they may arrive in time and be read late.
            biased;
            _ = serving.as_mut() => return,
            () = holds_for(unread_timeout, &mut unread, |activity| activity.is_blocked) => return,
            // hyper has no timeout for a connection that sends nothing.
            () = holds_for(patience, &mut watched, Activity::waits_for_a_request) => {
                if is_closing {
                    return;
                }
            }
            _ = stop.changed(), if !is_closing => {}
        }
        is_closing = true;
        serving.as_mut().graceful_shutdown();
    }
}

/// The router, for one connection.
struct GatewayService {
    router: TowerToHyperService<Router>,
    streams: ConnectionStreams,
    activity: watch::Sender<Activity>,
}

impl Service<hyper::Request<Incoming>> for GatewayService {
    type Response = Response<ReportingBody<OpenRequest>>;
    type Error = std::convert::Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, std::convert::Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let open = OpenRequest::new(&self.activity);
        let mut request: Request = request.map(Body::new);
        request.extensions_mut().insert(self.streams.clone());
        let response = self.router.call(request);
        Box::pin(async move { Ok(response.await?.map(|body| ReportingBody::new(body, open))) })
    }
}

/// Counts a request until its response is given to hyper.
struct OpenRequest(watch::Sender<Activity>);

impl OpenRequest {
    fn new(activity: &watch::Sender<Activity>) -> Self {
        activity.send_modify(|activity| activity.requests += 1);
        Self(activity.clone())
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.send_modify(|activity| activity.requests = activity.requests.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;

    const READ: Duration = Duration::from_secs(30);
    const IDLE: Duration = Duration::from_secs(20);
    const LIMITS: Limits =
        Limits { max_streams: 10, max_streams_per_connection: 10, stream_idle: IDLE, read_timeout: READ };

    /// Connections that a test makes.
    struct Made(mpsc::UnboundedReceiver<DuplexStream>);

    impl Accept for Made {
        type Io = DuplexStream;

        async fn accept(&mut self) -> io::Result<DuplexStream> {
            self.0.recv().await.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
        }
    }

    /// The far end of a connection to a gateway; each direction holds `room` bytes.
    fn connect(room: usize) -> DuplexStream {
        let (sender, receiver) = mpsc::unbounded_channel();
        let large = || async { vec![b'x'; 1 << 20] };
        let router =
            Router::new().route("/large", get(large)).route("/", post(|body: String| async { body }));
        let (_stop, stopped) = watch::channel(());
        let (ours, theirs) = duplex(room);
        sender.send(theirs).unwrap();
        tokio::spawn(async move {
            let _kept = (_stop, sender);
            serve(Acceptor::new("test", Made(receiver)), router, LIMITS, stopped).await;
        });
        ours
    }

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

    /// If a peer sends a part of a request and does not finish it, its connection is closed in bounded time.
    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_is_closed() {
        let hpack_of_get = [0x82, 0x86, 0x84, 0x41, 0x01, b'x'];
        let headers = |flags| [&[0, 0, 6, 1, flags, 0, 0, 0, 1], &hpack_of_get[..]].concat();
        for (sent, what, at_most) in [
            (vec![], "nothing", READ),
            (b"G".to_vec(), "one byte", READ + GOODBYE),
            (b"GET / HTTP/1.1\r\nhost: x\r\n".to_vec(), "half a head", READ + GOODBYE),
            (b"PRI * HTTP/2.0\r\n".to_vec(), "half a preface", READ),
            (PREFACE.to_vec(), "a preface", READ * 2),
            ([PREFACE, SETTINGS, &[0, 0]].concat(), "half a frame", READ * 2),
            ([PREFACE, SETTINGS, &headers(1)].concat(), "half a header block", READ * 2),
        ] {
            let (mut connection, start) = (connect(1 << 16), Instant::now());
            connection.write_all(&sent).await.unwrap();
            let mut read = Vec::new();
            let _ = connection.read_to_end(&mut read).await;
            assert!(start.elapsed() <= at_most, "the clock of the test, {what}: {:?}", start.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_time_is_answered_and_then_the_connection_is_closed() {
        let (mut connection, start) = (connect(1 << 16), Instant::now());
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n";
        // Head and body take longer together than the timeout, but each part comes in time.
        for (i, part) in [&head[..20], &head[20..], b"te", b"xt"].into_iter().enumerate() {
            if i > 0 {
                tokio::time::sleep(READ - Duration::from_secs(11)).await;
            }
            connection.write_all(part).await.unwrap();
        }
        let mut read = Vec::new();
        connection.read_to_end(&mut read).await.unwrap();
        let read = String::from_utf8(read).unwrap();
        assert!(read.starts_with("HTTP/1.1 200") && read.ends_with("text"), "{read}");
        assert_eq!(start.elapsed(), (READ - Duration::from_secs(11)) * 3 + READ, "the clock of the test");
    }

    /// HTTP/1: the connection is closed; hyper does not poll the body meanwhile.
    #[tokio::test(start_paused = true)]
    async fn an_unread_response_is_ended_and_a_slowly_read_one_is_not() {
        let get_large = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n";
        let (mut connection, start) = (connect(1 << 10), Instant::now());
        connection.write_all(get_large).await.unwrap();
        tokio::time::sleep(LIMITS.unread_timeout() + Duration::from_secs(1)).await;
        let mut read = Vec::new();
        let _ = connection.read_to_end(&mut read).await;
        assert!(read.len() <= 1 << 10, "{} bytes were in the connection", read.len());
        assert_eq!(start.elapsed(), LIMITS.unread_timeout() + Duration::from_secs(1));

        // A kilobyte a second: a quarter of an hour.
        let mut connection = connect(1 << 10);
        connection.write_all(get_large).await.unwrap();
        let (mut part, mut read) = ([0; 1 << 10], 0);
        while read < 1 << 20 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let len = connection.read(&mut part).await.unwrap();
            assert_ne!(len, 0, "closed after {read} bytes");
            read += len;
        }
    }
}
