//! Collects the body of an error, up to a limit.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::HeaderMap;
use bytes::Bytes;
use http_body::Body;

/// The most bytes of a body that are read: 1 MiB. The rest is ignored, and the error has a note.
pub const MAX_BODY: usize = 1024 * 1024;

/// A peer's error body that is being read. At most one byte more than [`MAX_BODY`] is collected, which shows the reader that the
/// body is too long.
#[derive(Debug, Default)]
pub(super) struct Collected {
    body: Vec<u8>,
    trailers: Option<HeaderMap>,
}

impl Collected {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn trailers_mut(&mut self) -> Option<&mut HeaderMap> {
        self.trailers.as_mut()
    }

    /// Reads the body. Ready at the end, at an error of the body, or at the limit.
    pub(super) fn poll<B: Body<Data = Bytes> + Unpin>(
        &mut self,
        body: &mut B,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        while self.body.len() <= MAX_BODY {
            let Some(Ok(frame)) = ready!(Pin::new(&mut *body).poll_frame(cx)) else { break };
            match frame.into_data() {
                Ok(data) => {
                    let room = (MAX_BODY + 1).saturating_sub(self.body.len());
                    self.body.extend_from_slice(data.get(..room).unwrap_or(&data));
                }
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            }
        }
        Poll::Ready(())
    }
}
