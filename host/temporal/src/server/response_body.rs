//! Response body that sends a list of chunks in small frames.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Largest frame in bytes.
///
/// hyper sends each frame of this size with a system call of its own, and copies none: the stream
/// writes from several buffers at once.
const FRAME: usize = 256 << 10;

/// Response body made of chunks.
///
/// A chunk, and the memory charge it carries, is dropped once its last byte was sent or the
/// connection ends.
#[derive(Debug, Default)]
pub(super) struct ResponseBody {
    chunks: VecDeque<Bytes>,
    remaining: u64,
}

impl ResponseBody {
    /// Creates a body that sends these chunks in order.
    pub(super) fn new(chunks: Vec<Bytes>) -> Self {
        let chunks = VecDeque::from(chunks);
        let remaining = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self { chunks, remaining }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(mut chunk) = self.chunks.pop_front() else {
            return Poll::Ready(None);
        };
        let frame = chunk.split_to(chunk.len().min(FRAME));
        if !chunk.is_empty() {
            self.chunks.push_front(chunk);
        }
        self.remaining -= frame.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
