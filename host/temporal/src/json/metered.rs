//! Reads and writes `Payloads` JSON of untrusted clients, with all memory charged.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Charge, Error, Payload};

use super::{is_empty, parse, read_limits::ReadLimits, write as json_text};

/// Least size of a chunk in bytes. Small payloads share one.
const MIN_CHUNK: usize = 64 << 10;

/// Reads a message like [`super::read_message`], with at most `max_payloads` payloads.
///
/// # Errors
/// Those of [`super::read`] and [`CallMemory::charge`]. `LimitExceeded(Payloads)` if there are more
/// payloads.
pub(crate) fn read_message(
    text: &[u8],
    max_payloads: usize,
    memory: &CallMemory,
) -> Result<(Vec<Payload>, Charge), Error> {
    let limits = ReadLimits::new(max_payloads, memory);
    let payloads = if is_empty(text) { Vec::new() } else { parse::parse(text, &limits)? };
    Ok((payloads, limits.into_charge()))
}

/// Part of a text, with its memory charge.
struct Chunk {
    text: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

/// Writes a message like [`super::write`], in chunks.
///
/// A chunk carries its charge until its last byte was sent, because a slow client keeps it in
/// memory that long. Each payload is dropped once it is written, so that text and payloads do not
/// double the peak.
///
/// # Errors
/// Those of [`CallMemory::charge`].
pub(crate) fn write(payloads: Vec<Payload>, memory: &CallMemory) -> Result<Vec<Bytes>, Error> {
    let total = json_text::FRAME + payloads.iter().map(json_text::max_len).sum::<usize>();
    let mut chunks = Vec::new();
    let mut chunk = new_chunk(total.min(MIN_CHUNK), memory)?;
    chunk.text.extend_from_slice(json_text::HEAD);
    for (slot, payload) in payloads.into_iter().enumerate() {
        let needed = json_text::max_len(&payload) + json_text::TAIL.len();
        if chunk.text.capacity() - chunk.text.len() < needed {
            let next = new_chunk(needed.max(total.min(MIN_CHUNK)), memory)?;
            chunks.push(Bytes::from_owner(std::mem::replace(&mut chunk, next)));
        }
        json_text::payload(&mut chunk.text, slot, &payload)?;
    }
    chunk.text.extend_from_slice(json_text::TAIL);
    chunks.push(Bytes::from_owner(chunk));
    // All payloads are dropped, so their charge is released.
    memory.release_kept(usize::MAX);
    Ok(chunks)
}

fn new_chunk(capacity: usize, memory: &CallMemory) -> Result<Chunk, Error> {
    let charge = memory.charge(capacity)?;
    Ok(Chunk { text: Vec::with_capacity(capacity), _charge: charge })
}

#[cfg(test)]
mod tests {
    use cloakroom_core::{ByteSize, ErrorKind, Limit, MemoryBudget, Remedy};

    use super::*;

    fn budget(call: ByteSize) -> MemoryBudget {
        MemoryBudget::new(call, ByteSize::mib(1024))
    }

    /// Without the limit, 16 MiB of these would be some 5.6 million payloads.
    #[test]
    fn refuses_too_many_payloads_before_they_take_memory() {
        let budget = budget(ByteSize::mib(64));
        let text = format!("{{\"payloads\":[{}{{}}]}}", "{},".repeat(1 << 20));
        let error = read_message(text.as_bytes(), 1000, &budget.call()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payloads));
        assert!(error.to_string().contains("more than 1000 payloads"), "{error}");
        assert_eq!(error.remedies(), [Remedy::MostPayloads]);
        assert!(budget.peak() <= 1000 * Payload::cost_of(0, 0) && budget.used() == 0);
        let exactly = format!("{{\"payloads\":[{}{{}}]}}", "{},".repeat(999));
        let (payloads, charge) = read_message(exactly.as_bytes(), 1000, &budget.call()).unwrap();
        assert_eq!((payloads.len(), charge.bytes()), (1000, 1000 * Payload::cost_of(0, 0)));
    }

    /// Payloads are charged before they are allocated, also those of many small parts.
    #[test]
    fn refuses_a_text_that_expands() {
        let entries: String = (0..200_000).map(|n| format!("\"{n}\":\"\",")).collect();
        let sizes = "{\"sizeBytes\":1},".repeat(200_000);
        for text in [
            format!("{{\"payloads\":[{{\"metadata\":{{{entries}\"x\":\"\"}}}}]}}"),
            format!("{{\"payloads\":[{{\"externalPayloads\":[{sizes}{{\"sizeBytes\":\"2\"}}]}}]}}"),
            format!("{{\"payloads\":[{{\"data\":\"{}\"}}]}}", "A".repeat(3 << 20)),
            format!("{{\"payloads\":[{{\"data\":\"{}\"}}]}}", "\\u0041".repeat(1 << 20)),
        ] {
            let budget = budget(ByteSize::mib(2));
            let error = read_message(text.as_bytes(), 10, &budget.call()).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes), "{error}");
            assert!(budget.peak() <= 2 << 20 && budget.used() == 0);
            let room = self::budget(ByteSize::mib(256));
            assert_eq!(read_message(text.as_bytes(), 10, &room.call()).unwrap().0.len(), 1);
        }
    }

    #[test]
    fn charges_chunks_until_they_are_dropped() {
        let budget = budget(ByteSize::mib(64));
        let call = budget.call();
        let payloads: Vec<_> = [0, 1, 100_000, 3, 65_536, 1 << 20]
            .into_iter()
            .map(|size| Payload::new("binary/plain", vec![size as u8; size]))
            .collect();
        call.charge(payloads.iter().map(Payload::footprint).sum()).unwrap().keep();
        let text = super::super::write(&payloads).unwrap();
        let chunks = write(payloads, &call).unwrap();
        assert!(chunks.len() > 3 && chunks.concat() == text);
        assert!((text.len()..text.len() + (256 << 10)).contains(&budget.used()));
        let last = chunks.last().unwrap().slice(..1);
        drop((chunks, call));
        assert!(budget.used() > 0, "a slice keeps the whole chunk");
        drop(last);
        assert_eq!(budget.used(), 0);
    }
}
