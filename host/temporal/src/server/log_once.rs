//! Log limit for refusals: one line per origin or address in ten minutes.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cloakroom_core::clean;
use tokio::time::Instant;

/// Most subjects that are tracked. Strangers choose them, so all further ones share one entry.
const MAX_SUBJECTS: usize = 256;

/// Most characters of a subject.
const MAX_SUBJECT_LEN: usize = 200;

/// Time between two logged refusals of one subject.
const INTERVAL: Duration = Duration::from_secs(600);

/// Subjects whose refusals were logged, with the time.
#[derive(Debug, Default)]
pub(super) struct LogOnce(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    logged: Instant,
    unlogged: u64,
}

impl LogOnce {
    /// Records a refusal.
    ///
    /// Returns `Some` if it should be logged, with the number of refusals since the last logged
    /// one.
    pub(super) fn note(&self, subject: &str, now: Instant) -> Option<u64> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_expired = |entry: &Entry| now.duration_since(entry.logged) >= INTERVAL;
        let mut subject = clean(subject, MAX_SUBJECT_LEN);
        if !entries.contains_key(&subject) && entries.len() >= MAX_SUBJECTS {
            entries.retain(|_, entry| !is_expired(entry));
            if entries.len() >= MAX_SUBJECTS {
                // The shared entry of all further subjects.
                subject = String::new();
            }
        }
        let Some(entry) = entries.get_mut(&subject) else {
            entries.insert(subject, Entry { logged: now, unlogged: 0 });
            return Some(0);
        };
        if is_expired(entry) {
            entry.logged = now;
            return Some(std::mem::take(&mut entry.unlogged));
        }
        entry.unlogged += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_each_subject_once_per_interval() {
        let (refusals, now) = (LogOnce::default(), Instant::now());
        assert_eq!(refusals.note("a", now), Some(0));
        assert_eq!(refusals.note("b", now), Some(0));
        for _ in 0..3 {
            assert_eq!(refusals.note("a", now + INTERVAL / 2), None);
        }
        assert_eq!(refusals.note("a", now + INTERVAL), Some(3));
        assert_eq!(refusals.note("a", now + INTERVAL), None);
    }

    #[test]
    fn bounds_the_subjects() {
        let (refusals, now) = (LogOnce::default(), Instant::now());
        let logged = (0..10_000).filter(|n| refusals.note(&n.to_string(), now).is_some());
        assert_eq!(logged.count(), MAX_SUBJECTS + 1);
        assert_eq!(refusals.0.lock().unwrap().len(), MAX_SUBJECTS + 1);
        assert_eq!(refusals.note(&"x".repeat(9000), now), None);
        assert_eq!(refusals.note("new", now + INTERVAL), Some(0));
        assert_eq!(refusals.0.lock().unwrap().len(), 1);
    }
}
