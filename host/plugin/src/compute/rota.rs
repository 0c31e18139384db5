//! Round robin over named entries.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// What can be out of work.
pub(super) trait Work {
    /// Returns whether nothing is left to do.
    fn is_done(&self) -> bool;
}

/// Entries that take turns: whoever was served longest ago comes first. Entries without work leave,
/// and start at the end when they come back.
pub(super) struct Rota<K, V> {
    next: u64,
    order: BTreeMap<u64, K>,
    entries: HashMap<K, (u64, V)>,
}

impl<K, V> Default for Rota<K, V> {
    fn default() -> Self {
        Self { next: 0, order: BTreeMap::new(), entries: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, V: Work + Default> Rota<K, V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| value)
    }

    /// Returns the entry of this name, a new one at the end if there is none.
    pub(super) fn entry(&mut self, key: &K) -> &mut V {
        let (next, order) = (&mut self.next, &mut self.order);
        let (_, value) = self.entries.entry(key.clone()).or_insert_with(|| {
            let ticket = take(next);
            order.insert(ticket, key.clone());
            (ticket, V::default())
        });
        value
    }

    /// Asks entry after entry, and puts the first that answers at the end.
    pub(super) fn serve<R>(&mut self, mut ask: impl FnMut(&mut V) -> Option<R>) -> Option<R> {
        let mut served = None;
        for (&ticket, key) in &self.order {
            let entry = self.entries.get_mut(key);
            if let Some(answer) = entry.and_then(|(_, value)| ask(value)) {
                served = Some((ticket, key.clone(), answer));
                break;
            }
        }
        let (ticket, key, answer) = served?;
        self.order.remove(&ticket);
        if let Some((place, value)) = self.entries.get_mut(&key) {
            if value.is_done() {
                self.entries.remove(&key);
            } else {
                *place = take(&mut self.next);
                self.order.insert(*place, key);
            }
        }
        Some(answer)
    }

    /// Asks one entry, out of turn.
    pub(super) fn ask<R>(&mut self, key: &K, ask: impl FnOnce(&mut V) -> Option<R>) -> Option<R> {
        let (ticket, value) = self.entries.get_mut(key)?;
        let answer = ask(value);
        if value.is_done() {
            self.order.remove(ticket);
            self.entries.remove(key);
        }
        answer
    }
}

fn take(next: &mut u64) -> u64 {
    let ticket = *next;
    *next += 1;
    ticket
}
