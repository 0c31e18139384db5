//! Evidence: which keys were seen, where and when.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use super::{gaps::Gaps, known_keys::Role, uses::Uses};

/// Holders of one kind that are told apart for one key. Their number is a lower bound beyond it.
const HOLDERS: usize = 100_000;

/// Different ids that are kept. A hostile history may have any number.
const IDS: usize = 10_000;

/// Sighting of a payload, at its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) namespace: String,
    /// Kind of the holder, such as `run`.
    pub(super) kind: &'static str,
    /// Id of the workflow, schedule, activity or operation.
    pub(super) id: String,
    pub(super) run: String,
    pub(super) is_open: bool,
    pub(super) field: String,
    pub(super) time: Option<String>,
}

/// Everything that was seen, and what was not read.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) seen: BTreeMap<(String, Role), Seen>,
    pub(super) gaps: Gaps,
    /// Number of holders that were read, by namespace and kind.
    pub(super) read: BTreeMap<(String, &'static str), u64>,
    /// Number of payloads, and of those that name a key, by namespace.
    pub(super) payloads: BTreeMap<String, (u64, u64)>,
}

/// Payloads that name one key.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) payloads: u64,
    /// Holders by kind, and by whether they are open.
    pub(super) holders: BTreeMap<(&'static str, bool), HashSet<u64>>,
    pub(super) first: Sighting,
    pub(super) last: Sighting,
}

impl Evidence {
    /// Adds what one payload names.
    pub(super) fn add(&mut self, sighting: &Sighting, uses: Uses) {
        let (payloads, sealed) = self.payloads.entry(sighting.namespace.clone()).or_default();
        *payloads += 1;
        *sealed += u64::from(!uses.keys.is_empty());
        for gap in uses.gaps {
            self.gaps.note(gap.what, &gap.why, &sighting.place());
        }
        for key in uses.keys {
            if self.seen.len() >= IDS && !self.seen.contains_key(&key) {
                let why = format!("payloads name more than {IDS} different keys");
                self.gaps.note("payloads", &why, &sighting.place());
                continue;
            }
            self.seen.entry(key).or_default().add(sighting);
        }
    }

    /// Counts a holder that was read to its end.
    pub(super) fn add_read(&mut self, namespace: &str, kind: &'static str) -> u64 {
        let read = self.read.entry((namespace.to_owned(), kind)).or_default();
        *read += 1;
        *read
    }
}

impl Seen {
    fn add(&mut self, sighting: &Sighting) {
        let is_first = self.payloads == 0;
        self.payloads += 1;
        let holders = self.holders.entry((sighting.kind, sighting.is_open)).or_default();
        if holders.len() < HOLDERS {
            let mut hasher = DefaultHasher::new();
            (&sighting.namespace, &sighting.id, &sighting.run).hash(&mut hasher);
            holders.insert(hasher.finish());
        }
        if is_first || sighting.time < self.first.time {
            self.first = sighting.clone();
        }
        if is_first || sighting.time > self.last.time {
            self.last = sighting.clone();
        }
    }

    /// Adds the payloads of another key.
    pub(super) fn merge(&mut self, other: &Self) {
        for (kind, holders) in &other.holders {
            self.holders.entry(*kind).or_default().extend(holders);
        }
        if self.payloads == 0 || other.first.time < self.first.time {
            self.first = other.first.clone();
        }
        if self.payloads == 0 || other.last.time > self.last.time {
            self.last = other.last.clone();
        }
        self.payloads += other.payloads;
    }
}

impl Sighting {
    /// Returns the holder and the field, on one line.
    pub(super) fn place(&self) -> String {
        let Self { namespace, kind, id, run, field, .. } = self;
        let run = if run.is_empty() { String::new() } else { format!(", {run}") };
        format!("{namespace}: {kind} {id}{run}, {field}")
    }
}
