//! Comparison of two sequences of bytes that are both in pieces.

use bytes::Bytes;

/// Compares bytes that are read piece by piece with expected bytes.
#[derive(Debug)]
pub struct Comparison<'a> {
    parts: std::slice::Iter<'a, Bytes>,
    rest: &'a [u8],
}

impl<'a> Comparison<'a> {
    /// Returns a comparison with these bytes, in pieces of any size.
    #[must_use]
    pub fn new(parts: &'a [Bytes]) -> Self {
        Self { parts: parts.iter(), rest: &[] }
    }

    /// Returns whether the next bytes are equal to the next expected bytes.
    #[must_use]
    pub fn takes(&mut self, mut piece: &[u8]) -> bool {
        while !piece.is_empty() {
            if self.rest.is_empty() {
                match self.parts.next() {
                    Some(part) => self.rest = part,
                    None => return false,
                }
            }
            let count = piece.len().min(self.rest.len());
            let ((read, after), (expected, rest)) =
                (piece.split_at(count), self.rest.split_at(count));
            if read != expected {
                return false;
            }
            (piece, self.rest) = (after, rest);
        }
        true
    }

    /// Returns whether all expected bytes were read.
    #[must_use]
    pub fn is_complete(mut self) -> bool {
        self.rest.is_empty() && self.parts.all(Bytes::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_equal(read: &[&str], expected: &[&'static str]) -> bool {
        let expected: Vec<_> =
            expected.iter().map(|part| Bytes::from_static(part.as_bytes())).collect();
        let mut comparison = Comparison::new(&expected);
        read.iter().all(|piece| comparison.takes(piece.as_bytes())) && comparison.is_complete()
    }

    #[test]
    fn equal_means_all_bytes_whatever_the_pieces() {
        for read in [&["abcdef"][..], &["a", "", "bcde", "f"], &["abc", "def"]] {
            assert!(is_equal(read, &["ab", "", "cdef", ""]), "{read:?}");
        }
        assert!(is_equal(&[], &[]) && is_equal(&[""], &["", ""]));
    }

    #[test]
    fn one_byte_more_less_or_other_is_not_equal() {
        for read in [&["abcde"][..], &["abcdefg"], &["abcdeF"], &["Abcdef"], &["abcdef", "g"], &[]]
        {
            assert!(!is_equal(read, &["ab", "cdef"]), "{read:?}");
        }
        assert!(!is_equal(&["a"], &[]));
    }
}
