//! A request's body: bounded in size and in time, and counted as it grows.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge, MemoryBudget};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout_at};

use super::response::{Answer, failure, line, retry_later};

/// A client that writes before it reads gets its answer if it is listened to for this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a body may take whatever it sends.
const GRACE: Duration = Duration::from_secs(10);

/// Bytes a second that a body must send on average once [`GRACE`] is over. A modem sends more; who
/// sends less holds memory for nothing.
const SLOWEST: u64 = 1 << 10;

/// The first room of a body whose length is not told, and the least by which room grows.
const STEP: usize = 8 << 10;

/// A body, and what counts it.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) charge: Charge,
    pub(super) memory: CallMemory,
}

/// Reads a body once the request is admitted to memory.
pub(super) async fn read(
    mut body: Incoming,
    most: ByteSize,
    budget: &MemoryBudget,
    deadline: Instant,
) -> Result<Body, Answer> {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > most.get()) {
        let _ = tokio::time::timeout(PATIENCE, drain(&mut body)).await;
        return Err(too_large(most));
    }
    let Ok(memory) = timeout_at(deadline, budget.admit()).await else {
        return Err(no_room(budget));
    };
    let room = length.map_or(most.as_usize(), |length| ByteSize::bytes(length).as_usize());
    let mut growing = Growing { bytes: Vec::new(), charge: memory.nothing(), most: room };
    let began = Instant::now();
    loop {
        let slowest = Duration::from_secs(growing.bytes.len() as u64 / SLOWEST);
        let until = deadline.min(began + GRACE + slowest);
        match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let Some(part) = frame.data_ref() else {
                    continue;
                };
                if part.len() > most.as_usize() - growing.bytes.len() {
                    return Err(too_large(most));
                }
                growing.extend(part, &memory).map_err(|error| failure(&error))?;
            }
            Ok(None) => {
                let Growing { bytes, charge, .. } = growing;
                return Ok(Body { bytes: bytes.into(), charge, memory });
            }
            Ok(Some(Err(_))) => {
                return Err(line(StatusCode::BAD_REQUEST, "the request's body broke off"));
            }
            Err(_) => return Err(too_slow(until < deadline)),
        }
    }
}

/// Bytes that arrive, in one piece: a list of frames could take many times their memory.
struct Growing {
    bytes: Vec<u8>,
    charge: Charge,
    /// The most room that it needs.
    most: usize,
}

impl Growing {
    fn extend(&mut self, part: &[u8], memory: &CallMemory) -> Result<(), cloakroom_core::Error> {
        let need = self.bytes.len() + part.len();
        if need > self.bytes.capacity() {
            let room = need.max(2 * self.bytes.capacity()).max(STEP).min(self.most.max(need));
            // Both are there while the bytes are moved.
            let charge = memory.charge(room)?;
            let mut larger = Vec::with_capacity(room);
            larger.extend_from_slice(&self.bytes);
            (self.bytes, self.charge) = (larger, charge);
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }
}

async fn drain(body: &mut Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn too_large(most: ByteSize) -> Answer {
    let text = format!("the request has more than {most} (`codec_server.body`)");
    line(StatusCode::PAYLOAD_TOO_LARGE, &text)
}

fn too_slow(is_below_rate: bool) -> Answer {
    let text = if is_below_rate {
        "the request's body arrived at less than 1 KiB a second"
    } else {
        "the request's body did not arrive in time (`codec_server.time`)"
    };
    line(StatusCode::REQUEST_TIMEOUT, text)
}

fn no_room(budget: &MemoryBudget) -> Answer {
    let text = format!(
        "requests hold {} of memory (`limits.process_bytes`), and no room came up within \
         `codec_server.time`: try again later, or raise the limit",
        budget.process_bytes()
    );
    retry_later(line(StatusCode::SERVICE_UNAVAILABLE, &text))
}
