//! Reads the one message of a unary call, within limits of size and memory.

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use super::{
    buffer::{Buffer, announced},
    gzip,
    headers::GRPC_ENCODING,
    runner::leave,
};
use crate::status::{Code, Status};

/// Length in bytes from which a message's call gets a task of its own. Its payloads then take some
/// 0.1 ms, for which other calls of the connection should not wait.
const LARGE: usize = 64 << 10;

/// A message, or none if the call failed, and the trailers.
pub struct Received {
    /// The message, or none if the call failed.
    pub message: Option<Bytes>,
    /// Trailers, if there are any.
    pub trailers: Option<HeaderMap>,
    /// Memory of the message.
    pub charge: Charge,
}

impl Received {
    /// Reads a body of at most one message of at most `max` bytes, and decompresses it.
    ///
    /// # Errors
    /// The status that refuses the call.
    pub async fn read(
        mut body: Incoming,
        headers: &HeaderMap,
        max: ByteSize,
        memory: &CallMemory,
    ) -> Result<Self, Status> {
        let mut buffer = Buffer::new(max, memory);
        let mut trailers = None;
        while !body.is_end_stream()
            && let Some(frame) = body.frame().await
        {
            let broken = |_| Status::new(Code::Unavailable, "the message ended early");
            match frame.map_err(broken)?.into_data() {
                Ok(part) => {
                    buffer.push(part, memory)?;
                    if announced(buffer.bytes()).is_some_and(|length| length > LARGE) {
                        leave().await;
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        Ok(match message(buffer, headers.get(GRPC_ENCODING), max, memory).await? {
            Some((message, charge)) => Self { message: Some(message), trailers, charge },
            None => Self { message: None, trailers, charge: memory.nothing() },
        })
    }
}

/// Returns the message of a buffer, decompressed, if there is one.
///
/// # Errors
/// The status that refuses the call.
pub(super) async fn message(
    buffer: Buffer,
    encoding: Option<&HeaderValue>,
    max: ByteSize,
    memory: &CallMemory,
) -> Result<Option<(Bytes, Charge)>, Status> {
    let Some((is_compressed, message, charge)) = buffer.finish()? else { return Ok(None) };
    if !is_compressed {
        return Ok(Some((message, charge)));
    }
    match encoding.map(HeaderValue::as_bytes) {
        Some(b"gzip") => gzip::decompress(message, max, memory.clone()).await.map(Some),
        // Temporal's core SDKs turn compression off if a refusal names this header.
        _ => {
            let text =
                "the message is compressed, and `grpc-encoding` is not gzip: use gzip, or none";
            Err(Status::new(Code::Unimplemented, text))
        }
    }
}
