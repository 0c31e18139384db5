//! Log lines that a client can cause by asking: so many a minute, and the others are counted.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Lines a minute about one client.
const LINES: u32 = 100;

const MINUTE: Duration = Duration::from_secs(60);

/// Clients that are told apart. The others are one.
const MOST: usize = 256;

/// Lines about each client.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<String, Lines>>);

#[derive(Debug)]
struct Lines {
    began: Instant,
    logged: u32,
    unlogged: u64,
}

impl Throttle {
    /// Notes a line about a client. Returns how many were not logged since the last one that was, if
    /// this one should be logged.
    pub(super) fn note(&self, client: &str, now: Instant) -> Option<u64> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |lines: &Lines| now.duration_since(lines.began) >= MINUTE;
        let mut client = client;
        if !known.contains_key(client) && known.len() >= MOST {
            known.retain(|_, lines| !is_old(lines));
            if known.len() >= MOST {
                client = "";
            }
        }
        let lines =
            known.entry(client.to_owned()).or_insert(Lines { began: now, logged: 0, unlogged: 0 });
        if is_old(lines) {
            (lines.began, lines.logged) = (now, 0);
        }
        if lines.logged == LINES {
            lines.unlogged += 1;
            return None;
        }
        lines.logged += 1;
        Some(std::mem::take(&mut lines.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_a_minute() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let logged = |who: &str, at| (0..1000).filter(|_| throttle.note(who, at).is_some()).count();
        assert_eq!(logged("a", now), 100);
        assert_eq!(logged("b", now), 100);
        assert_eq!(throttle.note("a", now + MINUTE), Some(900));
        assert_eq!(throttle.note("a", now + MINUTE), Some(0));
    }

    #[test]
    fn strangers_do_not_fill_memory() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let logged = (0..10_000).filter(|n: &u32| throttle.note(&n.to_string(), now).is_some());
        // Those that are not told apart are one client more.
        assert_eq!(logged.count(), MOST + LINES as usize);
        assert_eq!(throttle.0.lock().unwrap().len(), MOST + 1);
    }
}
