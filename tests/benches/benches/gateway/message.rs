//! The body of a request or an answer, as SDKs and servers send it.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame};

/// A body whose length is not known beforehand.
///
/// hyper would announce a known one as `content-length`, which no SDK and no frontend does.
/// temporal-proxy passes that header on beside a message of another length, which it has encrypted or
/// decrypted, and hyper refuses such a call.
pub(crate) struct Message(Full<Bytes>);

impl Message {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self(Full::new(bytes))
    }
}

impl Body for Message {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}
