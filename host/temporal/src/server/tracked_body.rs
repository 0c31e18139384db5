//! The content of an answer, which notes when all of it was given to the connection.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};

use super::connection_limit::Link;

/// The content of an answer, which notes when all of it was given to the connection: hyper drops it
/// then.
pub(super) struct Noted<B> {
    pub(super) content: B,
    pub(super) link: Arc<Link>,
}

impl<B: Body + Unpin> Body for Noted<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.content).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

impl<B> Drop for Noted<B> {
    fn drop(&mut self) {
        self.link.complete();
    }
}
