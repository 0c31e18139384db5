//! The body of an answer, sent in small frames.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Bytes of a frame. Hyper may copy frames together until it has some hundred KiB, which nobody
/// counts, and so a frame is small against that.
const FRAME: usize = 64 << 10;

/// The body of an answer. Its pieces are dropped when their last byte was sent, or with the
/// connection, and so is what counts them.
#[derive(Debug, Default)]
pub(super) struct Content {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl Content {
    /// Returns a body of these pieces, one after the other.
    pub(super) fn of(pieces: Vec<Bytes>) -> Self {
        let pieces = VecDeque::from(pieces);
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, left }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _polling: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(mut piece) = self.pieces.pop_front() else {
            return Poll::Ready(None);
        };
        let frame = piece.split_to(piece.len().min(FRAME));
        if !piece.is_empty() {
            self.pieces.push_front(piece);
        }
        self.left -= frame.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
