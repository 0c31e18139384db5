//! One message of a body, joined from the parts in which it arrives.

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge};

use super::body::PREFIX;
use crate::status::{Code, Status};

/// First capacity for a message that arrives in parts, and the least by which the capacity grows.
const MIN_GROWTH: usize = 8 << 10;

/// Of a message of a stranger, one part in so many has arrived when memory for all of it is taken.
const TRUSTED: usize = 8;

/// Parts of a body, joined as they arrive.
pub(super) struct Buffer {
    parts: Parts,
    charge: Charge,
    max: ByteSize,
    /// One part in so many of a message has arrived when memory for all of it is taken.
    trusted: usize,
}

enum Parts {
    /// The first part, which mostly is the whole body. It is not copied.
    Whole(Bytes),
    Joined(Vec<u8>),
}

impl Buffer {
    /// Returns a buffer for a message of at most `max` bytes.
    pub(super) fn new(max: ByteSize, memory: &CallMemory) -> Self {
        Self { parts: Parts::Whole(Bytes::new()), charge: memory.nothing(), max, trusted: TRUSTED }
    }

    /// Returns a buffer that takes the memory of all of a message when its second part arrives: for a server
    /// that is trusted not to announce what it does not send.
    pub(super) fn trusting(max: ByteSize, memory: &CallMemory) -> Self {
        Self { trusted: usize::MAX, ..Self::new(max, memory) }
    }

    /// Returns what has arrived.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.parts {
            Parts::Whole(bytes) => bytes,
            Parts::Joined(bytes) => bytes,
        }
    }

    /// Appends a part. A part that is refused changes nothing, unless the message is.
    ///
    /// A list of parts would be cheaper to fill, but a caller that sends one byte in each frame could
    /// make it take many times the memory that is counted.
    pub(super) fn push(&mut self, part: Bytes, memory: &CallMemory) -> Result<(), Status> {
        if part.is_empty() {
            return Ok(());
        }
        let status = |error| Status::from_error(&error);
        let is_first = self.bytes().is_empty();
        if is_first {
            self.charge = memory.charge(part.len()).map_err(status)?;
            self.parts = Parts::Whole(part);
        } else {
            let needed = self.bytes().len() + part.len();
            // Only who has sent a part gets room for all of it. To double until then would copy it twice.
            let trusted = self.trusted;
            let room = announced(self.bytes()).filter(|length| needed >= length / trusted);
            if let Parts::Whole(first) = &self.parts {
                let mut joined = Vec::new();
                self.charge = grow(&mut joined, needed, room, memory, self.max)?;
                joined.extend_from_slice(first);
                self.parts = Parts::Joined(joined);
            }
            if let Parts::Joined(joined) = &mut self.parts {
                if needed > joined.capacity() {
                    // Old and new buffer exist side by side during the copy, so both are charged.
                    let larger = grow(joined, needed, room, memory, self.max)?;
                    self.charge = larger;
                }
                joined.extend_from_slice(&part);
            }
        }
        self.check()
    }

    /// Refuses a message that is too large as soon as its length is known, and a second one.
    fn check(&self) -> Result<(), Status> {
        let Some(length) = announced(self.bytes()) else {
            return Ok(());
        };
        if length > self.max.as_usize() {
            return Err(Status::too_large(&format!(
                "{length} bytes, and the most is {}",
                self.max
            )));
        }
        if self.bytes().len() > PREFIX + length {
            return Err(Status::new(Code::InvalidArgument, "the call has more than one message"));
        }
        Ok(())
    }

    /// Returns whether the message is compressed, and the message, if the body has one.
    pub(super) fn finish(self) -> Result<Option<(bool, Bytes, Charge)>, Status> {
        let bytes = match self.parts {
            Parts::Whole(bytes) => bytes,
            Parts::Joined(bytes) => bytes.into(),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let is_whole = announced(&bytes).is_some_and(|length| bytes.len() == PREFIX + length);
        let flag = bytes.first().copied().unwrap_or_default();
        if !is_whole || flag > 1 {
            return Err(Status::new(Code::InvalidArgument, "the body is not a gRPC message"));
        }
        Ok(Some((flag == 1, bytes.slice(PREFIX..), self.charge)))
    }
}

/// Makes room for `needed` bytes, or for a whole message of `length` bytes. Returns the charge for the new
/// buffer.
fn grow(
    buffer: &mut Vec<u8>,
    needed: usize,
    length: Option<usize>,
    memory: &CallMemory,
    max: ByteSize,
) -> Result<Charge, Status> {
    let grown = length.map_or(2 * buffer.capacity(), |length| length + PREFIX);
    let doubled = needed.max(grown).max(MIN_GROWTH);
    let capacity = doubled.min(max.as_usize() + PREFIX).max(needed);
    let charge = memory.charge(capacity).map_err(|error| Status::from_error(&error))?;
    buffer.reserve_exact(capacity - buffer.len());
    Ok(charge)
}

/// Returns the length in the prefix, once it has arrived.
pub(super) fn announced(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(1..PREFIX)?.try_into().ok()?;
    usize::try_from(u32::from_be_bytes(length)).ok()
}

#[cfg(test)]
mod tests {
    use cloakroom_core::MemoryBudget;

    use super::*;

    /// A message that waits for memory holds its first part alone, and needs no more once it has all.
    #[test]
    fn a_trusted_message_takes_its_memory_at_once() {
        let (budget, length) = (MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(1)), 100 << 10);
        let (memory, other) = (budget.call(), budget.call());
        let mut buffer = Buffer::trusting(ByteSize::mib(1), &memory);
        let begin = [&[0][..], &(length as u32).to_be_bytes(), &[7; 100]].concat();
        buffer.push(begin.into(), &memory).unwrap();
        let held = other.charge(980 << 10).unwrap();
        let part = Bytes::from(vec![7; length - 100]);
        assert_eq!(buffer.push(part.slice(..9000), &memory).unwrap_err().code, Code::Unavailable);
        assert_eq!((buffer.bytes().len(), memory.used()), (PREFIX + 100, PREFIX + 100));
        drop(held);
        buffer.push(part.slice(..9000), &memory).unwrap();
        let all = other.charge((1 << 20) - memory.used()).unwrap();
        buffer.push(part.slice(9000..), &memory).unwrap();
        let (is_compressed, message, charge) = buffer.finish().unwrap().unwrap();
        assert_eq!(
            (is_compressed, message.len(), charge.bytes()),
            (false, length, length + PREFIX)
        );
        drop(all);
    }

    fn collect(parts: &[&[u8]]) -> Result<Option<(bool, Bytes)>, Status> {
        let memory = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(1)).call();
        let max = ByteSize::bytes(10);
        let mut buffer = Buffer::new(max, &memory);
        for part in parts {
            buffer.push(Bytes::copy_from_slice(part), &memory)?;
        }
        Ok(buffer.finish()?.map(|(is_compressed, message, _)| (is_compressed, message)))
    }

    #[test]
    fn a_message_may_come_in_parts() {
        let whole = b"\0\0\0\0\x03abc";
        let expect = Some((false, Bytes::from_static(b"abc")));
        assert_eq!(collect(&[whole]).unwrap(), expect);
        for split in 0..whole.len() {
            let (one, other) = whole.split_at(split);
            assert_eq!(collect(&[one, other]).unwrap(), expect, "{split}");
        }
        assert_eq!(collect(&[]).unwrap(), None);
        assert_eq!(collect(&[b"\x01\0\0\0\0"]).unwrap(), Some((true, Bytes::new())));
    }

    #[test]
    fn anything_else_is_refused() {
        for (wrong, code) in [
            (&b"\0\0\0\0\x0b"[..], Code::ResourceExhausted),
            (b"\0\xff\xff\xff\xff", Code::ResourceExhausted),
            (b"\0\0\0\0\x01ab", Code::InvalidArgument),
            (b"\0\0\0\0\x02a", Code::InvalidArgument),
            (b"\x02\0\0\0\0", Code::InvalidArgument),
            (b"\0\0", Code::InvalidArgument),
        ] {
            assert_eq!(collect(&[wrong]).unwrap_err().code, code, "{wrong:?}");
        }
    }
}
