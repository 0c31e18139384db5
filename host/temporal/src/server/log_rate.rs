//! Log limit for failed requests: 100 lines per client and minute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Lines that one client may cause in a minute.
const LINES: u32 = 100;

const MINUTE: Duration = Duration::from_secs(60);

/// Most clients that are tracked. All further ones share one entry.
const MAX_CLIENTS: usize = 256;

/// Log lines that each client caused in the current minute.
#[derive(Debug, Default)]
pub(super) struct LogRate(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    began: Instant,
    logged: u32,
    unlogged: u64,
}

impl LogRate {
    /// Records a failure of a client.
    ///
    /// Returns `Some` if it should be logged, with the number of failures since the last logged
    /// one.
    pub(super) fn note(&self, client: &str, now: Instant) -> Option<u64> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_expired = |entry: &Entry| now.duration_since(entry.began) >= MINUTE;
        let mut client = client;
        if !entries.contains_key(client) && entries.len() >= MAX_CLIENTS {
            entries.retain(|_, entry| !is_expired(entry));
            if entries.len() >= MAX_CLIENTS {
                client = "";
            }
        }
        let entry = entries.entry(client.to_owned()).or_insert(Entry {
            began: now,
            logged: 0,
            unlogged: 0,
        });
        if is_expired(entry) {
            (entry.began, entry.logged) = (now, 0);
        }
        if entry.logged == LINES {
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

    #[test]
    fn logs_100_lines_a_minute() {
        let (throttle, now) = (LogRate::default(), Instant::now());
        let logged = |who: &str, at| (0..1000).filter(|_| throttle.note(who, at).is_some()).count();
        assert_eq!(logged("a", now), 100);
        assert_eq!(logged("b", now), 100);
        assert_eq!(throttle.note("a", now + MINUTE), Some(900));
        assert_eq!(throttle.note("a", now + MINUTE), Some(0));
    }

    #[test]
    fn bounds_the_clients() {
        let (throttle, now) = (LogRate::default(), Instant::now());
        let logged = (0..10_000).filter(|n: &u32| throttle.note(&n.to_string(), now).is_some());
        // The shared entry counts as one more client.
        assert_eq!(logged.count(), MAX_CLIENTS + LINES as usize);
        assert_eq!(throttle.0.lock().unwrap().len(), MAX_CLIENTS + 1);
    }
}
