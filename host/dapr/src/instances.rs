//! Instances whose messages passed, and what their next dispatch weighs.
//!
//! Of an instance the size of each event in its history is noted. The instances that passed
//! least recently are forgotten when all together take too much memory.

pub(crate) mod instance;
pub(crate) mod origin;
pub(crate) mod plan;
pub(crate) mod turn;
pub(crate) mod weight;

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use self::{instance::Instance, origin::Origin, weight::Weight};

/// Memory of all instances together.
const MOST: usize = 32 << 20;

/// Longest id that is followed. Dapr refuses longer ones.
const LONGEST_ID: usize = 1024;

/// Instances by their ids.
pub(crate) struct Instances {
    known: Mutex<Known>,
    most: usize,
}

struct Known {
    by_id: LruCache<String, Instance>,
    /// Memory of all of them.
    cost: usize,
}

impl Default for Instances {
    fn default() -> Self {
        Self::within(MOST)
    }
}

impl Instances {
    fn within(most: usize) -> Self {
        let known = Known { by_id: LruCache::unbounded(), cost: 0 };
        Self { known: Mutex::new(known), most }
    }

    /// Returns the facts about an instance, if it is known.
    pub(crate) fn origin(&self, id: &str) -> Option<Origin> {
        self.lock().by_id.peek(id).map(|instance| instance.origin.clone())
    }

    /// Returns what the next dispatch of an instance weighs by what is known, if it is known.
    pub(crate) fn weight(&self, id: &str) -> Option<Weight> {
        self.lock().by_id.peek(id).filter(|one| !one.is_partial).map(Instance::weight)
    }

    /// Changes what is known of an instance, which is new if it was not known.
    pub(crate) fn update<T>(&self, id: &str, change: impl FnOnce(&mut Instance) -> T) -> Option<T> {
        if id.is_empty() || id.len() > LONGEST_ID {
            return None;
        }
        let mut known = self.lock();
        // Taken out, so that its memory is counted anew whatever `change` does.
        let mut instance = known.remove(id).unwrap_or_default();
        let result = change(&mut instance);
        known.cost += cost(id, &instance);
        known.by_id.put(id.to_owned(), instance);
        while known.cost > self.most {
            let Some((id, instance)) = known.by_id.pop_lru() else { break };
            known.cost -= cost(&id, &instance);
        }
        Some(result)
    }

    /// Forgets an instance that ended.
    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn remove(&mut self, id: &str) -> Option<Instance> {
        let instance = self.by_id.pop(id)?;
        self.cost -= cost(id, &instance);
        Some(instance)
    }
}

/// Returns the memory of an instance, with its places in a list and a table.
fn cost(id: &str, instance: &Instance) -> usize {
    const ENTRY: usize = 160;
    ENTRY + size_of::<Instance>() + id.len() + instance.heap_size()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grow(instances: &Instances, id: &str, events: usize) {
        instances.update(id, |one| one.grow_for_test(events)).unwrap();
    }

    #[test]
    fn the_least_recent_instances_go_first_and_memory_is_bounded() {
        let instances = Instances::within(100_000);
        for number in 0..1000 {
            grow(&instances, "kept", 0);
            grow(&instances, &format!("instance-{number}"), 1000);
            assert!(instances.lock().cost <= 100_000);
        }
        assert!(instances.weight("kept").is_some() && instances.weight("instance-999").is_some());
        assert!(instances.weight("instance-0").is_none());
        assert!(instances.lock().by_id.len() < 15);
        // One that is too large alone is not followed.
        grow(&instances, "huge", 100_000);
        let known = instances.lock();
        assert_eq!((known.cost, known.by_id.len()), (0, 0));
    }

    #[test]
    fn an_instance_that_ended_leaves_nothing() {
        let instances = Instances::within(100_000);
        grow(&instances, "one", 10);
        instances.remove("one");
        instances.remove("none");
        assert_eq!(instances.lock().cost, 0);
        assert_eq!(instances.update("", |_| ()), None);
        assert_eq!(instances.update(&"x".repeat(2000), |_| ()), None);
    }
}
