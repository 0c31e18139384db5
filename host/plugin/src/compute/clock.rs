//! Time that one guest call has used, and its deadline.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// Longest turn of a guest before another has its turn. Changing guests costs what is in the caches,
/// some hundred microseconds.
pub(super) const TURN: Duration = Duration::from_millis(10);

/// Longest computation in a caller's task before the guest moves to a compute thread. It is shorter
/// than a tick, but the guest is asked at ticks only, and the first may come right after it began.
const INLINE: Duration = Duration::from_micros(500);

/// Time of one guest call: what it computes, and how long its imports wait. Time in the queue is not
/// part of it, or a plugin would be blamed for the machine's load.
pub(crate) struct Clock {
    limit: Duration,
    /// When the caller stops waiting, whatever the call is doing.
    until: Instant,
    abandoned: AtomicBool,
    spent: Mutex<TimeSpent>,
}

#[derive(Default)]
struct TimeSpent {
    computed: Duration,
    /// Computed in the current poll, for readers on other threads: only the thread that polls can
    /// read its processor time.
    counted: Duration,
    waited: Duration,
    current: Option<CurrentPoll>,
    /// Whether the guest is pending because it leaves its thread, and not because an import waits.
    yields: bool,
    /// Whether it leaves its caller's task because an import has large work.
    leaves_caller: bool,
    /// Since when an import waits.
    waiting_since: Option<Instant>,
}

#[derive(Clone, Copy)]
enum CurrentPoll {
    /// In the caller's task. Timed by the wall clock, which is cheaper to read.
    Inline(Instant),
    /// On a compute thread. Timed by processor time, so that a busy machine does not count against the
    /// guest.
    Thread { began: Duration, turn: Duration },
}

/// Decision about a running guest at a tick of the epoch.
#[derive(Debug)]
pub(crate) enum Tick {
    Continue,
    Yield,
    Stop(StopReason),
}

/// Reason to end a running guest.
#[derive(Debug)]
pub(crate) enum StopReason {
    /// Its caller no longer waits.
    Abandoned,
    /// It has used its time.
    TimeUp,
}

/// Result of one poll of a guest.
pub(super) struct PollReport {
    pub(super) pending: bool,
    pub(super) computed: Duration,
    /// Whether the guest is pending because it left its thread.
    pub(super) yielded: bool,
    /// Whether it may not go on in its caller's task.
    pub(super) leaves_caller: bool,
}

impl Clock {
    pub(crate) fn new(limit: Duration, until: Instant) -> Self {
        Self { limit, until, abandoned: AtomicBool::new(false), spent: Mutex::default() }
    }

    fn spent(&self) -> MutexGuard<'_, TimeSpent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides at a tick of the epoch whether the guest goes on.
    pub(crate) fn tick(&self) -> Tick {
        // First, so that a guest whose caller is gone is not charged to anybody as too slow.
        if self.is_abandoned() {
            return Tick::Stop(StopReason::Abandoned);
        }
        let mut spent = self.spent();
        let in_poll = spent.in_current_poll();
        if spent.computed + spent.waited + in_poll > self.limit {
            return Tick::Stop(StopReason::TimeUp);
        }
        let turn = match spent.current {
            Some(CurrentPoll::Thread { turn, .. }) => turn,
            _ => INLINE,
        };
        spent.yields = in_poll >= turn;
        if spent.yields { Tick::Yield } else { Tick::Continue }
    }

    /// Returns the time that the call has left.
    pub(crate) fn time_left(&self) -> Duration {
        let spent = self.spent();
        self.limit.saturating_sub(spent.computed + spent.waited + spent.in_current_poll())
    }

    /// Returns the time after which the call has no answer any more: until its own time is used, or
    /// until its caller stops waiting.
    pub(crate) fn time_until_deadline(&self) -> Duration {
        self.time_left().min(self.until.saturating_duration_since(Instant::now()))
    }

    /// Returns when the caller stops waiting.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Returns the time that the guest has computed, as far as it was counted.
    pub(super) fn computed(&self) -> Duration {
        let spent = self.spent();
        spent.computed + spent.counted
    }

    /// Returns whether the guest runs in its caller's task.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.spent().current, Some(CurrentPoll::Inline(_)))
    }

    /// Has the guest leave its caller's task as soon as its future is pending.
    pub(super) fn leave_caller(&self) {
        let mut spent = self.spent();
        spent.yields = true;
        spent.leaves_caller = true;
    }

    pub(super) fn yields(&self) -> bool {
        self.spent().yields
    }

    /// Notes that the caller no longer waits. A guest that computes is ended at the next tick.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, SeqCst);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(SeqCst)
    }

    /// Begins a poll in the caller's task, which is timed since `began`.
    pub(crate) fn begin_inline(&self, began: Instant) {
        self.begin(CurrentPoll::Inline(began));
    }

    /// Begins a poll on a compute thread, where the guest yields after `turn`.
    pub(super) fn begin_turn(&self, turn: Duration) {
        self.begin(CurrentPoll::Thread { began: thread_time(), turn });
    }

    fn begin(&self, poll: CurrentPoll) {
        let mut spent = self.spent();
        spent.stop_waiting();
        spent.yields = false;
        spent.leaves_caller = false;
        spent.current = Some(poll);
    }

    /// Counts the time of the current poll so far, for readers on other threads. There are none of a poll
    /// in the caller's task: the caller reads after it.
    pub(super) fn count(&self) {
        let mut spent = self.spent();
        if let Some(CurrentPoll::Thread { .. }) = spent.current {
            spent.counted = spent.in_current_poll();
        }
    }

    /// Ends the current poll.
    pub(super) fn end(&self, pending: bool) -> PollReport {
        let mut spent = self.spent();
        let computed = spent.in_current_poll();
        spent.computed += computed;
        // Part of `computed` from here on.
        spent.counted = Duration::ZERO;
        spent.current = None;
        if pending && !spent.yields {
            spent.waiting_since = Some(Instant::now());
        }
        let TimeSpent { yields: yielded, leaves_caller, .. } = *spent;
        PollReport { pending, computed, yielded, leaves_caller }
    }

    /// Ends the wait for an import. From then on the guest waits for a thread, which is not its time.
    pub(super) fn wake(&self) {
        self.spent().stop_waiting();
    }
}

impl TimeSpent {
    fn in_current_poll(&self) -> Duration {
        match self.current {
            Some(CurrentPoll::Inline(began)) => began.elapsed(),
            Some(CurrentPoll::Thread { began, .. }) => thread_time().saturating_sub(began),
            None => Duration::ZERO,
        }
    }

    fn stop_waiting(&mut self) {
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
    }
}

/// Returns the processor time of this thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let number = |part| u64::try_from(part).unwrap_or(0);
    Duration::from_secs(number(time.tv_sec)) + Duration::from_nanos(number(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn clock(most: Duration, wait: Duration) -> Clock {
        Clock::new(most, Instant::now() + wait)
    }

    /// Waits until time has passed for everybody.
    fn pass(time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn counts_computing_and_waiting_for_imports_and_not_the_queue() {
        let clock = clock(HOUR, HOUR);
        let moment = Duration::from_millis(2);
        pass(moment);
        assert_eq!(clock.time_left(), HOUR, "the queue");
        clock.begin_turn(TURN);
        pass(moment);
        assert!(!clock.end(false).yielded);
        let left = clock.time_left();
        assert!(left < HOUR, "computing");
        pass(moment);
        assert_eq!(clock.time_left(), left, "the queue");
        clock.begin_turn(TURN);
        clock.end(true);
        pass(moment);
        clock.wake();
        let waited = left - clock.time_left();
        assert!(moment <= waited, "an import");
        pass(moment);
        assert_eq!(left - clock.time_left(), waited, "the queue, woken");
    }

    #[test]
    fn the_deadline_is_the_earlier_of_both() {
        let short = Duration::from_secs(60);
        assert!(clock(HOUR, short).time_until_deadline() <= short);
        assert!(clock(short, HOUR).time_until_deadline() <= short);
        assert!(clock(HOUR, Duration::ZERO).time_until_deadline().is_zero());
    }

    #[test]
    fn a_guest_goes_on_until_its_turn_is_over_and_ends_with_its_time() {
        let clock = clock(HOUR, HOUR);
        clock.begin_turn(HOUR);
        assert!(matches!(clock.tick(), Tick::Continue));
        clock.end(true);
        clock.begin_turn(Duration::ZERO);
        assert!(matches!(clock.tick(), Tick::Yield));
        assert!(clock.end(true).yielded);
        clock.abandon();
        assert!(matches!(clock.tick(), Tick::Stop(StopReason::Abandoned)));
        let none = Clock::new(Duration::ZERO, Instant::now());
        none.begin_turn(HOUR);
        pass(Duration::from_millis(1));
        assert!(matches!(none.tick(), Tick::Stop(StopReason::TimeUp)));
    }
}
