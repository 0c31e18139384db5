//! One message of a body, joined from the parts in which it arrives.

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge};

use super::body::PREFIX;
use crate::status::{Code, Status};

/// First capacity for a message that arrives in parts, and the least by which the capacity grows.
const MIN_GROWTH: usize = 8 << 10;

/// One part in so many of a message has arrived when memory for all of it is taken.
const TRUSTED: usize = 8;

/// Parts of a body, joined as they arrive.
pub(super) struct Buffer {
    parts: Parts,
    charge: Charge,
    max: ByteSize,
}

enum Parts {
    /// The first part, which mostly is the whole body. It is not copied.
    Whole(Bytes),
    Joined(Vec<u8>),
}

impl Buffer {
    /// Returns a buffer for a message of at most `max` bytes.
    pub(super) fn new(max: ByteSize, memory: &CallMemory) -> Self {
        Self { parts: Parts::Whole(Bytes::new()), charge: memory.nothing(), max }
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
            let length = announced(self.bytes());
            if let Parts::Whole(first) = &self.parts {
                let mut joined = Vec::new();
                self.charge = grow(&mut joined, needed, length, memory, self.max)?;
                joined.extend_from_slice(first);
                self.parts = Parts::Joined(joined);
            }
            if let Parts::Joined(joined) = &mut self.parts {
                if needed > joined.capacity() {
                    // Old and new buffer exist side by side during the copy, so both are charged.
                    let larger = grow(joined, needed, length, memory, self.max)?;
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

/// Makes room for `needed` bytes, and returns the charge for the new buffer.
fn grow(
    buffer: &mut Vec<u8>,
    needed: usize,
    announced: Option<usize>,
    memory: &CallMemory,
    max: ByteSize,
) -> Result<Charge, Status> {
    let grown = match announced {
        // Only who has sent a part gets room for all of it. To double until then would copy it twice.
        Some(length) if needed >= length / TRUSTED => length + PREFIX,
        _ => 2 * buffer.capacity(),
    };
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
