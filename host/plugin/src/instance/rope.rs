//! Bytes in pieces, behind a `buffer` of the contract.

use std::{mem, ops::Range, slice};

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Envelope, Object};
use smallvec::SmallVec;

use super::held_memory::SharedReservation;
use crate::grants::object_body::ObjectBody;

/// Immutable bytes in one or more pieces. Slicing copies nothing, and an envelope shares the body of its
/// payload: they are copied into one piece only where somebody needs one.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Rope(Pieces);

/// Pieces of a rope. Most ropes are one piece, or the head and the body of an envelope: the rest is on the
/// heap, so that a handle is small to move.
#[derive(Clone)]
enum Pieces {
    One { part: Bytes, reservation: SharedReservation },
    Two { parts: [Bytes; 2], reservations: [SharedReservation; 2] },
    List(Box<List>),
}

#[derive(Clone, Default)]
struct List {
    // Room for the parts of an envelope: most lists are no longer, and need no other on the heap.
    parts: SmallVec<[Bytes; 3]>,
    /// Reservation of the memory of each part.
    reservations: SmallVec<[SharedReservation; 3]>,
    len: usize,
    /// SHA-256 of all bytes, if the host knew it before the guest asked.
    sha256: Option<[u8; 32]>,
}

impl Rope {
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            Pieces::One { part, .. } => part.len(),
            Pieces::Two { parts: [head, body], .. } => head.len() + body.len(),
            Pieces::List(list) => list.len,
        }
    }

    pub(crate) fn parts(&self) -> &[Bytes] {
        match &self.0 {
            Pieces::One { part, .. } if part.is_empty() => &[],
            Pieces::One { part, .. } => slice::from_ref(part),
            Pieces::Two { parts, .. } => parts,
            Pieces::List(list) => &list.parts,
        }
    }

    fn reservations(&self) -> &[SharedReservation] {
        match &self.0 {
            Pieces::One { reservation, .. } => slice::from_ref(reservation),
            Pieces::Two { reservations, .. } => reservations,
            Pieces::List(list) => &list.reservations,
        }
    }

    pub(crate) fn sha256(&self) -> Option<[u8; 32]> {
        match &self.0 {
            Pieces::One { .. } | Pieces::Two { .. } => None,
            Pieces::List(list) => list.sha256,
        }
    }

    /// Returns a rope of one part.
    pub(crate) fn piece(part: Bytes, reservation: SharedReservation) -> Self {
        Self(Pieces::One { part, reservation })
    }

    /// Returns the bytes of an envelope. `own` reserves what was made for it, and `body` what it shares.
    pub(crate) fn envelope(
        envelope: Envelope,
        own: SharedReservation,
        body: SharedReservation,
    ) -> Self {
        let Envelope { head, body: contents, tail } = envelope;
        if head.is_empty() || contents.is_empty() || !tail.is_empty() {
            return Self(Pieces::List(List::envelope([head, contents, tail], own, body).into()));
        }
        Self(Pieces::Two { parts: [head, contents], reservations: [own, body] })
    }

    /// Returns the bytes and their reservation, if they are in one piece.
    pub(crate) fn whole(&self) -> Option<(Bytes, SharedReservation)> {
        match (self.parts(), self.reservations()) {
            ([], _) => Some(Default::default()),
            ([part], [reservation]) => Some((part.clone(), reservation.clone())),
            _ => None,
        }
    }

    /// Copies all bytes into one piece, which `reservation` is for, and drops the pieces. Returns that piece.
    pub(crate) fn join(&mut self, reservation: SharedReservation) -> (Bytes, SharedReservation) {
        let mut whole = BytesMut::with_capacity(self.len());
        for part in self.parts() {
            whole.extend_from_slice(part);
        }
        let whole = whole.freeze();
        *self = Self::piece(whole.clone(), reservation.clone());
        (whole, reservation)
    }

    /// Returns the place of at most `count` bytes from `offset` on. Both come from a guest, so any value is
    /// possible.
    pub(crate) fn range(&self, offset: u64, count: u64) -> Range<usize> {
        // Saturating: beyond the end is the same as at the end, and nothing can overflow.
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let start = number(offset).min(self.len());
        start..start.saturating_add(number(count)).min(self.len())
    }

    /// Returns bytes as a rope of their own, which shares them.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let mut cut = Self::default();
        for (part, reservation, own) in self.within(range) {
            cut.push(part.slice(own), reservation.clone());
        }
        cut
    }

    /// Returns a copy of bytes.
    pub(crate) fn copy(&self, range: Range<usize>) -> Vec<u8> {
        let mut out = Vec::with_capacity(range.len());
        for (part, _, own) in self.within(range) {
            out.extend_from_slice(part.get(own).unwrap_or_default());
        }
        out
    }

    /// Returns the parts that have bytes of `range`, each with the place of these in it.
    fn within(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (&Bytes, &SharedReservation, Range<usize>)> {
        let mut before = 0;
        self.parts().iter().zip(self.reservations()).filter_map(move |(part, reservation)| {
            let place = |at: usize| at.saturating_sub(before).min(part.len());
            let own = place(range.start)..place(range.end);
            before += part.len();
            (!own.is_empty()).then_some((part, reservation, own))
        })
    }

    fn push(&mut self, part: Bytes, reservation: SharedReservation) {
        match &mut self.0 {
            _ if part.is_empty() => {}
            Pieces::One { part: only, .. } if only.is_empty() => {
                *self = Self::piece(part, reservation);
            }
            Pieces::One { part: first, reservation: its } => {
                let parts = [mem::take(first), part];
                self.0 = Pieces::Two { parts, reservations: [mem::take(its), reservation] };
            }
            Pieces::Two { parts, reservations } => {
                let mut list = Box::<List>::default();
                for (part, its) in mem::take(parts).into_iter().zip(mem::take(reservations)) {
                    list.push(part, its);
                }
                list.push(part, reservation);
                self.0 = Pieces::List(list);
            }
            Pieces::List(list) => list.push(part, reservation),
        }
    }
}

impl Default for Rope {
    fn default() -> Self {
        Self::piece(Bytes::new(), SharedReservation::default())
    }
}

impl List {
    fn envelope(parts: [Bytes; 3], own: SharedReservation, body: SharedReservation) -> Self {
        let mut list = Self::default();
        for (part, reservation) in parts.into_iter().zip([own.clone(), body, own]) {
            list.push(part, reservation);
        }
        list
    }

    fn push(&mut self, part: Bytes, reservation: SharedReservation) {
        if !part.is_empty() {
            self.len += part.len();
            self.parts.push(part);
            self.reservations.push(reservation);
        }
    }
}

impl<'a> From<&'a Rope> for ObjectBody<'a> {
    fn from(rope: &'a Rope) -> Self {
        Self { parts: rope.parts(), len: rope.len(), sha256: rope.sha256() }
    }
}

impl From<Object> for Rope {
    fn from(object: Object) -> Self {
        // No reservation: the object is the call's input, which its caller has charged.
        let none = SharedReservation::default;
        let Envelope { head, body, tail } = object.envelope().clone();
        let list = List::envelope([head, body, tail], none(), none());
        Self(Pieces::List(Box::new(List { sha256: Some(*object.sha256()), ..list })))
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
                let range = rope().range(offset as u64, count as u64);
                let slice = rope().slice(range.clone());
                assert_eq!(slice.len(), expect.len());
                assert_eq!(slice.copy(0..slice.len()), expect);
                assert_eq!(rope().copy(range), expect);
                assert_eq!(whole_of(slice), expect);
            }
        }
    }

    #[test]
    fn survives_any_offset_and_count() {
        assert_eq!(rope().range(u64::MAX, u64::MAX), 8..8);
        assert_eq!(rope().copy(rope().range(1, u64::MAX)), b"bcdefgh");
        assert_eq!(rope().slice(20..30).len(), 0);
        assert_eq!(rope().copy(6..30), b"gh");
    }

    fn whole_of(mut rope: Rope) -> Bytes {
        rope.join(SharedReservation::default()).0
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
        let slice = rope.slice(1..2);
        rope.join(held.reserve(7).unwrap().into());
        assert_eq!(held.used(), 4 + 7, "the slice shares the first piece");
        drop(slice);
        assert_eq!(held.used(), 7);
        assert_eq!(rope.whole().unwrap().0, "abcdefg");
        drop(rope);
        assert_eq!(held.used(), 0);
    }
}
