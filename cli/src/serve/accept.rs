//! Accepting connections, also at the limit of file descriptors.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_stream::wrappers::ReceiverStream;

use crate::failure::warn;

/// What connections are accepted from.
pub(super) trait Accept: Send + 'static {
    type Io: Send + 'static;

    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Io>> + Send;

    /// The address of the client, if the connection has one.
    fn peer(_io: &Self::Io) -> Option<IpAddr> {
        None
    }
}

impl Accept for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        // Without `TCP_NODELAY` only the latency is higher. If the peer has closed the connection, the first read fails.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    fn peer(io: &TcpStream) -> Option<IpAddr> {
        io.peer_addr().ok().map(|peer| peer.ip())
    }
}

/// Accepts connections from a listener and pauses when that fails. Without the pause the loop spins: a
/// listener stays readable while the process has no file descriptor left for the connection.
pub(super) struct Acceptor<L> {
    listener: L,
    pauses: Pauses,
}

impl<L: Accept> Acceptor<L> {
    /// `name` is the listener's name in the log.
    pub(super) fn new(name: &'static str, listener: L) -> Self {
        Self { listener, pauses: Pauses { name, next: SHORTEST, failed: None } }
    }

    /// The next connection.
    pub(super) async fn next(&mut self) -> L::Io {
        loop {
            match self.listener.accept().await {
                Ok(io) => {
                    self.pauses.next = SHORTEST;
                    return io;
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if let Some(report) = self.pauses.report(&error) {
                        warn("warning", &report);
                    }
                    sleep(self.pauses.take()).await;
                }
            }
        }
    }

    /// The connections as a stream, for a server that accepts from one. The listener is closed soon after the
    /// stream is dropped.
    pub(super) fn into_stream(mut self) -> ReceiverStream<io::Result<L::Io>> {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            // The channel must have room before a connection is accepted, so that each accepted connection can be sent.
            while let Ok(room) = sender.reserve().await {
                tokio::select! {
                    io = self.next() => room.send(Ok(io)),
                    () = sender.closed() => break,
                }
            }
        });
        ReceiverStream::new(receiver)
    }
}

/// Returns whether the error is of one connection, whose peer closed it before it was accepted. The next connection may be accepted
/// at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// Failures that are closer together than this are one incident.
const INCIDENT: Duration = Duration::from_secs(60);

/// The pauses after failures, and which failures are reported.
struct Pauses {
    name: &'static str,
    next: Duration,
    failed: Option<Instant>,
}

impl Pauses {
    /// Returns the text for the log, only for the first failure of an incident.
    fn report(&mut self, error: &io::Error) -> Option<String> {
        let now = Instant::now();
        let before = self.failed.replace(now);
        let is_new = before.is_none_or(|before| now.duration_since(before) > INCIDENT);
        let Self { name, .. } = self;
        is_new.then(|| {
            format!(
                "the {name} cannot accept a connection: {error}; it tries again at least every second \
                 (`ulimit -n` shows the limit of open files)"
            )
        })
    }

    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alternates between the error of `accept` without a free file descriptor, and an accepted connection.
    struct Exhausted {
        failures: std::vec::IntoIter<usize>,
        left: usize,
        calls: usize,
    }

    impl Accept for Exhausted {
        type Io = usize;

        async fn accept(&mut self) -> io::Result<usize> {
            self.calls += 1;
            if self.left > 0 {
                self.left -= 1;
                // EMFILE on Linux and the BSDs.
                return Err(io::Error::from_raw_os_error(24));
            }
            self.left = self.failures.next().unwrap_or(0);
            Ok(self.calls)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_followed_by_pauses() {
        let listener = Exhausted { failures: vec![0, 3].into_iter(), left: 20, calls: 0 };
        let mut acceptor = Acceptor::new("test", listener);
        let start = Instant::now();
        assert_eq!(acceptor.next().await, 21);
        // 10 ms to 640 ms, doubled each time, then 13 times one second.
        assert_eq!(start.elapsed().as_millis(), 1270 + 13 * 1000, "the clock of the test");
        // A connection that is accepted is a new start.
        let start = Instant::now();
        assert_eq!((acceptor.next().await, start.elapsed().as_millis()), (22, 0));
        assert_eq!((acceptor.next().await, start.elapsed().as_millis()), (26, 70));
    }

    #[tokio::test(start_paused = true)]
    async fn an_incident_is_reported_once() {
        let mut pauses = Pauses { name: "gRPC server", next: SHORTEST, failed: None };
        let full = io::Error::from_raw_os_error(24);
        let report = pauses.report(&full).unwrap();
        assert!(report.contains("gRPC server") && report.contains(&full.to_string()), "{report}");
        for _ in 0..100 {
            sleep(INCIDENT).await;
            assert_eq!(pauses.report(&full), None);
        }
        sleep(INCIDENT * 2).await;
        assert!(pauses.report(&full).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_gave_up_causes_no_pause() {
        struct GaveUp(Vec<io::ErrorKind>);
        impl Accept for GaveUp {
            type Io = ();
            async fn accept(&mut self) -> io::Result<()> {
                self.0.pop().map_or(Ok(()), |kind| Err(kind.into()))
            }
        }
        let kinds = vec![io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
        let start = Instant::now();
        Acceptor::new("test", GaveUp(kinds)).next().await;
        assert!(start.elapsed().is_zero());
    }
}
