//! Bytes in pieces: what a `buffer` of the contract is.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Envelope, Object};

use crate::instance::held_memory::Hold;

/// Immutable bytes in one or more pieces, so that what was put together is not copied together
/// before it must be.
#[derive(Clone, Default)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Rope {
    parts: Vec<Bytes>,
    /// Counts of the memory of each part.
    holds: Vec<Hold>,
    len: usize,
    /// Of all bytes, where the host knew it before it was asked.
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
    pub(crate) fn piece(part: Bytes, hold: Hold) -> Self {
        let mut rope = Self::default();
        rope.push(part, hold);
        rope
    }

    /// Returns an envelope: `own` counts what was made for it, and `body` what it shares.
    pub(crate) fn envelope(envelope: Envelope, own: Hold, body: Hold) -> Self {
        let mut rope =
            Self { parts: Vec::with_capacity(3), holds: Vec::with_capacity(3), ..Self::default() };
        rope.push(envelope.head, own.clone());
        rope.push(envelope.body, body);
        rope.push(envelope.tail, own);
        rope
    }

    pub(crate) fn push(&mut self, part: Bytes, hold: Hold) {
        if !part.is_empty() {
            self.sha256 = None;
            self.len += part.len();
            self.parts.push(part);
            self.holds.push(hold);
        }
    }

    /// Returns whether the bytes are in several pieces, so that having them in one takes a copy.
    pub(crate) fn is_split(&self) -> bool {
        self.parts.len() > 1
    }

    /// Puts all bytes into one piece, counted by `hold`, and lets go of the pieces.
    pub(crate) fn join(&mut self, hold: Hold) {
        let mut whole = BytesMut::with_capacity(self.len);
        for part in &self.parts {
            whole.extend_from_slice(part);
        }
        (self.parts, self.holds) = (vec![whole.freeze()], vec![hold]);
    }

    /// Returns the bytes of a rope that is not split, and what counts them.
    pub(crate) fn into_piece(mut self) -> (Bytes, Hold) {
        debug_assert!(!self.is_split(), "joined before");
        (self.parts.pop().unwrap_or_default(), self.holds.pop().unwrap_or_default())
    }

    /// At most `count` bytes from `offset` on. Both come from a guest: any value is possible.
    pub(crate) fn slice(&self, offset: u64, count: u64) -> Self {
        let mut skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        let mut cut = Self::default();
        for (part, hold) in self.parts.iter().zip(&self.holds) {
            if left == 0 {
                break;
            }
            let start = skip.min(part.len());
            let end = start + left.min(part.len() - start);
            skip -= start;
            left -= end - start;
            cut.push(part.slice(start..end), hold.clone());
        }
        cut
    }

    /// Returns all bytes, copied out.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len);
        for part in &self.parts {
            out.extend_from_slice(part);
        }
        out
    }
}

impl From<Object> for Rope {
    /// The object is the call's input, which is counted already.
    fn from(object: Object) -> Self {
        let rope = Self::envelope(object.envelope().clone(), Hold::default(), Hold::default());
        Self { sha256: Some(*object.sha256()), ..rope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::held_memory::Held;

    fn rope() -> Rope {
        let mut rope = Rope::default();
        for part in ["abc", "", "defg", "h"] {
            rope.push(Bytes::from_static(part.as_bytes()), Hold::default());
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
        rope.join(Hold::default());
        rope.into_piece().0
    }

    #[test]
    fn pieces_are_counted_while_somebody_shares_them_and_not_once_joined() {
        let held = Held::new(100, 0, None);
        let piece = |text: &'static str| {
            (Bytes::from_static(text.as_bytes()), Hold::from(held.count(text.len()).unwrap()))
        };
        let (mut rope, (part, hold)) = (Rope::default(), piece("abcd"));
        rope.push(part, hold);
        let (part, hold) = piece("efg");
        rope.push(part, hold);
        let slice = rope.slice(1, 1);
        rope.join(held.count(7).unwrap().into());
        assert_eq!(held.used(), 4 + 7, "the slice shares the first piece");
        drop(slice);
        assert_eq!(held.used(), 7);
        assert_eq!(rope.into_piece().0, "abcdefg");
        assert_eq!(held.used(), 0);
    }
}
