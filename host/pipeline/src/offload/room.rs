//! Threshold of one call whose results have to fit into a message.

use crate::{item::Item, offload::storage::Storage};

/// Size below which a payload is never stored: its reference would be no smaller.
const SMALLEST: usize = 1 << 10;

/// Size of a reference, as an estimate.
const REFERENCE: usize = 512;

impl Storage {
    /// Returns the size from which payloads of this call are stored: the configured one, or a smaller
    /// one if the results would have more than `room` bytes otherwise.
    ///
    /// Largest first, because each object costs a request, and so the fewest objects are stored.
    pub(crate) fn threshold_for(&self, items: &[Item], room: Option<u64>) -> usize {
        let configured = self.threshold.as_usize();
        let Some(room) = room else {
            return configured;
        };
        let sizes = items.iter().filter_map(Item::payload).map(|one| one.payload.encoded_len());
        lower(configured, sizes.collect(), room)
    }
}

fn lower(configured: usize, mut sizes: Vec<usize>, room: u64) -> usize {
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let kept = |size: usize, threshold: usize| if size >= threshold { REFERENCE } else { size };
    let mut total: u64 = sizes.iter().map(|size| kept(*size, configured) as u64).sum();
    let mut threshold = configured;
    for size in sizes.into_iter().filter(|size| (SMALLEST..configured).contains(size)) {
        if total <= room {
            break;
        }
        threshold = size;
        total -= (size - REFERENCE) as u64;
    }
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_the_largest_until_the_rest_fits() {
        let sizes = vec![100, 5_000, 250_000, 9_000, 300_000];
        assert_eq!(lower(262_144, sizes.clone(), 300_000), 262_144);
        assert_eq!(lower(262_144, sizes.clone(), 100_000), 250_000);
        assert_eq!(lower(262_144, sizes.clone(), 10_000), 9_000);
        // References are no smaller than what has less than 1 KiB.
        assert_eq!(lower(262_144, sizes, 0), 5_000);
        assert_eq!(lower(262_144, vec![250_000; 20], 4_000_000), 250_000);
    }
}
