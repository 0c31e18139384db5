//! Body of a request to the server, or of a response to a caller.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{BufMut as _, Bytes, BytesMut};
use cloakroom_core::CallMemory;
use http::{HeaderMap, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    headers::{GRPC_STATUS, describe_grpc},
    untaken::{Answers, OpenAnswer},
};

/// Bytes before each message: a flag, and the length.
pub(super) const PREFIX: usize = 5;

/// Size up to which prefix and message are joined: a second frame would cost more than the copy.
const JOINED: usize = 16 << 10;

/// Body of a request to the server, or of a response to a caller.
pub struct GatewayBody(Kind);

enum Kind {
    /// Passed on as it arrives.
    Stream(Incoming),
    /// One message, and the trailers behind it.
    Message(Message),
    /// Messages that come one by one.
    Messages(Messages),
}

/// Messages that come one by one, from a task that ends with the body.
struct Messages {
    receiver: mpsc::Receiver<Message>,
    current: Option<Message>,
    answers: Arc<Answers>,
    _task: JoinSet<()>,
}

/// Sends the messages of a stream to its caller, one after the other.
#[derive(Clone)]
pub struct MessageSender(mpsc::Sender<Message>);

impl MessageSender {
    /// Sends a message, whose memory is counted until the socket took it. Waits until the caller takes
    /// the one before. Returns whether the caller is still there.
    pub async fn send(&self, message: Bytes, memory: Option<CallMemory>) -> bool {
        self.0.send(Message::new(message, None, memory)).await.is_ok()
    }

    /// Ends the stream with these trailers.
    pub async fn end(&self, trailers: HeaderMap) {
        let (first, rest, counts) = (None, None, Counts::default());
        let end = Message { first, rest, trailers: Some(trailers), counts };
        // A caller that is gone needs no end.
        let _ = self.0.send(end).await;
    }
}

/// Parts of a message that are still to be sent, in this order.
struct Message {
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
    fn new(message: Bytes, trailers: Option<HeaderMap>, memory: Option<CallMemory>) -> Self {
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
        Self { first: Some(first.freeze()), rest, trailers, counts }
    }

    /// Returns the next part.
    fn take(&mut self) -> Option<Frame<Bytes>> {
        let data = self.first.take().or_else(|| self.take_rest());
        data.map(Frame::data).or_else(|| self.trailers.take().map(Frame::trailers))
    }

    /// Returns the message behind its prefix, if it is not sent yet.
    fn take_rest(&mut self) -> Option<Bytes> {
        let message = self.rest.take()?;
        let counts = std::mem::take(&mut self.counts);
        Some(Bytes::from_owner(Counted { message, _counts: counts }))
    }
}

impl Messages {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        loop {
            if let Some(frame) = self.current.as_mut().and_then(Message::take) {
                return Poll::Ready(Some(frame));
            }
            let Some(mut message) = ready!(self.receiver.poll_recv(cx)) else {
                return Poll::Ready(None);
            };
            message.counts._open = Some(self.answers.begin());
            self.current = Some(message);
        }
    }
}

impl GatewayBody {
    /// Returns a body without content.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Message(Message {
            first: None,
            rest: None,
            trailers: None,
            counts: Counts::default(),
        }))
    }

    /// Returns an answer that a gateway makes itself, and whose memory is counted until it is sent.
    #[must_use]
    pub fn answer(message: Bytes, memory: Option<CallMemory>) -> Response<Self> {
        let mut trailers = HeaderMap::new();
        trailers.insert(GRPC_STATUS, 0.into());
        let mut response = Response::new(Self::message(message, Some(trailers), memory));
        describe_grpc(response.headers_mut());
        response
    }

    /// Returns a body that is passed on as it arrives.
    pub(super) fn stream(body: Incoming) -> Self {
        Self(Kind::Stream(body))
    }

    /// Counts a body that is not streamed as an answer that is under way.
    pub(super) fn set_open(&mut self, open: OpenAnswer) {
        if let Kind::Message(message) = &mut self.0 {
            message.counts._open = Some(open);
        }
    }

    /// Sets the trailers of a body that is not streamed.
    pub fn set_trailers(&mut self, trailers: Option<HeaderMap>) {
        if let Kind::Message(message) = &mut self.0 {
            message.trailers = trailers;
        }
    }

    /// Returns the body of one uncompressed message.
    #[must_use]
    pub fn message(
        message: Bytes,
        trailers: Option<HeaderMap>,
        memory: Option<CallMemory>,
    ) -> Self {
        Self(Kind::Message(Message::new(message, trailers, memory)))
    }

    /// Returns a body of messages that `work` sends, in a task that ends with the body.
    pub(super) fn messages<F>(answers: Arc<Answers>, work: impl FnOnce(MessageSender) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // One waits while another is sent. More would only hold memory.
        let (sender, receiver) = mpsc::channel(1);
        let mut task = JoinSet::new();
        task.spawn(work(MessageSender(sender)));
        Self(Kind::Messages(Messages { receiver, current: None, answers, _task: task }))
    }
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.get_mut().0 {
            Kind::Stream(body) => Pin::new(body).poll_frame(cx),
            Kind::Message(message) => Poll::Ready(message.take().map(Ok)),
            Kind::Messages(messages) => messages.poll(cx).map(|frame| frame.map(Ok)),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Stream(body) => body.is_end_stream(),
            Kind::Message(Message { first, rest, trailers, .. }) => {
                first.is_none() && rest.is_none() && trailers.is_none()
            }
            Kind::Messages(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Stream(body) => body.size_hint(),
            // Without an exact size, so that hyper adds no `content-length`, which gRPC never has.
            Kind::Message(_) | Kind::Messages(_) => SizeHint::default(),
        }
    }
}
