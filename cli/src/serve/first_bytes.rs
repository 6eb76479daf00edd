//! Connections whose peer must send its first bytes in time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tonic::transport::server::Connected;

/// The client's preface (RFC 9113 §3.4). hyper starts its pings after it, so before it nothing ends a connection.
const PREFACE: usize = 24;

/// A connection that fails unless its peer has sent the preface in time.
#[derive(Debug)]
pub(super) struct FirstBytes<T> {
    io: T,
    missing: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T> FirstBytes<T> {
    pub(super) fn new(io: T, limit: Duration) -> Self {
        Self { io, missing: PREFACE, timer: Some(Box::pin(sleep(limit))) }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for FirstBytes<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(cx, buffer);
        let Some(timer) = &mut this.timer else { return polled };
        this.missing = this.missing.saturating_sub(buffer.filled().len().saturating_sub(before));
        if this.missing == 0 {
            this.timer = None;
        } else if polled.is_pending() && timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for FirstBytes<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<T: Connected> Connected for FirstBytes<T> {
    type ConnectInfo = T::ConnectInfo;

    fn connect_info(&self) -> T::ConnectInfo {
        self.io.connect_info()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_send_its_preface_in_time_is_late() {
        for (sent, late) in [(0, true), (1, true), (PREFACE - 1, true), (PREFACE, false), (100, false)] {
            let (mut peer, io) = duplex(1 << 10);
            let (mut io, start) = (FirstBytes::new(io, LIMIT), Instant::now());
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
