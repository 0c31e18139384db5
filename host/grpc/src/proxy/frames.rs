//! Messages of a stream, read one after the other.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge, MemoryBudget};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::sleep;

use super::{
    body::PREFIX,
    buffer::{Buffer, announced},
    headers::GRPC_ENCODING,
    message::message,
};
use crate::status::{Code, Status};

/// Pause of a reader that finds no free memory. Meanwhile the sender waits, as HTTP/2 lets it.
const PAUSE: Duration = Duration::from_millis(50);

/// Messages of a stream, read one after the other.
pub struct Frames {
    body: Incoming,
    encoding: Option<HeaderValue>,
    /// Bytes that arrived behind the last message.
    rest: Bytes,
    /// Largest message.
    max: ByteSize,
}

/// Next part of a stream.
pub enum Arrived {
    /// A message, with its memory.
    Message(Bytes, CallMemory, Charge),
    /// A message of so many bytes or more that nobody can take. It was read past.
    TooLarge(usize),
    /// End of the stream, with its trailers.
    End(HeaderMap),
}

impl Frames {
    /// Returns the messages of a response, each of at most `max` bytes.
    #[must_use]
    pub fn new(response: Response<Incoming>, max: ByteSize) -> (http::response::Parts, Self) {
        let (head, body) = response.into_parts();
        let encoding = head.headers.get(GRPC_ENCODING).cloned();
        (head, Self { body, encoding, rest: Bytes::new(), max })
    }

    /// Reads the next message. Its memory is taken once it begins to arrive, so that a stream which waits
    /// holds none. A message waits until there is memory for all of it, and holds no more than its first
    /// part meanwhile: two that wait could wait for each other for ever.
    ///
    /// # Errors
    /// `Unavailable` if the stream broke, or the status that refuses a message which cannot be read.
    pub async fn next(&mut self, budget: impl Fn() -> MemoryBudget) -> Result<Arrived, Status> {
        if let Some(trailers) = self.fill().await? {
            return Ok(Arrived::End(trailers));
        }
        let memory = budget().admit().await;
        let mut buffer = Buffer::trusting(self.max, &memory);
        // Bytes of this message that were taken off the stream.
        let mut taken = 0;
        while let Some(missing) = missing(&buffer, &self.rest) {
            if self.rest.is_empty() && self.fill().await?.is_some() {
                return Err(Status::new(Code::Unavailable, "a message of the stream ended early"));
            }
            let part = self.rest.split_to(missing.min(self.rest.len()));
            taken += part.len();
            while let Err(status) = buffer.push(part.clone(), &memory) {
                let length = announced(buffer.bytes()).or_else(|| announced(&part));
                match (status.code, length) {
                    (Code::Unavailable, _) => sleep(PAUSE).await,
                    (_, Some(length)) => {
                        let left = PREFIX.saturating_add(length).saturating_sub(taken);
                        return self.skip(length, left).await;
                    }
                    (_, None) => return Err(status),
                }
            }
        }
        self.finish(buffer, memory).await
    }

    /// Returns a message that has arrived.
    async fn finish(&self, buffer: Buffer, memory: CallMemory) -> Result<Arrived, Status> {
        let length = buffer.bytes().len().saturating_sub(PREFIX);
        match message(buffer, self.encoding.as_ref(), self.max, &memory).await {
            Ok(Some((message, charge))) => Ok(Arrived::Message(message, memory, charge)),
            Ok(None) => {
                let nothing = memory.nothing();
                Ok(Arrived::Message(Bytes::new(), memory, nothing))
            }
            // What it decompresses to is too large for this message alone, and not for the stream.
            Err(Status { code: Code::FailedPrecondition | Code::ResourceExhausted, .. }) => {
                Ok(Arrived::TooLarge(length))
            }
            Err(status) => Err(status),
        }
    }

    /// Reads past the rest of a message.
    async fn skip(&mut self, length: usize, mut left: usize) -> Result<Arrived, Status> {
        while left > 0 {
            if self.fill().await?.is_some() {
                return Err(Status::new(Code::Unavailable, "a message of the stream ended early"));
            }
            let skipped = left.min(self.rest.len());
            drop(self.rest.split_to(skipped));
            left -= skipped;
        }
        Ok(Arrived::TooLarge(length))
    }

    /// Waits until there are bytes. Returns the trailers if there are none any more.
    async fn fill(&mut self) -> Result<Option<HeaderMap>, Status> {
        while self.rest.is_empty() {
            let Some(frame) = self.body.frame().await else {
                return Ok(Some(HeaderMap::new()));
            };
            let broken =
                |error| Status::new(Code::Unavailable, format!("the stream broke: {error}"));
            match frame.map_err(broken)?.into_data() {
                Ok(data) => self.rest = data,
                Err(frame) => {
                    return Ok(Some(frame.into_trailers().unwrap_or_default()));
                }
            }
        }
        Ok(None)
    }
}

/// Returns how many bytes are missing to the message in a buffer, or to its prefix. A message that has
/// arrived whole is taken at once, and not copied.
fn missing(buffer: &Buffer, rest: &[u8]) -> Option<usize> {
    let (held, length) = (buffer.bytes().len(), announced(buffer.bytes()));
    let length = length.or_else(|| announced(rest).filter(|_| held == 0));
    let needed = length.map_or(PREFIX, |length| PREFIX.saturating_add(length));
    needed.checked_sub(held).filter(|missing| *missing > 0)
}
