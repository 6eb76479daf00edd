//! Connections whose reads and writes are watched.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

/// Watches the reads and writes of a connection.
pub(super) trait WatchIo: Unpin {
    /// Looks at a read that returned `polled` and `bytes` bytes. The result replaces `polled`.
    fn after_read(
        &mut self,
        _cx: &mut Context<'_>,
        _bytes: usize,
        polled: Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        polled
    }

    /// Looks at a write; `is_pending` if the connection takes no bytes now.
    fn after_write(&mut self, _is_pending: bool) {}
}

/// A connection whose reads and writes `W` watches.
#[derive(Debug)]
pub(super) struct WatchedIo<T, W> {
    io: T,
    watch: W,
}

impl<T, W> WatchedIo<T, W> {
    pub(super) const fn new(io: T, watch: W) -> Self {
        Self { io, watch }
    }
}

impl<T: AsyncRead + Unpin, W: WatchIo> AsyncRead for WatchedIo<T, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(cx, buffer);
        this.watch.after_read(cx, buffer.filled().len().saturating_sub(before), polled)
    }
}

impl<T: AsyncWrite + Unpin, W: WatchIo> AsyncWrite for WatchedIo<T, W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.watch.after_write(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.watch.after_write(written.is_pending());
        written
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

impl<T: Connected, W> Connected for WatchedIo<T, W> {
    type ConnectInfo = T::ConnectInfo;

    fn connect_info(&self) -> T::ConnectInfo {
        self.io.connect_info()
    }
}
