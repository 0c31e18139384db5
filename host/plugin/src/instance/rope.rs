//! Bytes in pieces, behind a `buffer` of the contract.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Envelope, Object};
use smallvec::{SmallVec, smallvec};

use super::held_memory::SharedReservation;
use crate::grants::object_body::ObjectBody;

/// Immutable bytes in one or more pieces. Slicing copies nothing, and an envelope shares the body of its
/// payload: they are copied into one piece only where somebody needs one.
#[derive(Clone, Default)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Rope {
    // Room for the parts of an envelope: most ropes are no longer, and need no list on the heap.
    parts: SmallVec<[Bytes; 3]>,
    /// Reservation of the memory of each part.
    reservations: SmallVec<[SharedReservation; 3]>,
    len: usize,
    /// SHA-256 of all bytes, if the host knew it before the guest asked.
    sha256: Option<[u8; 32]>,
}

impl Rope {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        self.sha256
    }

    /// Returns a rope of one part.
    pub(crate) fn piece(part: Bytes, reservation: SharedReservation) -> Self {
        let mut rope = Self::default();
        rope.push(part, reservation);
        rope
    }

    /// Returns the bytes of an envelope. `own` reserves what was made for it, and `body` what it shares.
    pub(crate) fn envelope(
        envelope: Envelope,
        own: SharedReservation,
        body: SharedReservation,
    ) -> Self {
        let mut rope = Self::default();
        rope.push(envelope.head, own.clone());
        rope.push(envelope.body, body);
        rope.push(envelope.tail, own);
        rope
    }

    pub(crate) fn push(&mut self, part: Bytes, reservation: SharedReservation) {
        if !part.is_empty() {
            self.sha256 = None;
            self.len += part.len();
            self.parts.push(part);
            self.reservations.push(reservation);
        }
    }

    /// Returns whether the bytes are in several pieces, so that joining them takes a copy.
    pub(crate) fn is_split(&self) -> bool {
        self.parts.len() > 1
    }

    /// Copies all bytes into one piece, which `reservation` is for, and drops the pieces.
    pub(crate) fn join(&mut self, reservation: SharedReservation) {
        let mut whole = BytesMut::with_capacity(self.len);
        for part in &self.parts {
            whole.extend_from_slice(part);
        }
        (self.parts, self.reservations) = (smallvec![whole.freeze()], smallvec![reservation]);
    }

    /// Returns the bytes of a rope that is not split, and their reservation.
    pub(crate) fn into_piece(mut self) -> (Bytes, SharedReservation) {
        debug_assert!(!self.is_split(), "joined before");
        (self.parts.pop().unwrap_or_default(), self.reservations.pop().unwrap_or_default())
    }

    /// Returns at most `count` bytes from `offset` on. Both come from a guest, so any value is possible.
    pub(crate) fn slice(&self, offset: u64, count: u64) -> Self {
        // Saturating: beyond the end is the same as at the end, and nothing can overflow.
        let mut skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        let mut cut = Self::default();
        for (part, reservation) in self.parts.iter().zip(&self.reservations) {
            if left == 0 {
                break;
            }
            let start = skip.min(part.len());
            let end = start + left.min(part.len() - start);
            skip -= start;
            left -= end - start;
            cut.push(part.slice(start..end), reservation.clone());
        }
        cut
    }

    /// Returns a copy of all bytes.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len);
        for part in &self.parts {
            out.extend_from_slice(part);
        }
        out
    }
}

impl<'a> From<&'a Rope> for ObjectBody<'a> {
    fn from(rope: &'a Rope) -> Self {
        Self { parts: &rope.parts, len: rope.len, sha256: rope.sha256 }
    }
}

impl From<Object> for Rope {
    fn from(object: Object) -> Self {
        // No reservation: the object is the call's input, which its caller has charged.
        let none = SharedReservation::default;
        let rope = Self::envelope(object.envelope().clone(), none(), none());
        Self { sha256: Some(*object.sha256()), ..rope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::held_memory::HeldMemory;

    fn rope() -> Rope {
        let mut rope = Rope::default();
        for part in ["abc", "", "defg", "h"] {
            rope.push(Bytes::from_static(part.as_bytes()), SharedReservation::default());
        }
        rope
    }

    #[test]
    fn slices_like_one_piece() {
        let whole = b"abcdefgh";
        for offset in 0..10 {
            for count in 0..10 {
                let end = (offset + count).min(whole.len());
                let expect = whole.get(offset..end).unwrap_or_default();
                let slice = rope().slice(offset as u64, count as u64);
                assert_eq!(slice.len(), expect.len());
                assert_eq!(slice.to_vec(), expect);
                assert_eq!(whole_of(slice), expect);
            }
        }
    }

    #[test]
    fn survives_any_offset_and_count() {
        assert_eq!(rope().slice(u64::MAX, u64::MAX).to_vec(), b"");
        assert_eq!(whole_of(rope().slice(1, u64::MAX)), "bcdefgh");
    }

    fn whole_of(mut rope: Rope) -> Bytes {
        rope.join(SharedReservation::default());
        rope.into_piece().0
    }

    #[test]
    fn pieces_are_held_while_a_slice_shares_them() {
        let held = HeldMemory::new(100, 0, None);
        let piece = |text: &'static str| {
            (
                Bytes::from_static(text.as_bytes()),
                SharedReservation::from(held.reserve(text.len()).unwrap()),
            )
        };
        let (mut rope, (part, reservation)) = (Rope::default(), piece("abcd"));
        rope.push(part, reservation);
        let (part, reservation) = piece("efg");
        rope.push(part, reservation);
        let slice = rope.slice(1, 1);
        rope.join(held.reserve(7).unwrap().into());
        assert_eq!(held.used(), 4 + 7, "the slice shares the first piece");
        drop(slice);
        assert_eq!(held.used(), 7);
        assert_eq!(rope.into_piece().0, "abcdefg");
        assert_eq!(held.used(), 0);
    }
}
