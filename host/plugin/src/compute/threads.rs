//! The threads that guests compute on.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use super::{
    TURN,
    part::Parts,
    queue::{Next, Queue, Queued as _},
    task::{Phase, Stretch, Task},
};
use crate::compute::ticker::Ticker;

/// What is left of a turn is not worth beginning another guest in.
const REST: Duration = Duration::from_micros(500);

/// As many threads as guests may compute at once, and the guests that wait for one.
pub(super) struct Threads {
    pub(super) ticker: Ticker,
    slots: usize,
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    queue: Queue<Arc<Task>>,
    /// Slots in use: threads with a guest, and callers that compute in their own task.
    running: usize,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
    /// How many guests of each part may still begin: each has an instance.
    places: Parts<usize>,
    /// Turns that began, ever.
    turns: u64,
    over: bool,
}

impl Threads {
    pub(super) fn new(ticker: Ticker, slots: usize, instances: usize) -> Self {
        let state = State {
            queue: Queue::new(),
            running: 0,
            threads: 0,
            idle: 0,
            places: Parts::both(|| instances),
            turns: 0,
            over: false,
        };
        Self { ticker, slots, state: Mutex::new(state), work: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many guests have not begun.
    pub(super) fn unstarted(&self) -> usize {
        self.state().queue.unstarted()
    }

    /// Ends the threads once their guests have.
    pub(super) fn end(&self) {
        self.state().over = true;
        self.work.notify_all();
    }

    /// Computes in the caller's task for a tick, if nobody would have to wait for it. Tells whether it
    /// did.
    pub(super) fn run_inline(self: &Arc<Self>, task: &Arc<Task>) -> bool {
        let mut state = self.state();
        let places = state.places.of(task.part);
        if *places == 0 || !state.queue.is_empty() || self.slots <= state.running {
            return false;
        }
        *state.places.of(task.part) -= 1;
        state.running += 1;
        task.call.begin();
        task.enter(Phase::Running);
        drop(state);
        let (pending, polled) = task.poll(Stretch::Inline);
        let mut state = self.state();
        state.running -= 1;
        state.settle(task, pending, polled.gives_way);
        // Without a thread the guest ends: its caller hears of it.
        let failed = self.rouse(&mut state).is_err();
        drop(state);
        if failed || task.clock.abandoned() {
            self.cancel(task);
        }
        true
    }

    /// Queues a guest that has not begun.
    pub(super) fn submit(self: &Arc<Self>, task: &Arc<Task>) -> io::Result<()> {
        let mut state = self.state();
        task.turns.store(state.turns, Relaxed);
        state.queue.add(task.lane(), task.clone());
        self.rouse(&mut state)
    }

    /// Queues a guest again that waited for an import.
    pub(super) fn wake(self: &Arc<Self>, task: &Arc<Task>) {
        let mut state = self.state();
        match task.phase() {
            Phase::Running => task.enter(Phase::Woken),
            Phase::Waiting => {
                task.clock.wake();
                task.enter(Phase::Ready);
                state.queue.resume(task.clone());
                let failed = self.rouse(&mut state).is_err();
                drop(state);
                if failed {
                    self.cancel(task);
                }
            }
            Phase::Unstarted | Phase::Ready | Phase::Woken | Phase::Over => {}
        }
    }

    /// Ends a guest: now, or at the next tick if it computes.
    pub(super) fn cancel(self: &Arc<Self>, task: &Arc<Task>) {
        task.clock.abandon();
        let mut state = self.state();
        match task.phase() {
            // Whoever runs it finds that it is abandoned.
            Phase::Running | Phase::Woken | Phase::Over => return,
            Phase::Unstarted => state.remove(task),
            Phase::Ready => {
                state.remove(task);
                *state.places.of(task.part) += 1;
            }
            Phase::Waiting => *state.places.of(task.part) += 1,
        }
        task.enter(Phase::Over);
        let _ = self.rouse(&mut state);
        drop(state);
        drop(task.take());
    }

    /// Has a thread look for work, if there is any that it may do.
    ///
    /// # Errors
    /// If there is no thread at all.
    fn rouse(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        if state.queue.is_empty() || self.slots <= state.running {
            return Ok(());
        }
        if state.idle != 0 {
            self.work.notify_one();
            return Ok(());
        }
        if state.threads < self.slots {
            let threads = self.clone();
            let builder = thread::Builder::new().name("cloakroom-compute".to_owned());
            match builder.spawn(move || threads.work()) {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => return Err(error),
                Err(error) => tracing::warn!(%error, "cannot start another compute thread"),
            }
        }
        Ok(())
    }

    fn work(self: &Arc<Self>) {
        let mut state = self.state();
        while !state.over {
            let next = if state.running < self.slots { state.next() } else { None };
            if let Some(next) = next {
                state.running += 1;
                state.turns += 1;
                drop(state);
                self.turn(next);
                state = self.state();
                state.running -= 1;
            } else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }

    /// One turn: of a guest, and of others of its call if it does not use all of it.
    fn turn(self: &Arc<Self>, Next { guest, lane, .. }: Next<Arc<Task>>) {
        let (mut task, mut left) = (guest, TURN);
        loop {
            let (pending, polled) = task.poll(Stretch::Turn(left));
            left = left.saturating_sub(polled.computed);
            let mut state = self.state();
            state.settle(&task, pending, polled.gives_way);
            let _ = self.rouse(&mut state);
            let next = if left < REST { None } else { state.next_of(&task) };
            if next.is_none() {
                state.queue.used(lane, TURN.saturating_sub(left));
            }
            drop(state);
            if task.phase() == Phase::Over {
                // Nothing, unless it was abandoned after it was polled.
                drop(task.take());
            }
            match next {
                Some(next) => task = next.guest,
                None => return,
            }
        }
    }
}

impl State {
    fn next(&mut self) -> Option<Next<Arc<Task>>> {
        let room = self.room();
        let next = self.queue.next(room)?;
        Some(self.begun(next))
    }

    fn next_of(&mut self, task: &Arc<Task>) -> Option<Next<Arc<Task>>> {
        let room = self.room();
        let next = self.queue.next_of(&task.namespace(), task.call.number(), room)?;
        Some(self.begun(next))
    }

    fn room(&mut self) -> Parts<bool> {
        self.places.map(|places| places != 0)
    }

    fn begun(&mut self, next: Next<Arc<Task>>) -> Next<Arc<Task>> {
        let task = &next.guest;
        if next.starts {
            *self.places.of(task.part) -= 1;
            task.call.begin();
            let others = self.turns.saturating_sub(task.turns.load(Relaxed));
            task.turns.store(others, Relaxed);
        }
        task.enter(Phase::Running);
        next
    }

    /// Says where a guest is after it was polled.
    fn settle(&mut self, task: &Arc<Task>, pending: bool, gives_way: bool) {
        if !pending || task.clock.abandoned() {
            *self.places.of(task.part) += 1;
            task.enter(Phase::Over);
        } else if gives_way || task.phase() == Phase::Woken {
            task.clock.wake();
            task.enter(Phase::Ready);
            self.queue.resume(task.clone());
        } else {
            task.enter(Phase::Waiting);
        }
    }

    fn remove(&mut self, task: &Arc<Task>) {
        let is_it = |other: &Arc<Task>| Arc::ptr_eq(other, task);
        self.queue.remove(&task.namespace(), task.call.number(), is_it);
    }
}
