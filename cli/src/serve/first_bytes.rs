//! Connections whose peer must send its first bytes in time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::watched_io::WatchIo;

/// The client's preface (RFC 9113 §3.4). hyper starts its pings after it, so before it nothing ends a connection.
const PREFACE: usize = 24;

/// A watch that makes the reads of a connection fail if its peer does not send the preface in time.
#[derive(Debug)]
pub(super) struct FirstBytes {
    missing: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl FirstBytes {
    pub(super) fn new(limit: Duration) -> Self {
        Self { missing: PREFACE, timer: Some(Box::pin(sleep(limit))) }
    }
}

impl WatchIo for FirstBytes {
    fn after_read(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        polled: Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let Some(timer) = &mut self.timer else { return polled };
        self.missing = self.missing.saturating_sub(bytes);
        if self.missing == 0 {
            self.timer = None;
        } else if polled.is_pending() && timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::super::watched_io::WatchedIo;
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_send_its_preface_in_time_is_late() {
        for (sent, late) in [(0, true), (1, true), (PREFACE - 1, true), (PREFACE, false), (100, false)] {
            let (mut peer, io) = duplex(1 << 10);
            let (mut io, start) = (WatchedIo::new(io, FirstBytes::new(LIMIT)), Instant::now());
            // One byte a second, then nothing for long.
            tokio::spawn(async move {
                for _ in 0..sent {
                    peer.write_all(b"x").await.unwrap();
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                tokio::time::sleep(LIMIT * 10).await;
            });
            let ended = io.read_to_end(&mut Vec::new()).await;
            assert_eq!(ended.is_err(), late, "{sent} bytes");
            assert_eq!(start.elapsed() == LIMIT, late, "the clock of the test: {:?}", start.elapsed());
        }
    }
}
