//! Reads and writes `Payloads` JSON of strangers, within bounds.

use bytes::Bytes;
use cloakroom_core::{CallMemory, Charge, Error, Payload};

use super::{is_empty, parse, parse::Bounds, write as text};

/// Bytes of a piece of text that holds small payloads.
const PIECE: usize = 64 << 10;

/// Reads what [`super::read_message`] does, within so many payloads and in this memory. Each
/// payload is counted before it is made.
///
/// # Errors
/// As [`super::read`]; `LimitExceeded(Payloads)`; those of [`CallMemory::charge`].
pub(crate) fn read_message(
    text: &[u8],
    most: usize,
    memory: &CallMemory,
) -> Result<(Vec<Payload>, Charge), Error> {
    let bounds = Bounds::new(most, memory);
    let payloads = if is_empty(text) { Vec::new() } else { parse::parse(text, &bounds)? };
    Ok((payloads, bounds.into_charge()))
}

/// A piece of text that is counted while it is there.
struct Piece {
    text: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

/// Writes what [`super::write`] does, in pieces. Each is counted before it is made, until its last
/// byte was sent, and each payload is dropped once it is written.
///
/// # Errors
/// Those of [`CallMemory::charge`].
pub(crate) fn write(payloads: Vec<Payload>, memory: &CallMemory) -> Result<Vec<Bytes>, Error> {
    let all = text::FRAME + payloads.iter().map(text::most).sum::<usize>();
    let mut pieces = Vec::new();
    let mut piece = begin(all.min(PIECE), memory)?;
    piece.text.extend_from_slice(text::HEAD);
    for (slot, payload) in payloads.into_iter().enumerate() {
        let need = text::most(&payload) + text::TAIL.len();
        if piece.text.capacity() - piece.text.len() < need {
            let next = begin(need.max(all.min(PIECE)), memory)?;
            pieces.push(Bytes::from_owner(std::mem::replace(&mut piece, next)));
        }
        text::payload(&mut piece.text, slot, &payload)?;
    }
    piece.text.extend_from_slice(text::TAIL);
    pieces.push(Bytes::from_owner(piece));
    // The payloads are gone: they were counted until here.
    memory.release_kept(usize::MAX);
    Ok(pieces)
}

fn begin(capacity: usize, memory: &CallMemory) -> Result<Piece, Error> {
    let charge = memory.charge(capacity)?;
    Ok(Piece { text: Vec::with_capacity(capacity), _charge: charge })
}

#[cfg(test)]
mod tests {
    use cloakroom_core::{ByteSize, ErrorKind, Limit, MemoryBudget};

    use super::*;

    fn budget(call: ByteSize) -> MemoryBudget {
        MemoryBudget::new(call, ByteSize::mib(1024))
    }

    /// 16 MiB of these were some 5.6 million payloads before any was refused.
    #[test]
    fn many_empty_payloads_are_refused_by_their_number() {
        let budget = budget(ByteSize::mib(64));
        let text = format!("{{\"payloads\":[{}{{}}]}}", "{},".repeat(1 << 20));
        let error = read_message(text.as_bytes(), 1000, &budget.call()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payloads));
        assert!(error.to_string().contains("more than 1000 payloads (`limits.payloads`)"));
        assert!(budget.peak() <= 1000 * Payload::cost_of(0, 0) && budget.used() == 0);
        let exactly = format!("{{\"payloads\":[{}{{}}]}}", "{},".repeat(999));
        let (payloads, charge) = read_message(exactly.as_bytes(), 1000, &budget.call()).unwrap();
        assert_eq!((payloads.len(), charge.bytes()), (1000, 1000 * Payload::cost_of(0, 0)));
    }

    /// Payloads are counted before they are made, also those of many small parts.
    #[test]
    fn a_text_that_becomes_large_is_refused_on_the_way() {
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
    fn pieces_are_the_text_and_are_counted_until_they_are_dropped() {
        let budget = budget(ByteSize::mib(64));
        let call = budget.call();
        let payloads: Vec<_> = [0, 1, 100_000, 3, 65_536, 1 << 20]
            .into_iter()
            .map(|size| Payload::new("binary/plain", vec![size as u8; size]))
            .collect();
        call.charge(payloads.iter().map(Payload::footprint).sum()).unwrap().keep();
        let text = super::super::write(&payloads).unwrap();
        let pieces = write(payloads, &call).unwrap();
        assert!(pieces.len() > 3 && pieces.concat() == text);
        assert!((text.len()..text.len() + (256 << 10)).contains(&budget.used()));
        let last = pieces.last().unwrap().slice(..1);
        drop((pieces, call));
        assert!(budget.used() > 0, "a slice holds it all");
        drop(last);
        assert_eq!(budget.used(), 0);
    }
}
