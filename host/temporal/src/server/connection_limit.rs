//! Connection limit: how many connections are open, and which one is evicted for a new one.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::connection_state::ConnectionState;

/// Connections beyond the limit that are accepted only to answer probes.
///
/// The newest connection always gets one of them, because an orchestrator restarts a server whose
/// health check cannot connect. An attacker would have to open 32 connections between the accept
/// and the answer of an honest probe.
const PROBE_ONLY: usize = 32;

/// Limits open connections, in total and per client address.
pub(super) struct ConnectionLimit {
    max: usize,
    max_per_address: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next_id: u64,
    open: BTreeMap<u64, OpenConnection>,
    probe_only: BTreeMap<u64, Arc<ConnectionState>>,
    per_address: HashMap<IpAddr, usize>,
}

struct OpenConnection {
    address: Option<IpAddr>,
    state: Arc<ConnectionState>,
}

impl ConnectionLimit {
    /// Creates a limit of `max` connections, of which one address may have `max_per_address`.
    pub(super) fn new(max: usize, max_per_address: usize) -> Arc<Self> {
        let table = Mutex::default();
        Arc::new(Self { max: max.max(1), max_per_address: max_per_address.max(1), table })
    }

    /// Registers a new connection from `address`.
    ///
    /// At the limit, the connection that has been idle longest is evicted. An idle connection costs
    /// its client only a reconnect, while refusing the new one would let anybody lock the server by
    /// opening connections and sending nothing. If no connection is idle, the permit is for probes
    /// only. An address at its own limit can evict only its own connections.
    pub(super) fn acquire(self: &Arc<Self>, address: Option<IpAddr>) -> ConnectionPermit {
        let mut table = self.lock();
        let id = table.next_id;
        table.next_id += 1;
        let state = Arc::new(ConnectionState::new());
        let held = address.and_then(|one| table.per_address.get(&one)).copied().unwrap_or_default();
        let has_room = if address.is_some() && held >= self.max_per_address {
            table.evict_idle(|open| open.address == address)
        } else {
            table.open.len() < self.max || table.evict_idle(|_| true)
        };
        if has_room {
            if let Some(address) = address {
                *table.per_address.entry(address).or_default() += 1;
            }
            table.open.insert(id, OpenConnection { address, state: state.clone() });
        } else {
            table.probe_only.insert(id, state.clone());
            if table.probe_only.len() > PROBE_ONLY
                && let Some((_, oldest)) = table.probe_only.pop_first()
            {
                oldest.close();
            }
        }
        ConnectionPermit { id, state, is_probe_only: !has_room, limit: self.clone() }
    }

    /// Evicts the connection that has been idle longest. Returns whether there was one.
    pub(super) fn evict_longest_idle(&self) -> bool {
        self.lock().evict_idle(|_| true)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Evicts the longest idle connection that matches. Returns whether there was one.
    fn evict_idle(&mut self, matches: impl Fn(&OpenConnection) -> bool) -> bool {
        loop {
            let idle = self.open.iter().filter(|(_, open)| matches(open) && open.state.is_idle());
            let oldest = idle.min_by_key(|(_, open)| open.state.idle_since());
            let Some(id) = oldest.map(|(id, _)| *id) else {
                return false;
            };
            // A request may have arrived since the check above: then look for another connection.
            let is_closed = self.open.get(&id).is_some_and(|open| open.state.close_if_idle());
            if is_closed {
                self.remove(id);
                return true;
            }
        }
    }

    fn remove(&mut self, id: u64) {
        self.probe_only.remove(&id);
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        let Some(address) = open.address else {
            return;
        };
        if let Some(held) = self.per_address.get_mut(&address) {
            *held -= 1;
            if *held == 0 {
                self.per_address.remove(&address);
            }
        }
    }
}

/// Permit of one open connection, released on drop.
pub(super) struct ConnectionPermit {
    id: u64,
    pub(super) state: Arc<ConnectionState>,
    /// True if the limit is reached: only probes are answered.
    pub(super) is_probe_only: bool,
    limit: Arc<ConnectionLimit>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.limit.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn is_evicted(permit: &ConnectionPermit) -> bool {
        permit.state.is_closing()
    }

    fn respond(permit: &ConnectionPermit) {
        permit.state.start_response();
        permit.state.finish_body();
        permit.state.finish_flush();
    }

    #[test]
    fn evicts_the_longest_idle_connection() {
        let limit = ConnectionLimit::new(3, 3);
        let permits: Vec<_> = (0..3).map(|n| limit.acquire(from(n))).collect();
        // The first is idle again, and so for a shorter time than the second.
        permits[0].state.start_request();
        respond(&permits[0]);
        let newcomer = limit.acquire(from(9));
        assert!(!newcomer.is_probe_only);
        let evicted: Vec<_> = permits.iter().map(is_evicted).collect();
        assert_eq!(evicted, [false, true, false]);
    }

    #[test]
    fn keeps_busy_connections_and_answers_the_newcomers_probes() {
        let limit = ConnectionLimit::new(2, 2);
        let permits = [limit.acquire(from(1)), limit.acquire(from(2))];
        permits[0].state.start_request();
        permits[1].state.start_request();
        permits[1].state.start_response();
        assert!(limit.acquire(from(3)).is_probe_only);
        // A flushed part of a response does not make the connection idle.
        permits[1].state.finish_flush();
        assert!(limit.acquire(from(3)).is_probe_only);
        permits[1].state.finish_body();
        permits[1].state.finish_flush();
        assert!(!limit.acquire(from(3)).is_probe_only);
        assert_eq!((is_evicted(&permits[0]), is_evicted(&permits[1])), (false, true));
    }

    #[test]
    fn an_address_evicts_only_its_own_connections() {
        let limit = ConnectionLimit::new(4, 2);
        let (one, two) = (limit.acquire(from(1)), limit.acquire(from(1)));
        let other = limit.acquire(from(2));
        one.state.start_request();
        let third = limit.acquire(from(1));
        assert!(!third.is_probe_only && is_evicted(&two) && !is_evicted(&other));
        third.state.start_request();
        assert!(limit.acquire(from(1)).is_probe_only);
        assert!(!limit.acquire(from(2)).is_probe_only);
        drop(one);
        assert!(!limit.acquire(from(1)).is_probe_only);
    }

    #[test]
    fn the_newest_connection_may_always_probe() {
        let limit = ConnectionLimit::new(1, 1);
        let only = limit.acquire(from(1));
        only.state.start_request();
        let probes: Vec<_> = (0..=PROBE_ONLY).map(|_| limit.acquire(from(2))).collect();
        assert!(probes.iter().all(|permit| permit.is_probe_only));
        assert_eq!(probes.iter().filter(|permit| is_evicted(permit)).count(), 1);
        assert!(is_evicted(&probes[0]) && !is_evicted(&only));
        drop((probes, only));
        let table = limit.lock();
        assert!(table.open.is_empty() && table.probe_only.is_empty());
        assert!(table.per_address.is_empty());
    }
}
