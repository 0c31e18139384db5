//! Buffer that grows piece by piece, behind a `writer` of the contract.

use bytes::Bytes;

use super::{
    fault::Fault,
    held_memory::{HeldMemory, Reservation},
    rope::Rope,
};

/// Buffer that grows. It is one piece, as its reader will need it: the allocator grows large pieces
/// without copying them.
pub(crate) struct BufferWriter {
    bytes: Vec<u8>,
    reservation: Reservation,
}

impl BufferWriter {
    pub(crate) fn new(held: &HeldMemory) -> Result<Self, Fault> {
        Ok(Self { bytes: Vec::new(), reservation: held.reserve(0)? })
    }

    /// Makes room for `more` bytes. The buffer grows by half, or by just what is needed if half is too
    /// much.
    ///
    /// # Errors
    /// `Limit(Held)` if the call may not hold so much. Growing may copy, so the old and the new room are
    /// reserved meanwhile.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), Fault> {
        let (length, before) = (self.bytes.len(), self.bytes.capacity());
        let needed = length.saturating_add(more);
        if needed <= before {
            return Ok(());
        }
        let wanted = needed.max(before + before / 2);
        let room = match self.reservation.grow(wanted) {
            Ok(()) => wanted,
            Err(_) if needed < wanted => {
                self.reservation.grow(needed)?;
                needed
            }
            Err(fault) => return Err(fault),
        };
        self.bytes.reserve_exact(room - length);
        self.reservation.shrink(before);
        Ok(())
    }

    /// Appends bytes for which there is room.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the bytes that were written, and releases the rest of the room.
    pub(crate) fn finish(mut self) -> Rope {
        // Up to a third of the room is unused, and would be held for as long as the buffer lives.
        self.bytes.shrink_to_fit();
        self.reservation.shrink_to(self.bytes.capacity());
        Rope::piece(Bytes::from(self.bytes), self.reservation.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserves_its_room_and_in_the_end_its_length() {
        let held = HeldMemory::new(300, 0, None);
        let mut writer = BufferWriter::new(&held).unwrap();
        for _ in 0..10 {
            writer.reserve(10).unwrap();
            writer.push(&[7; 10]);
            assert_eq!(held.used(), writer.bytes.capacity());
        }
        let rope = writer.finish();
        assert_eq!((rope.len(), held.used()), (100, 100));
        drop(rope);
        assert_eq!(held.used(), 0);
    }

    #[test]
    fn grows_by_what_is_needed_if_half_is_too_much() {
        let held = HeldMemory::new(210, 0, None);
        let mut writer = BufferWriter::new(&held).unwrap();
        writer.reserve(100).unwrap();
        writer.push(&[7; 100]);
        writer.reserve(10).unwrap();
        writer.push(&[7; 10]);
        assert_eq!((writer.bytes.capacity(), held.used()), (110, 110));
        assert!(writer.reserve(1).is_err());
        assert_eq!(writer.finish().len(), 110);
        assert_eq!(held.used(), 0);
    }
}
