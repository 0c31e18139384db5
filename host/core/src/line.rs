//! Queue for a scarce resource: first come, first served, and fair between groups.

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

/// Queue of callers that wait for a resource.
///
/// Groups take turns, then the calls of a group; the callers of a call are served in order of arrival.
/// With one queue for all, a namespace that sends a batch of 10,000 payloads would make every other
/// namespace wait for all of them.
///
/// The line does not know the resource: the code that returns some of it calls [`Line::wake`].
pub struct Line<K> {
    waiting: AtomicUsize,
    queues: Mutex<Queues<K>>,
}

struct Queues<K> {
    next_ticket: u64,
    /// Groups that wait. The first is served next.
    order: VecDeque<K>,
    groups: BTreeMap<K, Group>,
}

#[derive(Default)]
struct Group {
    order: VecDeque<u64>,
    calls: BTreeMap<u64, VecDeque<Waiter>>,
}

struct Waiter {
    ticket: u64,
    waker: Waker,
}

impl<K> Default for Line<K> {
    fn default() -> Self {
        let queues = Queues { next_ticket: 0, order: VecDeque::new(), groups: BTreeMap::new() };
        Self { waiting: AtomicUsize::new(0), queues: Mutex::new(queues) }
    }
}

impl<K: Clone + Ord> Line<K> {
    /// Waits for the caller's turn and calls `attempt` until it returns a value. Within a call, no later
    /// caller is served first.
    ///
    /// A future that is dropped leaves the line, and the callers behind it move up. `attempt` runs under
    /// the line's lock: it must be short and must not use the line.
    pub async fn pass<R>(&self, group: &K, call: u64, attempt: impl FnMut() -> Option<R>) -> R {
        let mut attempt = attempt;
        let mut place = Place { line: self, group, call, ticket: None };
        poll_fn(|polling| place.poll(polling, &mut attempt)).await
    }

    /// Wakes the next caller. Call it after some of the resource was returned.
    pub fn wake(&self) {
        if self.waiting.load(SeqCst) != 0 {
            wake(self.queues().head().map(|waiter| waiter.waker.clone()));
        }
    }

    /// Returns how many callers wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    fn queues(&self) -> MutexGuard<'_, Queues<K>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Place of a caller in a line.
struct Place<'a, K: Clone + Ord> {
    line: &'a Line<K>,
    group: &'a K,
    call: u64,
    /// None before the first poll, and once served.
    ticket: Option<u64>,
}

impl<K: Clone + Ord> Place<'_, K> {
    fn poll<R>(
        &mut self,
        polling: &Context<'_>,
        attempt: &mut impl FnMut() -> Option<R>,
    ) -> Poll<R> {
        let mut queues = self.line.queues();
        let ticket = match self.ticket {
            Some(ticket) => {
                if let Some(waiter) = queues.find(self.group, self.call, ticket) {
                    waiter.waker.clone_from(polling.waker());
                }
                ticket
            }
            None => {
                // With others in line a newcomer could take again and again what was returned for the
                // head, which would starve.
                if queues.order.is_empty()
                    && let Some(taken) = attempt()
                {
                    return Poll::Ready(taken);
                }
                // Counted before the next attempt: a permit that is returned right after that attempt
                // must see a waiting caller, or the wake-up would be lost.
                self.line.waiting.fetch_add(1, SeqCst);
                *self.ticket.insert(queues.join(self.group, self.call, polling.waker()))
            }
        };
        if queues.head().is_none_or(|head| head.ticket != ticket) {
            return Poll::Pending;
        }
        let Some(taken) = attempt() else {
            return Poll::Pending;
        };
        self.ticket = None;
        queues.serve();
        self.line.waiting.fetch_sub(1, SeqCst);
        let next = queues.head().map(|waiter| waiter.waker.clone());
        drop(queues);
        // There may be enough for the next caller too.
        wake(next);
        Poll::Ready(taken)
    }
}

impl<K: Clone + Ord> Drop for Place<'_, K> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else {
            return;
        };
        let mut queues = self.line.queues();
        queues.leave(self.group, self.call, ticket);
        self.line.waiting.fetch_sub(1, SeqCst);
        let next = queues.head().map(|waiter| waiter.waker.clone());
        drop(queues);
        // The caller that left may have been woken already, so its wake-up goes to the next one.
        wake(next);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl<K: Clone + Ord> Queues<K> {
    fn head(&self) -> Option<&Waiter> {
        let group = self.groups.get(self.order.front()?)?;
        group.calls.get(group.order.front()?)?.front()
    }

    fn find(&mut self, group: &K, call: u64, ticket: u64) -> Option<&mut Waiter> {
        let waiters = self.groups.get_mut(group)?.calls.get_mut(&call)?;
        waiters.iter_mut().find(|waiter| waiter.ticket == ticket)
    }

    fn join(&mut self, key: &K, call: u64, waker: &Waker) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        if !self.groups.contains_key(key) {
            self.order.push_back(key.clone());
        }
        let group = self.groups.entry(key.clone()).or_default();
        if !group.calls.contains_key(&call) {
            group.order.push_back(call);
        }
        let waiter = Waiter { ticket, waker: waker.clone() };
        group.calls.entry(call).or_default().push_back(waiter);
        ticket
    }

    /// Removes the head, and puts its call and its group at the end.
    fn serve(&mut self) {
        let Some(key) = self.order.pop_front() else {
            return;
        };
        let Some(group) = self.groups.get_mut(&key) else {
            return;
        };
        if let Some(call) = group.order.pop_front()
            && let Some(waiters) = group.calls.get_mut(&call)
        {
            waiters.pop_front();
            if waiters.is_empty() {
                group.calls.remove(&call);
            } else {
                group.order.push_back(call);
            }
        }
        if group.order.is_empty() {
            self.groups.remove(&key);
        } else {
            // To the end however long its next caller has waited: otherwise the group with the longest
            // queue would have every turn.
            self.order.push_back(key);
        }
    }

    fn leave(&mut self, key: &K, call: u64, ticket: u64) {
        let Some(group) = self.groups.get_mut(key) else {
            return;
        };
        let Some(waiters) = group.calls.get_mut(&call) else {
            return;
        };
        waiters.retain(|waiter| waiter.ticket != ticket);
        if !waiters.is_empty() {
            return;
        }
        group.calls.remove(&call);
        group.order.retain(|other| *other != call);
        if group.order.is_empty() {
            self.groups.remove(key);
            self.order.retain(|other| other != key);
        }
    }
}

#[cfg(test)]
mod tests;
