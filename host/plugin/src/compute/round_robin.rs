//! Round robin over named entries.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// An entry that leaves the round once it is empty.
pub(super) trait RoundRobinEntry {
    /// Returns whether the entry has no work left.
    fn is_empty(&self) -> bool;
}

/// Entries that take turns: the one served longest ago comes first. An empty entry leaves, and joins
/// at the end when it has work again, so that leaving and returning gains nothing.
pub(super) struct RoundRobin<K, V> {
    next_position: u64,
    order: BTreeMap<u64, K>,
    entries: HashMap<K, (u64, V)>,
}

impl<K, V> Default for RoundRobin<K, V> {
    fn default() -> Self {
        Self { next_position: 0, order: BTreeMap::new(), entries: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, V: RoundRobinEntry + Default> RoundRobin<K, V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }

    /// Returns the entry of this name, adding an empty one at the end if there is none.
    pub(super) fn entry(&mut self, key: &K) -> &mut V {
        let (next_position, order) = (&mut self.next_position, &mut self.order);
        let (_, value) = self.entries.entry(key.clone()).or_insert_with(|| {
            let position = advance(next_position);
            order.insert(position, key.clone());
            (position, V::default())
        });
        value
    }

    /// Offers the turn to entry after entry. The first for which `take` returns something is moved to
    /// the end.
    pub(super) fn serve<R>(&mut self, mut take: impl FnMut(&mut V) -> Option<R>) -> Option<R> {
        let mut served = None;
        // Entries that cannot be served, because no instance is free for them, keep their places.
        for (&position, key) in &self.order {
            let entry = self.entries.get_mut(key);
            if let Some(taken) = entry.and_then(|(_, value)| take(value)) {
                served = Some((position, key.clone(), taken));
                break;
            }
        }
        let (position, key, taken) = served?;
        self.order.remove(&position);
        if let Some((position, value)) = self.entries.get_mut(&key) {
            if value.is_empty() {
                self.entries.remove(&key);
            } else {
                *position = advance(&mut self.next_position);
                self.order.insert(*position, key);
            }
        }
        Some(taken)
    }

    /// Calls `change` on one entry out of turn, and removes the entry if it is empty then.
    pub(super) fn update<R>(
        &mut self,
        key: &K,
        change: impl FnOnce(&mut V) -> Option<R>,
    ) -> Option<R> {
        let (position, value) = self.entries.get_mut(key)?;
        let result = change(value);
        if value.is_empty() {
            self.order.remove(position);
            self.entries.remove(key);
        }
        result
    }
}

/// Returns the next position and advances it.
fn advance(next: &mut u64) -> u64 {
    let position = *next;
    *next += 1;
    position
}
