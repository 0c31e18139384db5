//! Bytes that grow piece by piece: what a `writer` of the contract is.

use bytes::Bytes;

use crate::instance::{
    fault::Fault,
    held_memory::{Count, Held},
    rope::Rope,
};

/// One piece that grows. In the end it must be one, and large ones grow without being copied.
pub(crate) struct Draft {
    bytes: Vec<u8>,
    count: Count,
}

impl Draft {
    pub(crate) fn new(held: &Held) -> Result<Self, Fault> {
        Ok(Self { bytes: Vec::new(), count: held.count(0)? })
    }

    /// Makes room for `more` bytes. It grows by half, or by what is needed where half is too much.
    ///
    /// # Errors
    /// If the call may not hold so much. While it grows, the old and the new room are counted.
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), Fault> {
        let (length, before) = (self.bytes.len(), self.bytes.capacity());
        let needed = length.saturating_add(more);
        if needed <= before {
            return Ok(());
        }
        let wanted = needed.max(before + before / 2);
        let room = match self.count.grow(wanted) {
            Ok(()) => wanted,
            Err(_) if needed < wanted => {
                self.count.grow(needed)?;
                needed
            }
            Err(fault) => return Err(fault),
        };
        self.bytes.reserve_exact(room - length);
        self.count.shrink(before);
        Ok(())
    }

    /// Appends bytes that there is room for.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns what was written, without the room that is left.
    pub(crate) fn finish(mut self) -> Rope {
        self.bytes.shrink_to_fit();
        self.count.shrink_to(self.bytes.capacity());
        Rope::piece(Bytes::from(self.bytes), self.count.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_counted_by_its_room_and_in_the_end_by_its_length() {
        let held = Held::new(300, 0, None);
        let mut draft = Draft::new(&held).unwrap();
        for _ in 0..10 {
            draft.reserve(10).unwrap();
            draft.push(&[7; 10]);
            assert_eq!(held.used(), draft.bytes.capacity());
        }
        let rope = draft.finish();
        assert_eq!((rope.len(), held.used()), (100, 100));
        drop(rope);
        assert_eq!(held.used(), 0);
    }

    #[test]
    fn takes_what_is_needed_where_half_as_much_again_is_too_much() {
        let held = Held::new(210, 0, None);
        let mut draft = Draft::new(&held).unwrap();
        draft.reserve(100).unwrap();
        draft.push(&[7; 100]);
        draft.reserve(10).unwrap();
        draft.push(&[7; 10]);
        assert_eq!((draft.bytes.capacity(), held.used()), (110, 110));
        assert!(draft.reserve(1).is_err());
        assert_eq!(draft.finish().len(), 110);
        assert_eq!(held.used(), 0);
    }
}
