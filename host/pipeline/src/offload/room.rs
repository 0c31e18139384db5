//! Room for the results of one call, and the thresholds that make them fit.

use std::collections::HashMap;

use cloakroom_core::ByteSize;

use crate::item::Item;

/// Size below which a payload is never stored: its reference would be no smaller.
const SMALLEST: usize = 1 << 10;

/// Size of a reference, as an estimate.
const REFERENCE: usize = 512;

/// Room for the results of one call, for a caller that sends them in one message.
///
/// ```
/// # use cloakroom_core::ByteSize;
/// # use cloakroom_pipeline::Room;
/// // Payloads 0 and 1 are one field of the message.
/// let room = Room::new(4 << 20).with_field(vec![0, 1], 2 << 20).with_threshold(ByteSize::kib(8));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Room {
    all: u64,
    fields: Vec<(Vec<usize>, u64)>,
    threshold: Option<ByteSize>,
}

impl Room {
    /// Returns room for so many bytes of all results together.
    pub fn new(all: u64) -> Self {
        Self { all, fields: Vec::new(), threshold: None }
    }

    /// Limits some results, by their places in the batch, to so many bytes together.
    pub fn with_field(mut self, slots: Vec<usize>, most: u64) -> Self {
        self.fields.push((slots, most));
        self
    }

    /// Stores payloads from this size on, if that is less than what storage is configured with.
    pub fn with_threshold(mut self, threshold: ByteSize) -> Self {
        self.threshold = Some(threshold);
        self
    }
}

/// Sizes from which the payloads of one call are stored.
pub(crate) struct Thresholds {
    all: usize,
    /// Lower ones, by slot.
    of_slots: HashMap<usize, usize>,
}

impl Thresholds {
    /// Returns the sizes from which payloads of a call are stored: the configured one, or smaller ones
    /// where the results would not fit otherwise.
    ///
    /// Largest first, because each object costs a request, and so the fewest objects are stored.
    pub(crate) fn new(configured: ByteSize, items: &[Item], room: Option<&Room>) -> Self {
        let configured = configured.as_usize();
        let sizes = || {
            let payloads = items.iter().filter_map(Item::payload);
            payloads.map(|one| (one.slot, one.payload.encoded_len()))
        };
        match room {
            None => Self { all: configured, of_slots: HashMap::new() },
            Some(room) => thresholds(configured, sizes().collect(), room),
        }
    }

    /// Returns the size from which the payload of a slot is stored.
    pub(crate) fn of(&self, slot: usize) -> usize {
        // Most calls have no lower one, and must not pay for a hash.
        if self.of_slots.is_empty() {
            return self.all;
        }
        self.of_slots.get(&slot).map_or(self.all, |lower| *lower.min(&self.all))
    }
}

fn thresholds(configured: usize, sizes: Vec<(usize, usize)>, room: &Room) -> Thresholds {
    let lowered = room.threshold.map_or(configured, ByteSize::as_usize);
    let most = configured.min(lowered.max(SMALLEST));
    let mut of_slots = HashMap::new();
    for (slots, field) in &room.fields {
        let of_field = |&slot: &usize| {
            let first = sizes.partition_point(|(other, _)| *other < slot);
            let same = sizes.get(first..).unwrap_or_default().iter();
            // Payloads of one envelope share a slot.
            same.take_while(move |(other, _)| *other == slot).map(|(_, size)| *size)
        };
        let threshold = lower(most, slots.iter().flat_map(of_field).collect(), *field);
        if threshold < most {
            of_slots.extend(slots.iter().map(|slot| (*slot, threshold)));
        }
    }
    let kept = |(slot, size): &(usize, usize)| match of_slots.get(slot) {
        Some(threshold) if size >= threshold => REFERENCE,
        _ => *size,
    };
    let all = lower(most, sizes.iter().map(kept).collect(), room.all);
    Thresholds { all, of_slots }
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

    #[test]
    fn a_field_that_is_too_large_stores_its_own_payloads() {
        let sizes = vec![(0, 250_000), (1, 150_000), (2, 150_000), (2, 9_000)];
        let room = Room::new(4_000_000).with_field(vec![0], 300_000);
        let found = thresholds(262_144, sizes.clone(), &room);
        assert_eq!([0, 1, 2].map(|slot| found.of(slot)), [262_144; 3]);
        let room = room.with_field(vec![1, 2], 170_000);
        let found = thresholds(262_144, sizes.clone(), &room);
        assert_eq!([0, 1, 2].map(|slot| found.of(slot)), [262_144, 150_000, 150_000]);
        // Its references make room in the message: nothing else is stored.
        let room = Room::new(261_000).with_field(vec![1, 2], 170_000);
        let found = thresholds(262_144, sizes.clone(), &room);
        assert_eq!([0, 1, 2].map(|slot| found.of(slot)), [262_144, 150_000, 150_000]);
        let room = Room::new(4_000_000).with_threshold(ByteSize::kib(8));
        assert_eq!(thresholds(262_144, sizes.clone(), &room).of(2), 8192);
        assert_eq!(thresholds(4096, sizes, &room).of(2), 4096);
    }
}
