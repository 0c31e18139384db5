//! Body of a request to the frontend, or of a response to a caller.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use cloakroom_core::CallMemory;
use http::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::untaken::OpenAnswer;

/// Bytes before each message: a flag, and the length.
pub(super) const PREFIX: usize = 5;

/// Size up to which prefix and message are joined: a second frame would cost more than the copy.
const JOINED: usize = 16 << 10;

/// Body of a request to the frontend, or of a response to a caller.
pub(super) enum GatewayBody {
    /// Passed on as it arrives.
    Stream(Incoming),
    /// One message, and the trailers behind it.
    Message(Message),
}

/// Parts of a message that are still to be sent, in this order.
pub(super) struct Message {
    first: Option<Bytes>,
    rest: Option<Bytes>,
    trailers: Option<HeaderMap>,
    counts: Counts,
}

/// Counts a message until the socket took it.
#[derive(Default)]
struct Counts {
    /// Counts its memory.
    _memory: Option<CallMemory>,
    /// Counts it as an answer that is under way.
    _open: Option<OpenAnswer>,
}

/// A message that is counted for as long as a part of it is to be sent.
///
/// hyper hands a message to HTTP/2 as soon as its caller takes the first byte, and drops the body of the
/// response with it. A caller that takes no more would hold memory that nobody counts.
struct Counted {
    message: Bytes,
    _counts: Counts,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

impl Message {
    /// Returns the message behind its prefix, if it is not sent yet.
    fn take_rest(&mut self) -> Option<Bytes> {
        let message = self.rest.take()?;
        let counts = std::mem::take(&mut self.counts);
        Some(Bytes::from_owner(Counted { message, _counts: counts }))
    }
}

impl GatewayBody {
    /// Returns a body without content.
    pub(super) fn empty() -> Self {
        Self::Message(Message {
            first: None,
            rest: None,
            trailers: None,
            counts: Counts::default(),
        })
    }

    /// Counts a body that is not streamed as an answer that is under way.
    pub(super) fn set_open(&mut self, open: OpenAnswer) {
        if let Self::Message(message) = self {
            message.counts._open = Some(open);
        }
    }

    /// Sets the trailers of a body that is not streamed.
    pub(super) fn set_trailers(&mut self, trailers: Option<HeaderMap>) {
        if let Self::Message(message) = self {
            message.trailers = trailers;
        }
    }

    /// Returns the body of one uncompressed message.
    pub(super) fn message(
        message: Bytes,
        trailers: Option<HeaderMap>,
        memory: Option<CallMemory>,
    ) -> Self {
        let mut first = BytesMut::with_capacity(PREFIX);
        first.put_u8(0);
        // Messages are limited to far less than 4 GiB.
        first.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
        let rest = if message.len() <= JOINED {
            first.extend_from_slice(&message);
            None
        } else {
            Some(message)
        };
        let counts = Counts { _memory: memory, _open: None };
        Self::Message(Message { first: Some(first.freeze()), rest, trailers, counts })
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Stream(body) => Pin::new(body).poll_frame(cx),
            Self::Message(message) => {
                let data = message.first.take().or_else(|| message.take_rest());
                let trailers = || message.trailers.take().map(Frame::trailers);
                Poll::Ready(data.map(Frame::data).or_else(trailers).map(Ok))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Stream(body) => body.is_end_stream(),
            Self::Message(Message { first, rest, trailers, .. }) => {
                first.is_none() && rest.is_none() && trailers.is_none()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Stream(body) => body.size_hint(),
            // Without an exact size, so that hyper adds no `content-length`, which gRPC never has.
            Self::Message(_) => SizeHint::default(),
        }
    }
}
