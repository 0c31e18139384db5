//! Fair order of guests: namespaces take turns, then calls, then payloads.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use super::{
    clock::TURN,
    plugin_role::{PerRole, PluginRole},
    round_robin::{RoundRobin, RoundRobinEntry},
};

/// Lane in which a guest waits for its first turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Its payload is small, and no payload of its call has begun.
    Small,
    /// No payload of its call has begun.
    New,
    /// Its call has begun.
    Begun,
}

/// Guest as the queue sees it.
pub(super) trait QueueEntry {
    fn namespace(&self) -> Arc<str>;
    fn call(&self) -> u64;
    fn role(&self) -> PluginRole;
}

/// Guests of one call that wait for a thread.
struct CallGuests<T> {
    /// Guests that have begun and can go on.
    ready: VecDeque<T>,
    /// Guests that have not begun. They hold no instance.
    unstarted: PerRole<VecDeque<T>>,
}

/// Guests by namespace, then by call.
type Calls<T> = RoundRobin<Arc<str>, RoundRobin<u64, CallGuests<T>>>;

/// Guest whose turn it is.
pub(super) struct NextGuest<T> {
    pub(super) guest: T,
    pub(super) is_first_turn: bool,
    pub(super) lane: Lane,
}

/// Guests that wait for a thread.
///
/// - Calls that have begun take turns.
/// - A call that has not begun goes before them, once each of them had a turn since the last new call.
/// - A call whose first payload is small goes before all, until such calls together have used a whole
///   turn.
///
/// Namespaces take turns first, so that a tenant with a thousand calls does not delay one with a single
/// call. Finishing begun calls before new ones would let a long batch keep heartbeats out; preferring
/// new ones without a bound would let a stream of them starve the batch.
pub(super) struct Queue<T> {
    small: Calls<T>,
    new: Calls<T>,
    begun: Calls<T>,
    ready: usize,
    unstarted: PerRole<usize>,
    /// Turns of begun calls since a new call began.
    since_new: usize,
    /// Time that small calls have used since any other had a turn.
    small_used: Duration,
}

impl<T: QueueEntry> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            small: RoundRobin::default(),
            new: RoundRobin::default(),
            begun: RoundRobin::default(),
            ready: 0,
            unstarted: PerRole::default(),
            since_new: 0,
            small_used: Duration::ZERO,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready == 0 && self.unstarted() == 0
    }

    /// Returns how many guests have not begun.
    pub(super) fn unstarted(&self) -> usize {
        self.unstarted.stage + self.unstarted.driver
    }

    /// Adds a guest that has not begun.
    pub(super) fn add(&mut self, lane: Lane, guest: T) {
        *self.unstarted.get_mut(guest.role()) += 1;
        let (namespace, call, role) = (guest.namespace(), guest.call(), guest.role());
        let calls = self.lane(lane);
        calls.entry(&namespace).entry(&call).unstarted.get_mut(role).push_back(guest);
    }

    /// Adds a guest that has begun and can go on.
    pub(super) fn resume(&mut self, guest: T) {
        self.ready += 1;
        let (namespace, call) = (guest.namespace(), guest.call());
        self.begun.entry(&namespace).entry(&call).ready.push_back(guest);
    }

    /// Takes the next guest. `may_begin` says for each role whether an instance is free.
    pub(super) fn next(&mut self, may_begin: PerRole<bool>) -> Option<NextGuest<T>> {
        if self.ready == 0 && !PluginRole::ALL.iter().any(|&role| self.can_begin(role, may_begin)) {
            return None;
        }
        // A begun call per turn: once each had one, a new call may begin. So new calls that come together begin
        // one a round, and few instances hold memory at once.
        let calls: usize = self.begun.values().map(RoundRobin::len).sum();
        let small_first = self.small_used < TURN;
        let new_first = self.since_new >= calls;
        let order = [
            (Lane::Small, small_first),
            (Lane::New, new_first),
            (Lane::Begun, true),
            (Lane::New, !new_first),
            (Lane::Small, !small_first),
        ];
        let lanes = order.into_iter().filter_map(|(lane, applies)| applies.then_some(lane));
        for lane in lanes {
            let served = self.lane(lane).serve(|calls| calls.serve(|call| call.next(may_begin)));
            if let Some((guest, is_first_turn)) = served {
                self.count_turn(lane);
                return Some(self.start_turn(guest, is_first_turn, lane));
            }
        }
        None
    }

    /// Takes the next guest of a call that has not used its whole turn.
    pub(super) fn next_of_call(
        &mut self,
        namespace: &Arc<str>,
        call: u64,
        may_begin: PerRole<bool>,
    ) -> Option<NextGuest<T>> {
        let next = self
            .begun
            .update(namespace, |calls| calls.update(&call, |guests| guests.next(may_begin)));
        next.map(|(guest, is_first_turn)| self.start_turn(guest, is_first_turn, Lane::Begun))
    }

    /// Charges `lane` with the time of a turn that began in it.
    pub(super) fn charge(&mut self, lane: Lane, used: Duration) {
        if lane == Lane::Small {
            self.small_used = self.small_used.saturating_add(used);
        }
    }

    /// Removes the guests of a call for which `is_gone` returns true.
    pub(super) fn remove(&mut self, namespace: &Arc<str>, call: u64, is_gone: impl Fn(&T) -> bool) {
        // In all lanes: the guest was added to one, and moved if its call has begun since.
        for lane in [Lane::Small, Lane::New, Lane::Begun] {
            let removed = self.lane(lane).update(namespace, |calls| {
                calls.update(&call, |guests| Some(guests.remove(&is_gone)))
            });
            if let Some((ready, unstarted)) = removed {
                self.ready -= ready;
                self.unstarted.stage -= unstarted.stage;
                self.unstarted.driver -= unstarted.driver;
            }
        }
    }

    fn can_begin(&self, role: PluginRole, mut may_begin: PerRole<bool>) -> bool {
        let mut unstarted = self.unstarted;
        *may_begin.get_mut(role) && *unstarted.get_mut(role) != 0
    }

    fn lane(&mut self, lane: Lane) -> &mut Calls<T> {
        match lane {
            Lane::Small => &mut self.small,
            Lane::New => &mut self.new,
            Lane::Begun => &mut self.begun,
        }
    }

    fn count_turn(&mut self, lane: Lane) {
        match lane {
            Lane::Small => return,
            Lane::New => self.since_new = 0,
            Lane::Begun => self.since_new = self.since_new.saturating_add(1),
        }
        self.small_used = Duration::ZERO;
    }

    fn start_turn(&mut self, guest: T, is_first_turn: bool, lane: Lane) -> NextGuest<T> {
        if is_first_turn {
            *self.unstarted.get_mut(guest.role()) -= 1;
        } else {
            self.ready -= 1;
        }
        // A call is new once. If its other payloads stayed, a batch of a thousand would count as a
        // thousand new calls, and go before all that have begun.
        if lane != Lane::Begun {
            self.move_rest_of_call(&guest);
        }
        NextGuest { guest, is_first_turn, lane }
    }

    /// Moves the other guests of the guest's call to the calls that have begun.
    fn move_rest_of_call(&mut self, guest: &T) {
        let (namespace, call) = (guest.namespace(), guest.call());
        for lane in [Lane::Small, Lane::New] {
            let rest = self
                .lane(lane)
                .update(&namespace, |calls| calls.update(&call, |guests| Some(mem::take(guests))));
            if let Some(CallGuests { ready: _, unstarted }) = rest {
                let PerRole { mut stage, mut driver } = unstarted;
                let begun = &mut self.begun.entry(&namespace).entry(&call).unstarted;
                begun.stage.append(&mut stage);
                begun.driver.append(&mut driver);
            }
        }
    }
}

impl<T> CallGuests<T> {
    /// Takes the next guest, and returns whether it is its first turn. Guests that have begun come first,
    /// since they hold memory.
    fn next(&mut self, mut may_begin: PerRole<bool>) -> Option<(T, bool)> {
        if let Some(guest) = self.ready.pop_front() {
            return Some((guest, false));
        }
        // Drivers first: a driver's guest finishes a payload, a codec's begins one.
        for role in [PluginRole::Driver, PluginRole::Stage] {
            if *may_begin.get_mut(role)
                && let Some(guest) = self.unstarted.get_mut(role).pop_front()
            {
                return Some((guest, true));
            }
        }
        None
    }

    fn remove(&mut self, is_gone: impl Fn(&T) -> bool) -> (usize, PerRole<usize>) {
        let removed = |guests: &mut VecDeque<T>| {
            let before = guests.len();
            guests.retain(|guest| !is_gone(guest));
            before - guests.len()
        };
        let unstarted = PerRole {
            stage: removed(&mut self.unstarted.stage),
            driver: removed(&mut self.unstarted.driver),
        };
        (removed(&mut self.ready), unstarted)
    }
}

impl<T> Default for CallGuests<T> {
    fn default() -> Self {
        Self { ready: VecDeque::new(), unstarted: PerRole::from_fn(VecDeque::new) }
    }
}

impl<T> RoundRobinEntry for CallGuests<T> {
    fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.unstarted.stage.is_empty() && self.unstarted.driver.is_empty()
    }
}

impl<V: RoundRobinEntry + Default> RoundRobinEntry for RoundRobin<u64, V> {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
