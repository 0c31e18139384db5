//! Compute threads: they take the next guest from the queue and run its turn.

pub(super) mod inline;

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use super::{
    clock::{PollReport, TURN},
    plugin_role::PerRole,
    queue::{NextGuest, Queue, QueueEntry as _},
    task::{Phase, Task, WakeTask},
    ticker::EpochTicker,
};

/// Rest of a turn that is too short to begin another guest in: changing guests costs some hundred
/// microseconds.
const SHORTEST_TURN: Duration = Duration::from_micros(500);

/// Threads that guests compute on, started when needed, and the guests that wait for one.
pub(super) struct ComputeThreads {
    ticker: EpochTicker,
    /// Guests that may compute at once.
    slots: usize,
    state: Mutex<State>,
    work: Condvar,
    /// Longest turn of a runtime that has nothing else to do.
    idle: Duration,
    /// Whether a short call computes in its caller's task.
    has_short: AtomicBool,
}

struct State {
    queue: Queue<Arc<Task>>,
    /// Slots in use: by threads with a guest, and by callers that compute in their own task.
    running: usize,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
    /// Guests that may still begin, as each takes an instance. Codecs and drivers have separate
    /// numbers: a store that hangs keeps its drivers waiting, and must not keep codecs out.
    free_instances: PerRole<usize>,
    /// Turns that have begun since the host was built.
    turns: u64,
    stopped: bool,
}

impl ComputeThreads {
    pub(super) fn new(ticker: EpochTicker, slots: usize, instances: usize, idle: Duration) -> Self {
        let state = State {
            queue: Queue::new(),
            running: 0,
            threads: 0,
            idle: 0,
            free_instances: PerRole::from_fn(|| instances),
            turns: 0,
            stopped: false,
        };
        let (state, work) = (Mutex::new(state), Condvar::new());
        Self { ticker, slots, state, work, idle, has_short: AtomicBool::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many guests have not begun.
    pub(super) fn unstarted(&self) -> usize {
        self.state().queue.unstarted()
    }

    /// Ends the threads once their guests have ended.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.work.notify_all();
    }

    /// Queues a guest that has not begun.
    pub(super) fn submit(self: &Arc<Self>, task: &Arc<Task>) -> io::Result<()> {
        let mut state = self.state();
        task.turns.store(state.turns, Relaxed);
        state.queue.add(task.lane(), task.clone());
        self.wake_thread(&mut state)
    }

    /// Ends a guest: now, or at the next tick if it computes.
    pub(super) fn cancel(self: &Arc<Self>, task: &Arc<Task>) {
        task.clock.abandon();
        let mut state = self.state();
        match task.phase() {
            // The thread that runs it finds that it is abandoned.
            Phase::Running | Phase::Woken | Phase::Done => return,
            Phase::Unstarted => state.remove(task),
            Phase::Ready => {
                state.remove(task);
                *state.free_instances.get_mut(task.role) += 1;
            }
            Phase::Waiting => *state.free_instances.get_mut(task.role) += 1,
        }
        task.set_phase(Phase::Done);
        // This guest is over either way; others have threads or end when their own wake-up fails.
        let _ = self.wake_thread(&mut state);
        // Unlocked first: dropping a guest drops its store, and may abort requests, which wake other tasks.
        drop(state);
        drop(task.take_guest());
    }

    /// Wakes a thread, or starts one, if a guest waits and a slot is free.
    ///
    /// # Errors
    /// The system's error if it cannot start a thread and there is none.
    fn wake_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        // Threads in use look for work themselves when their turns end.
        if state.queue.is_empty() || state.running >= self.slots {
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
        while !state.stopped {
            let next = if state.running < self.slots { state.next_guest() } else { None };
            if let Some(next) = next {
                state.running += 1;
                state.turns += 1;
                drop(state);
                self.run_turn(next);
                state = self.state();
                state.running -= 1;
            } else {
                state.idle += 1;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }

    /// Runs one turn: a guest, and then others of its call for as long as the turn lasts.
    fn run_turn(self: &Arc<Self>, NextGuest { guest, lane, .. }: NextGuest<Arc<Task>>) {
        let (mut task, mut left) = (guest, TURN);
        loop {
            let report = task.poll_turn(left, &self.ticker);
            left = left.saturating_sub(report.computed);
            let mut state = self.state();
            state.place_after_poll(&task, &report);
            let _ = self.wake_thread(&mut state);
            // The same call first: its data is in the caches, and its batch is done sooner.
            let next = if left < SHORTEST_TURN { None } else { state.next_of_call(&task) };
            if next.is_none() {
                state.queue.charge(lane, TURN.saturating_sub(left));
            }
            drop(state);
            if task.phase() == Phase::Done {
                // There is none left, unless the call was abandoned after this poll.
                drop(task.take_guest());
            }
            match next {
                Some(next) => task = next.guest,
                None => return,
            }
        }
    }
}

impl WakeTask for ComputeThreads {
    fn wake_task(self: Arc<Self>, task: &Arc<Task>) {
        let mut state = self.state();
        match task.phase() {
            Phase::Running => task.set_phase(Phase::Woken),
            Phase::Waiting => {
                task.clock.wake();
                task.set_phase(Phase::Ready);
                state.queue.resume(task.clone());
                let failed = self.wake_thread(&mut state).is_err();
                drop(state);
                if failed {
                    self.cancel(task);
                }
            }
            Phase::Unstarted | Phase::Ready | Phase::Woken | Phase::Done => {}
        }
    }
}

impl State {
    fn next_guest(&mut self) -> Option<NextGuest<Arc<Task>>> {
        let may_begin = self.may_begin();
        let next = self.queue.next(may_begin)?;
        Some(self.start_turn(next))
    }

    fn next_of_call(&mut self, task: &Arc<Task>) -> Option<NextGuest<Arc<Task>>> {
        let may_begin = self.may_begin();
        let next = self.queue.next_of_call(&task.namespace(), task.call.number(), may_begin)?;
        Some(self.start_turn(next))
    }

    fn may_begin(&self) -> PerRole<bool> {
        self.free_instances.map(|free| free != 0)
    }

    fn start_turn(&mut self, next: NextGuest<Arc<Task>>) -> NextGuest<Arc<Task>> {
        let task = &next.guest;
        if next.is_first_turn {
            *self.free_instances.get_mut(task.role) -= 1;
            task.call.begin();
            let others = self.turns.saturating_sub(task.turns.load(Relaxed));
            task.turns.store(others, Relaxed);
        }
        task.set_phase(Phase::Running);
        next
    }

    /// Puts a guest where it belongs after a poll: into the queue, among those that wait, or out.
    fn place_after_poll(&mut self, task: &Arc<Task>, report: &PollReport) {
        if !report.pending || task.clock.is_abandoned() {
            *self.free_instances.get_mut(task.role) += 1;
            task.set_phase(Phase::Done);
        } else if report.yielded || task.phase() == Phase::Woken {
            // Woken while it ran: what it waits for may be there already, and nobody would wake it again.
            task.clock.wake();
            task.set_phase(Phase::Ready);
            self.queue.resume(task.clone());
        } else {
            task.set_phase(Phase::Waiting);
        }
    }

    fn remove(&mut self, task: &Arc<Task>) {
        let is_task = |other: &Arc<Task>| Arc::ptr_eq(other, task);
        self.queue.remove(&task.namespace(), task.call.number(), is_task);
    }
}
