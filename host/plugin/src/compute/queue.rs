//! Fair order of guests: namespaces take turns, then calls, then payloads.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use super::{
    TURN,
    part::{Part, Parts},
    rota::{Rota, Work},
};

/// Where a guest stands that waits for its first turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Its payload is small, and no payload of its call has begun.
    Small,
    /// No payload of its call has begun.
    New,
    /// Its call has begun.
    Begun,
}

/// A guest as the queue sees it.
pub(super) trait Queued {
    fn namespace(&self) -> Arc<str>;
    fn call(&self) -> u64;
    fn part(&self) -> Part;
}

/// The guests of one call that wait for a thread.
struct Call<T> {
    /// Those that have begun and could go on.
    ready: VecDeque<T>,
    /// Those that have not begun. They hold no instance.
    unstarted: Parts<VecDeque<T>>,
}

type Calls<T> = Rota<Arc<str>, Rota<u64, Call<T>>>;

/// A guest that is next.
pub(super) struct Next<T> {
    pub(super) guest: T,
    /// Whether this is its first turn.
    pub(super) starts: bool,
    pub(super) lane: Lane,
}

/// Guests that wait for a thread.
///
/// - Calls that have begun take turns.
/// - A call that has not begun goes before them, once each of them had a turn since the last such.
/// - One whose first payload is small goes before all, until such calls together had a whole turn.
pub(super) struct Queue<T> {
    small: Calls<T>,
    new: Calls<T>,
    begun: Calls<T>,
    ready: usize,
    unstarted: Parts<usize>,
    /// Turns of begun calls since a new call was let in.
    since_new: usize,
    /// What small calls used since any other had a turn.
    small_used: Duration,
}

impl<T: Queued> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            small: Rota::default(),
            new: Rota::default(),
            begun: Rota::default(),
            ready: 0,
            unstarted: Parts::default(),
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
        *self.unstarted.of(guest.part()) += 1;
        let (namespace, call, part) = (guest.namespace(), guest.call(), guest.part());
        let calls = self.lane(lane);
        calls.entry(&namespace).entry(&call).unstarted.of(part).push_back(guest);
    }

    /// Adds a guest that has begun and can go on.
    pub(super) fn resume(&mut self, guest: T) {
        self.ready += 1;
        let (namespace, call) = (guest.namespace(), guest.call());
        self.begun.entry(&namespace).entry(&call).ready.push_back(guest);
    }

    /// Takes the guest that is next. `room` says of which part guests may begin.
    pub(super) fn next(&mut self, room: Parts<bool>) -> Option<Next<T>> {
        if self.ready == 0 && !Part::ALL.iter().any(|&part| self.may_begin(part, room)) {
            return None;
        }
        let calls: usize = self.begun.values().map(Rota::len).sum();
        let small_first = self.small_used < TURN;
        let new_first = calls <= self.since_new;
        let order = [
            (Lane::Small, small_first),
            (Lane::New, new_first),
            (Lane::Begun, true),
            (Lane::New, !new_first),
            (Lane::Small, !small_first),
        ];
        let lanes = order.into_iter().filter_map(|(lane, holds)| holds.then_some(lane));
        for lane in lanes {
            let served = self.lane(lane).serve(|calls| calls.serve(|call| call.next(room)));
            if let Some((guest, starts)) = served {
                self.count(lane);
                return Some(self.taken(guest, starts, lane));
            }
        }
        None
    }

    /// Takes the next guest of a call that has not used its whole turn.
    pub(super) fn next_of(
        &mut self,
        namespace: &Arc<str>,
        call: u64,
        room: Parts<bool>,
    ) -> Option<Next<T>> {
        let found = self.begun.ask(namespace, |calls| calls.ask(&call, |guests| guests.next(room)));
        found.map(|(guest, starts)| self.taken(guest, starts, Lane::Begun))
    }

    /// Notes what a turn that began in `lane` has used.
    pub(super) fn used(&mut self, lane: Lane, used: Duration) {
        if lane == Lane::Small {
            self.small_used = self.small_used.saturating_add(used);
        }
    }

    /// Removes the guests of a call that `is_it` finds.
    pub(super) fn remove(&mut self, namespace: &Arc<str>, call: u64, is_it: impl Fn(&T) -> bool) {
        for lane in [Lane::Small, Lane::New, Lane::Begun] {
            let removed = self
                .lane(lane)
                .ask(namespace, |calls| calls.ask(&call, |guests| Some(guests.remove(&is_it))));
            if let Some((ready, unstarted)) = removed {
                self.ready -= ready;
                self.unstarted.stage -= unstarted.stage;
                self.unstarted.driver -= unstarted.driver;
            }
        }
    }

    fn may_begin(&self, part: Part, mut room: Parts<bool>) -> bool {
        let mut unstarted = self.unstarted;
        *room.of(part) && *unstarted.of(part) != 0
    }

    fn lane(&mut self, lane: Lane) -> &mut Calls<T> {
        match lane {
            Lane::Small => &mut self.small,
            Lane::New => &mut self.new,
            Lane::Begun => &mut self.begun,
        }
    }

    fn count(&mut self, lane: Lane) {
        match lane {
            Lane::Small => return,
            Lane::New => self.since_new = 0,
            Lane::Begun => self.since_new = self.since_new.saturating_add(1),
        }
        self.small_used = Duration::ZERO;
    }

    fn taken(&mut self, guest: T, starts: bool, lane: Lane) -> Next<T> {
        if starts {
            *self.unstarted.of(guest.part()) -= 1;
        } else {
            self.ready -= 1;
        }
        if lane != Lane::Begun {
            self.begin(&guest);
        }
        Next { guest, starts, lane }
    }

    /// The rest of the guest's call takes turns with the calls that have begun.
    fn begin(&mut self, guest: &T) {
        let (namespace, call) = (guest.namespace(), guest.call());
        for lane in [Lane::Small, Lane::New] {
            let rest = self
                .lane(lane)
                .ask(&namespace, |calls| calls.ask(&call, |guests| Some(mem::take(guests))));
            if let Some(Call { ready: _, unstarted: Parts { mut stage, mut driver } }) = rest {
                let begun = &mut self.begun.entry(&namespace).entry(&call).unstarted;
                begun.stage.append(&mut stage);
                begun.driver.append(&mut driver);
            }
        }
    }
}

impl<T> Call<T> {
    /// A guest that has begun comes first: it holds memory.
    fn next(&mut self, mut room: Parts<bool>) -> Option<(T, bool)> {
        if let Some(guest) = self.ready.pop_front() {
            return Some((guest, false));
        }
        // A driver's guest finishes a payload, a codec's begins one.
        for part in [Part::Driver, Part::Stage] {
            if *room.of(part)
                && let Some(guest) = self.unstarted.of(part).pop_front()
            {
                return Some((guest, true));
            }
        }
        None
    }

    fn remove(&mut self, is_it: impl Fn(&T) -> bool) -> (usize, Parts<usize>) {
        let removed = |guests: &mut VecDeque<T>| {
            let before = guests.len();
            guests.retain(|guest| !is_it(guest));
            before - guests.len()
        };
        let unstarted = Parts {
            stage: removed(&mut self.unstarted.stage),
            driver: removed(&mut self.unstarted.driver),
        };
        (removed(&mut self.ready), unstarted)
    }
}

impl<T> Default for Call<T> {
    fn default() -> Self {
        Self { ready: VecDeque::new(), unstarted: Parts::both(VecDeque::new) }
    }
}

impl<T> Work for Call<T> {
    fn is_done(&self) -> bool {
        self.ready.is_empty() && self.unstarted.stage.is_empty() && self.unstarted.driver.is_empty()
    }
}

impl<V: Work + Default> Work for Rota<u64, V> {
    fn is_done(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
