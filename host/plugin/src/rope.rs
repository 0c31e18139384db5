//! Bytes in pieces: what a `buffer` of the contract is.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Envelope, Object};

/// Immutable bytes in one or more pieces, so that what was put together is not copied together
/// before it must be.
#[derive(Clone, Default)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Rope {
    parts: Vec<Bytes>,
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

    pub(crate) fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.sha256 = None;
            self.len += part.len();
            self.parts.push(part);
        }
    }

    /// At most `count` bytes from `offset` on. Both come from a guest: any value is possible.
    pub(crate) fn slice(&self, offset: u64, count: u64) -> Self {
        let mut skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        let mut cut = Self::default();
        for part in &self.parts {
            if left == 0 {
                break;
            }
            let start = skip.min(part.len());
            let end = start + left.min(part.len() - start);
            skip -= start;
            left -= end - start;
            cut.push(part.slice(start..end));
        }
        cut
    }

    /// What `slice` gives, copied out.
    pub(crate) fn read(&self, offset: u64, count: u32) -> Vec<u8> {
        let cut = self.slice(offset, count.into());
        let mut out = Vec::with_capacity(cut.len);
        for part in &cut.parts {
            out.extend_from_slice(part);
        }
        out
    }

    /// All bytes in one piece. Copies only if there are several.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        if self.parts.len() < 2 {
            return self.parts.pop().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(self.len);
        for part in &self.parts {
            whole.extend_from_slice(part);
        }
        whole.freeze()
    }
}

impl From<Bytes> for Rope {
    fn from(bytes: Bytes) -> Self {
        let mut rope = Self::default();
        rope.push(bytes);
        rope
    }
}

impl From<Envelope> for Rope {
    fn from(Envelope { head, body, tail }: Envelope) -> Self {
        let mut rope = Self { parts: Vec::with_capacity(3), ..Self::default() };
        rope.push(head);
        rope.push(body);
        rope.push(tail);
        rope
    }
}

impl From<Object> for Rope {
    fn from(object: Object) -> Self {
        Self { sha256: Some(*object.sha256()), ..object.envelope().clone().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rope() -> Rope {
        let mut rope = Rope::default();
        for part in ["abc", "", "defg", "h"] {
            rope.push(Bytes::from_static(part.as_bytes()));
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
                assert_eq!(rope().read(offset as u64, count as u32), expect);
                let slice = rope().slice(offset as u64, count as u64);
                assert_eq!(slice.len(), expect.len());
                assert_eq!(slice.into_bytes(), expect);
            }
        }
    }

    #[test]
    fn survives_any_offset_and_count() {
        assert_eq!(rope().read(u64::MAX, u32::MAX), b"");
        assert_eq!(rope().slice(1, u64::MAX).into_bytes(), "bcdefgh");
    }

    #[test]
    fn does_not_copy_one_piece() {
        let bytes = Bytes::from(vec![1; 64]);
        let place = bytes.as_ptr();
        assert_eq!(Rope::from(bytes).into_bytes().as_ptr(), place);
    }
}
