//! Canaries: plaintext whose appearance elsewhere is no coincidence.

use std::collections::BTreeSet;

/// Consecutive bytes of a canary whose appearance elsewhere is no coincidence.
const WINDOW: usize = 12;

/// Canaries, and the parts by which they are recognised.
pub(crate) struct Canaries<'a>(BTreeSet<&'a [u8]>);

impl<'a> Canaries<'a> {
    /// Returns the canaries of these plaintexts.
    pub(crate) fn new(plaintexts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(plaintexts.into_iter().flat_map(|text| text.windows(WINDOW)).collect())
    }

    /// Returns whether a part of a canary is in these bytes.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(WINDOW).any(|part| self.0.contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_recognised() {
        let canaries = Canaries::new([&b"the secret of the coat"[..]]);
        assert!(canaries.are_in(b"xx secret of the co"));
        assert!(!canaries.are_in(b"xx secret of xx the coat"));
        assert!(!canaries.are_in(b""));
    }
}
