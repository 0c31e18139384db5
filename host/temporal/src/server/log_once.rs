//! Refusals that repeat: the first of each origin or address is logged, the others are counted.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cloakroom_core::clean;
use tokio::time::Instant;

/// Origins or addresses that are told apart. Strangers choose them, so the others are one.
const MOST: usize = 256;

/// The most characters of an origin.
const LONGEST: usize = 200;

/// How long after a line was logged another one may be.
const AGAIN: Duration = Duration::from_secs(600);

/// Refused clients, and when each was last logged.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<String, Seen>>);

#[derive(Debug)]
struct Seen {
    logged: Instant,
    unlogged: u64,
}

impl Refusals {
    /// Notes a refusal. Returns how many were not logged since the last one that was, if this one
    /// should be logged.
    pub(super) fn note(&self, who: &str, now: Instant) -> Option<u64> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |seen: &Seen| AGAIN <= now.duration_since(seen.logged);
        let mut who = clean(who, LONGEST);
        if !seen.contains_key(&who) && MOST <= seen.len() {
            seen.retain(|_, seen| !is_old(seen));
            if MOST <= seen.len() {
                who = String::new();
            }
        }
        let Some(known) = seen.get_mut(&who) else {
            seen.insert(who, Seen { logged: now, unlogged: 0 });
            return Some(0);
        };
        if is_old(known) {
            known.logged = now;
            return Some(std::mem::take(&mut known.unlogged));
        }
        known.unlogged += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_logged_once_in_a_while() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.note("a", now), Some(0));
        assert_eq!(refusals.note("b", now), Some(0));
        for _ in 0..3 {
            assert_eq!(refusals.note("a", now + AGAIN / 2), None);
        }
        assert_eq!(refusals.note("a", now + AGAIN), Some(3));
        assert_eq!(refusals.note("a", now + AGAIN), None);
    }

    #[test]
    fn strangers_do_not_fill_memory() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let logged = (0..10_000).filter(|n| refusals.note(&n.to_string(), now).is_some());
        assert_eq!(logged.count(), MOST + 1);
        assert_eq!(refusals.0.lock().unwrap().len(), MOST + 1);
        assert_eq!(refusals.note(&"x".repeat(9000), now), None);
        assert_eq!(refusals.note("new", now + AGAIN), Some(0));
        assert_eq!(refusals.0.lock().unwrap().len(), 1);
    }
}
