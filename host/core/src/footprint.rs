//! What a payload takes in memory, its maps and lists included.

use std::mem::size_of;

use crate::Payload;

/// The node of a map that has an entry at all: room for eleven, whatever it holds.
const NODE: usize = 640;

/// Memory of one metadata entry besides its bytes: its part of nodes that are half full, and two
/// allocations.
const ENTRY: usize = 200;

/// Memory of the place that a payload takes in lists. One that grows is copied into one of twice
/// the size, and both are there for a moment.
const PLACE: usize = 3 * size_of::<Payload>();

impl Payload {
    /// Returns how many bytes of memory the payload takes: its body, and what is around it.
    pub fn footprint(&self) -> usize {
        self.data.len().saturating_add(self.footprint_around())
    }

    /// Returns how many bytes of memory a clone takes, which shares the body.
    pub fn footprint_around(&self) -> usize {
        let entries =
            self.metadata.iter().map(|(name, value)| Self::entry(name.len(), value.len()));
        let lists = self.unknown.len() + 3 * size_of::<i64>() * self.external_sizes.len();
        Self::EMPTY + Self::map(self.metadata.len()) + lists + entries.sum::<usize>()
    }

    /// Memory that a payload takes that holds nothing.
    pub const EMPTY: usize = PLACE;

    /// Returns the memory of a map of `entries` metadata entries, besides [`Payload::entry`].
    pub const fn map(entries: usize) -> usize {
        if entries == 0 { 0 } else { NODE }
    }

    /// Returns the memory of a metadata entry with so long a name and value.
    pub const fn entry(name: usize, value: usize) -> usize {
        ENTRY + name + value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metadata;

    #[test]
    fn what_is_around_a_body_counts_too() {
        let payload = Payload::new("json/plain", vec![0; 1000]);
        assert!((1000 + NODE..1000 + NODE + 600).contains(&payload.footprint()));
        assert_eq!(payload.footprint() - payload.footprint_around(), 1000);
        let entries = (0..1000u32).map(|n| (n.to_string(), bytes::Bytes::new()));
        let metadata: Metadata = entries.collect();
        let many = Payload { metadata, ..Payload::default() };
        // A node has 11 entries of 56 bytes, and may be half full.
        assert!(many.footprint() > 1000 * 2 * 56);
    }
}
