//! Log limit: so many lines per client, address or origin in a time.

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

/// Limit of the lines that one subject may cause in the log.
#[derive(Debug)]
pub struct LogLimit {
    lines: u32,
    interval: Duration,
    entries: Mutex<HashMap<String, Entry>>,
}

/// Lines of one subject in its current interval.
#[derive(Debug)]
struct Entry {
    began: Instant,
    logged: u32,
    unlogged: u64,
}

impl LogLimit {
    /// Returns a limit of `lines` lines per subject and interval.
    #[must_use]
    pub fn new(lines: u32, interval: Duration) -> Self {
        Self { lines, interval, entries: Mutex::default() }
    }

    /// Records an event of a subject.
    ///
    /// Returns `Some` if it should be logged, with the number of events since the last logged one.
    pub fn note(&self, subject: &str, now: Instant) -> Option<u64> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let is_expired = |entry: &Entry| now.duration_since(entry.began) >= self.interval;
        let mut subject = clean(subject, MAX_SUBJECT_LEN);
        if !entries.contains_key(&subject) && entries.len() >= MAX_SUBJECTS {
            entries.retain(|_, entry| !is_expired(entry));
            if entries.len() >= MAX_SUBJECTS {
                // The shared entry of all further subjects.
                subject = String::new();
            }
        }
        let new = Entry { began: now, logged: 0, unlogged: 0 };
        let entry = entries.entry(subject).or_insert(new);
        if is_expired(entry) {
            (entry.began, entry.logged) = (now, 0);
        }
        if entry.logged == self.lines {
            entry.unlogged += 1;
            return None;
        }
        entry.logged += 1;
        Some(std::mem::take(&mut entry.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(600);

    #[test]
    fn logs_each_subject_once_per_interval() {
        let (refusals, now) = (LogLimit::new(1, INTERVAL), Instant::now());
        assert_eq!(refusals.note("a", now), Some(0));
        assert_eq!(refusals.note("b", now), Some(0));
        for _ in 0..3 {
            assert_eq!(refusals.note("a", now + INTERVAL / 2), None);
        }
        assert_eq!(refusals.note("a", now + INTERVAL), Some(3));
        assert_eq!(refusals.note("a", now + INTERVAL), None);
    }

    #[test]
    fn logs_100_lines_of_each_subject_per_interval() {
        let (failures, now) = (LogLimit::new(100, INTERVAL), Instant::now());
        let logged = |who: &str, at| (0..1000).filter(|_| failures.note(who, at).is_some()).count();
        assert_eq!(logged("a", now), 100);
        assert_eq!(logged("b", now), 100);
        assert_eq!(failures.note("a", now + INTERVAL), Some(900));
        assert_eq!(failures.note("a", now + INTERVAL), Some(0));
    }

    #[test]
    fn bounds_the_subjects() {
        for lines in [1, 100] {
            let (limit, now) = (LogLimit::new(lines, INTERVAL), Instant::now());
            let logged = (0..10_000).filter(|n| limit.note(&n.to_string(), now).is_some());
            // The shared entry counts as one more subject.
            assert_eq!(logged.count(), MAX_SUBJECTS + lines as usize);
            assert_eq!(limit.entries.lock().unwrap().len(), MAX_SUBJECTS + 1);
            assert_eq!(limit.note(&"x".repeat(9000), now), None);
            assert_eq!(limit.note("new", now + INTERVAL), Some(0));
            assert_eq!(limit.entries.lock().unwrap().len(), 1);
        }
    }
}
