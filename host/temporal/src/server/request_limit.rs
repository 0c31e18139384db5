//! Concurrency limit of requests, with a share for each client address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Turn, Turns};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Addresses above which those without a running request are forgotten.
const MAX_IDLE_ADDRESSES: usize = 1024;

/// Concurrency limit of requests.
///
/// One address gets at most three quarters of the permits, so that one busy client leaves room for
/// others. Waiting addresses take turns.
pub(super) struct RequestLimit {
    turns: Arc<Turns<Option<IpAddr>>>,
    share: usize,
    per_address: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// Permit of one running request, released on drop.
pub(super) struct RequestPermit {
    _turn: Turn<Option<IpAddr>>,
    _share: Option<OwnedSemaphorePermit>,
}

impl RequestLimit {
    /// Creates a limit of this many concurrent requests.
    pub(super) fn new(requests: usize) -> Self {
        let requests = requests.clamp(1, Semaphore::MAX_PERMITS);
        let share = requests - requests / 4;
        Self { turns: Turns::new(requests), share, per_address: Mutex::default() }
    }

    /// Waits for a permit. Clients of a Unix socket have no address and therefore no share.
    pub(super) async fn acquire(&self, peer: Option<IpAddr>) -> RequestPermit {
        // The share comes before the turn. The other way round, an address at its share would hold
        // a turn that another address could use.
        let share = match peer {
            Some(peer) => self.share_of(peer).acquire_owned().await.ok(),
            None => None,
        };
        RequestPermit { _turn: self.turns.take(&peer, 0).await, _share: share }
    }

    fn share_of(&self, peer: IpAddr) -> Arc<Semaphore> {
        let mut shares = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= MAX_IDLE_ADDRESSES && !shares.contains_key(&peer) {
            shares.retain(|_, share| Arc::strong_count(share) > 1);
        }
        shares.entry(peer).or_insert_with(|| Arc::new(Semaphore::new(self.share))).clone()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn peer(number: u32) -> Option<IpAddr> {
        Some(std::net::Ipv4Addr::from_bits(number).into())
    }

    #[test]
    fn one_peer_leaves_a_quarter_to_others() {
        let limit = RequestLimit::new(8);
        let held: Vec<_> = (0..6).map(|_| limit.acquire(peer(1)).now_or_never().unwrap()).collect();
        assert!(limit.acquire(peer(1)).now_or_never().is_none());
        let others: Vec<_> =
            (0..2).map(|_| limit.acquire(peer(2)).now_or_never().unwrap()).collect();
        assert!(limit.acquire(peer(3)).now_or_never().is_none(), "all are taken");
        drop(held);
        assert!(limit.acquire(peer(3)).now_or_never().is_some());
        drop(others);
    }

    #[test]
    fn a_released_permit_goes_to_the_peer_that_waited_longest() {
        let limit = RequestLimit::new(1);
        let held = limit.acquire(peer(1)).now_or_never().unwrap();
        let mut two = Box::pin(limit.acquire(peer(2)));
        let mut three = Box::pin(limit.acquire(peer(3)));
        assert!(two.as_mut().now_or_never().is_none() && three.as_mut().now_or_never().is_none());
        drop(held);
        assert!(three.as_mut().now_or_never().is_none());
        let held = two.as_mut().now_or_never().unwrap();
        drop(held);
        assert!(three.as_mut().now_or_never().is_some());
    }

    #[test]
    fn forgets_peers_that_left() {
        let limit = RequestLimit::new(4);
        let held = limit.acquire(peer(0)).now_or_never().unwrap();
        for number in 1..10_000 {
            drop(limit.acquire(peer(number)).now_or_never().unwrap());
        }
        assert!(limit.per_address.lock().unwrap().len() <= MAX_IDLE_ADDRESSES);
        assert!(limit.per_address.lock().unwrap().contains_key(&peer(0).unwrap()));
        drop(held);
    }
}
