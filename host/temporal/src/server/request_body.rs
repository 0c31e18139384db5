//! Request body: limited in size and time, and charged to the memory budget as it grows.

use std::time::Duration;

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge, Error, ErrorKind, MemoryBudget, Remedy};
use cloakroom_pipeline::Pipeline;
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout_at};

use super::{
    response::{Response, from_error, line, unavailable},
    settings::ServerSettings,
};

/// Time for which a body that is too large is read and dropped.
///
/// A client that writes all of its body before it reads would otherwise see a reset connection
/// instead of the 413.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Time in which a body may arrive at any rate.
const RATE_GRACE: Duration = Duration::from_secs(10);

/// Bytes per second that a body must arrive with on average after [`RATE_GRACE`].
///
/// A slow body holds memory that honest requests wait for. Even a modem is faster than this.
const MIN_RATE: u64 = 1 << 10;

/// Least capacity of a body that is announced to be larger. The memory that a request has from its
/// admission on covers it.
const MIN_GROWTH: usize = 32 << 10;

/// Factor by which the capacity grows, up to the announced length. It bounds what a slow client can
/// have reserved in comparison with what it has sent.
const GROWTH: usize = 4;

/// A body with its memory charge.
pub(super) struct RequestBody {
    pub(super) bytes: Bytes,
    pub(super) charge: Charge,
    pub(super) memory: CallMemory,
}

/// Reads a body of at most `settings.body` bytes, once the memory budget admits the request.
///
/// # Errors
/// The response that refuses the request.
pub(super) async fn read(
    mut body: Incoming,
    settings: &ServerSettings,
    pipeline: &Pipeline,
    deadline: Instant,
) -> Result<RequestBody, Response> {
    let (budget, max) = (pipeline.memory(), settings.body);
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > max.get()) {
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(&mut body)).await;
        return Err(too_large(settings));
    }
    // Admission comes before the first byte is read: what waits here holds no memory.
    let Ok(memory) = timeout_at(deadline, budget.admit()).await else {
        return Err(no_memory(pipeline, budget));
    };
    let capacity = length.map_or(max.as_usize(), |length| ByteSize::bytes(length).as_usize());
    let mut buffer =
        GrowingBuffer { bytes: Vec::new(), charge: memory.nothing(), max_capacity: capacity };
    let began = Instant::now();
    loop {
        let earned = Duration::from_secs(buffer.bytes.len() as u64 / MIN_RATE);
        let until = deadline.min(began + RATE_GRACE + earned);
        match timeout_at(until, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let Some(part) = frame.data_ref() else {
                    continue;
                };
                if part.len() > max.as_usize() - buffer.bytes.len() {
                    return Err(too_large(settings));
                }
                buffer
                    .extend(part, &memory)
                    .map_err(|error| from_error(&pipeline.name_remedies(error)))?;
            }
            Ok(None) => {
                let GrowingBuffer { bytes, charge, .. } = buffer;
                return Ok(RequestBody { bytes: bytes.into(), charge, memory });
            }
            Ok(Some(Err(_))) => {
                return Err(line(StatusCode::BAD_REQUEST, "the request body ended early"));
            }
            Err(_) => return Err(too_slow(settings, until < deadline)),
        }
    }
}

/// Contiguous buffer of a body that arrives.
///
/// A list of frames would be cheaper to fill, but a client that sends one byte per frame could make
/// it take many times the memory that is charged.
struct GrowingBuffer {
    bytes: Vec<u8>,
    charge: Charge,
    max_capacity: usize,
}

impl GrowingBuffer {
    fn extend(&mut self, part: &[u8], memory: &CallMemory) -> Result<(), Error> {
        let needed = self.bytes.len() + part.len();
        if needed > self.bytes.capacity() {
            let grown = needed.max(GROWTH * self.bytes.capacity()).max(MIN_GROWTH);
            let capacity = grown.min(self.max_capacity.max(needed));
            // The allocator often extends a buffer in place. Where it copies, old and new exist side by
            // side, so both are charged.
            let charge = memory.charge(capacity)?;
            self.bytes.reserve_exact(capacity - self.bytes.len());
            self.charge = charge;
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }
}

async fn drain(body: &mut Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn too_large(settings: &ServerSettings) -> Response {
    let text = format!("the request has more than {}: send fewer payloads", settings.body);
    let text = settings.name_remedies(&text, &[Remedy::ServerBody]);
    line(StatusCode::PAYLOAD_TOO_LARGE, &text)
}

fn too_slow(settings: &ServerSettings, is_below_rate: bool) -> Response {
    if is_below_rate {
        let text = "the request body arrived at less than 1 KiB a second";
        return line(StatusCode::REQUEST_TIMEOUT, text);
    }
    let text = "the request body did not arrive in time";
    line(StatusCode::REQUEST_TIMEOUT, &settings.name_remedies(text, &[Remedy::ServerTime]))
}

fn no_memory(pipeline: &Pipeline, budget: &MemoryBudget) -> Response {
    let text = format!(
        "requests hold {} of memory, and none was released in time: retry later, or raise the limit",
        budget.process_bytes()
    );
    let error = Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::ProcessBytes]);
    unavailable(&pipeline.name_remedies(error).to_string())
}
