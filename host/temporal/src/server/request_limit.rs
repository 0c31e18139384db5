//! Requests in work: how many at once, and how many of one peer.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Turn, Turns};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Peers that are remembered while they have nothing in work.
const PEERS: usize = 1024;

/// Slots for requests. One address has at most three quarters of them, and addresses take turns.
pub(super) struct Slots {
    turns: Arc<Turns<Option<IpAddr>>>,
    share: usize,
    peers: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// A slot, until it is dropped.
pub(super) struct Slot {
    _turn: Turn<Option<IpAddr>>,
    _share: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// Returns slots for so many requests.
    pub(super) fn new(requests: usize) -> Self {
        let requests = requests.clamp(1, Semaphore::MAX_PERMITS);
        let share = requests - requests / 4;
        Self { turns: Turns::new(requests), share, peers: Mutex::default() }
    }

    /// Waits for a slot. Clients of a Unix socket are not told apart, and have no share.
    pub(super) async fn take(&self, peer: Option<IpAddr>) -> Slot {
        let share = match peer {
            // Closed at no time.
            Some(peer) => self.share_of(peer).acquire_owned().await.ok(),
            None => None,
        };
        Slot { _turn: self.turns.take(&peer, 0).await, _share: share }
    }

    fn share_of(&self, peer: IpAddr) -> Arc<Semaphore> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= PEERS && !peers.contains_key(&peer) {
            peers.retain(|_, share| Arc::strong_count(share) > 1);
        }
        peers.entry(peer).or_insert_with(|| Arc::new(Semaphore::new(self.share))).clone()
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
        let slots = Slots::new(8);
        let held: Vec<_> = (0..6).map(|_| slots.take(peer(1)).now_or_never().unwrap()).collect();
        assert!(slots.take(peer(1)).now_or_never().is_none());
        let others: Vec<_> = (0..2).map(|_| slots.take(peer(2)).now_or_never().unwrap()).collect();
        assert!(slots.take(peer(3)).now_or_never().is_none(), "all are taken");
        drop(held);
        assert!(slots.take(peer(3)).now_or_never().is_some());
        drop(others);
    }

    #[test]
    fn a_slot_that_is_given_back_goes_to_the_peer_that_waits_for_longest() {
        let slots = Slots::new(1);
        let held = slots.take(peer(1)).now_or_never().unwrap();
        let mut two = Box::pin(slots.take(peer(2)));
        let mut three = Box::pin(slots.take(peer(3)));
        assert!(two.as_mut().now_or_never().is_none() && three.as_mut().now_or_never().is_none());
        drop(held);
        assert!(three.as_mut().now_or_never().is_none());
        let held = two.as_mut().now_or_never().unwrap();
        drop(held);
        assert!(three.as_mut().now_or_never().is_some());
    }

    #[test]
    fn peers_that_left_are_forgotten() {
        let slots = Slots::new(4);
        let held = slots.take(peer(0)).now_or_never().unwrap();
        for number in 1..10_000 {
            drop(slots.take(peer(number)).now_or_never().unwrap());
        }
        assert!(slots.peers.lock().unwrap().len() <= PEERS);
        assert!(slots.peers.lock().unwrap().contains_key(&peer(0).unwrap()));
        drop(held);
    }
}
