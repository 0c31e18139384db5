//! Metrics about a configuration's keys: dates and ids, never the keys themselves.

use std::collections::BTreeSet;

use cloakroom_pipeline::metric;
use metrics::gauge;

use crate::config::File;

/// A key's ring and id, for metrics.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyFact {
    ring: String,
    key: String,
    is_current: bool,
    created: Option<i64>,
}

/// Returns the keys of a file, without those of rings that the program brings.
pub(crate) fn key_facts<'a>(file: &'a File, is_native: impl Fn(&str) -> bool + 'a) -> Vec<KeyFact> {
    // Where the program brings a ring of that name, ids and dates in the file say nothing about it.
    let rings = file.keys.iter().filter(|(name, _)| !is_native(name));
    let keys = rings.flat_map(|(name, ring)| {
        ring.material.keys().map(move |key| KeyFact {
            ring: name.clone(),
            key: key.clone(),
            is_current: ring.current.as_ref() == Some(key),
            created: ring.created.get(key).map(|date| date.0),
        })
    });
    keys.collect()
}

/// Records the keys of a configuration that was swapped in. A recorder forgets no series: keys that
/// were in the one before and are in this one no more are current no more.
pub(crate) fn record(facts: &[KeyFact], before: &[KeyFact]) {
    let there: BTreeSet<_> = facts.iter().map(|fact| (&fact.ring, &fact.key)).collect();
    for fact in before.iter().filter(|fact| !there.contains(&(&fact.ring, &fact.key))) {
        gauge!(metric::KEY_CURRENT, &fact.labels()).set(0.0);
    }
    for fact in facts {
        gauge!(metric::KEY_CURRENT, &fact.labels()).set(if fact.is_current { 1.0 } else { 0.0 });
        if let Some(created) = fact.created {
            gauge!(metric::KEY_CREATED, &fact.labels()).set(created as f64);
        }
    }
}

impl KeyFact {
    fn labels(&self) -> [(&'static str, String); 2] {
        [("ring", self.ring.clone()), ("key", self.key.clone())]
    }
}
