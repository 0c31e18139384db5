//! Response body that reports when hyper has taken all of it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};

use super::connection_state::ConnectionState;

/// Response body that reports to its connection when hyper has taken all of it.
///
/// hyper drops a body after its last frame, so the report is made on drop.
pub(super) struct TrackedBody<B> {
    pub(super) body: B,
    pub(super) connection: Arc<ConnectionState>,
}

impl<B: Body + Unpin> Body for TrackedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for TrackedBody<B> {
    fn drop(&mut self) {
        self.connection.finish_body();
    }
}
