//! What a connection is doing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Activity {
    /// How many requests are open.
    pub(super) requests: usize,
    /// Whether the peer does not take the bytes that are ready for it.
    pub(super) is_blocked: bool,
}

impl Activity {
    /// Whether the peer is the one to act: every response was handed over and taken.
    pub(super) fn waits_for_a_request(&self) -> bool {
        self.requests == 0 && !self.is_blocked
    }
}

/// A connection that reports whether it is blocked; again after each write while it is.
#[derive(Debug)]
pub(super) struct ReportingIo<T> {
    io: T,
    activity: watch::Sender<Activity>,
    is_blocked: bool,
}

impl<T> ReportingIo<T> {
    pub(super) fn new(io: T, activity: watch::Sender<Activity>) -> Self {
        Self { io, activity, is_blocked: false }
    }

    fn report(&mut self, is_blocked: bool) {
        if std::mem::replace(&mut self.is_blocked, is_blocked) != is_blocked {
            self.activity.send_modify(|activity| activity.is_blocked = is_blocked);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ReportingIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for ReportingIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.report(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.report(written.is_pending());
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
