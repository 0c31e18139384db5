//! Time that one guest call has used.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use cloakroom_core::Limit;
use rustix::time::{ClockId, clock_gettime};

use crate::instance::fault::Fault;

/// How long a guest computes in its caller's task at least before it moves to a thread of its own: a
/// tick of the epoch may come right after the guest has begun.
const INLINE: Duration = Duration::from_micros(500);

/// Time of one guest call: what it computes, and what its imports wait for. The queue is not part of it.
pub(crate) struct Clock {
    most: Duration,
    /// When the caller gives up, whatever the call was doing.
    until: Instant,
    abandoned: AtomicBool,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    computed: Duration,
    /// Of the poll that is under way, for other threads: only its own thread can measure it.
    counted: Duration,
    waited: Duration,
    /// What is being polled now.
    poll: Option<Poll>,
    /// Whether the guest was asked to leave its thread, rather than waiting for an import.
    gives_way: bool,
    /// Since when it waits for an import.
    waits: Option<Instant>,
}

#[derive(Clone, Copy)]
enum Poll {
    /// In the caller's task, which is cheaper to time by the wall clock.
    Inline(Instant),
    /// On a compute thread. Processor time, so that a busy machine does not count against the guest.
    Thread { began: Duration, turn: Duration },
}

/// A guest's next step at a tick of the epoch.
pub(crate) enum Tick {
    GoOn,
    GiveWay,
    End(Fault),
}

/// How a poll of a guest ended.
pub(super) struct Polled {
    pub(super) computed: Duration,
    pub(super) gives_way: bool,
}

impl Clock {
    pub(crate) fn new(most: Duration, until: Instant) -> Self {
        Self { most, until, abandoned: AtomicBool::new(false), spent: Mutex::default() }
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides what the guest does at a tick of the epoch.
    pub(crate) fn tick(&self) -> Tick {
        if self.abandoned() {
            return Tick::End(Fault::Internal("nobody waits for the answer any more".to_owned()));
        }
        let mut spent = self.spent();
        let polled = spent.polled();
        if self.most < spent.computed + spent.waited + polled {
            return Tick::End(Fault::Limit(Limit::Time));
        }
        let turn = match spent.poll {
            Some(Poll::Thread { turn, .. }) => turn,
            _ => INLINE,
        };
        spent.gives_way = turn <= polled;
        if spent.gives_way { Tick::GiveWay } else { Tick::GoOn }
    }

    /// Returns what the call may still use.
    pub(crate) fn left(&self) -> Duration {
        let spent = self.spent();
        self.most.saturating_sub(spent.computed + spent.waited + spent.polled())
    }

    /// Returns what the guest is told to have left.
    pub(crate) fn told(&self) -> Duration {
        self.left().min(self.until.saturating_duration_since(Instant::now()))
    }

    /// Returns what the guest has computed, as far as it was counted.
    pub(super) fn computed(&self) -> Duration {
        let spent = self.spent();
        spent.computed + spent.counted
    }

    /// Returns whether the guest runs in its caller's task.
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.spent().poll, Some(Poll::Inline(_)))
    }

    /// Has the guest leave its thread as soon as its future is pending.
    pub(crate) fn give_way(&self) {
        self.spent().gives_way = true;
    }

    pub(super) fn gives_way(&self) -> bool {
        self.spent().gives_way
    }

    pub(super) fn abandon(&self) {
        self.abandoned.store(true, SeqCst);
    }

    pub(super) fn abandoned(&self) -> bool {
        self.abandoned.load(SeqCst)
    }

    pub(crate) fn begin_inline(&self) {
        self.begin(Poll::Inline(Instant::now()));
    }

    /// The guest is about to compute for `turn` at most.
    pub(super) fn begin_turn(&self, turn: Duration) {
        self.begin(Poll::Thread { began: thread_time(), turn });
    }

    fn begin(&self, poll: Poll) {
        let mut spent = self.spent();
        spent.wake();
        spent.gives_way = false;
        spent.poll = Some(poll);
    }

    /// Counts what the poll that is under way has computed.
    pub(super) fn count(&self) {
        let mut spent = self.spent();
        spent.counted = spent.polled();
    }

    /// The guest was polled.
    pub(super) fn end(&self, pending: bool) -> Polled {
        let mut spent = self.spent();
        let computed = spent.polled();
        spent.computed += computed;
        spent.counted = Duration::ZERO;
        spent.poll = None;
        if pending && !spent.gives_way {
            spent.waits = Some(Instant::now());
        }
        Polled { computed, gives_way: spent.gives_way }
    }

    /// What the guest waited for is there. From here on it waits for a thread, which is not its time.
    pub(super) fn wake(&self) {
        self.spent().wake();
    }
}

impl Spent {
    /// What the poll that is under way has used.
    fn polled(&self) -> Duration {
        match self.poll {
            Some(Poll::Inline(began)) => began.elapsed(),
            Some(Poll::Thread { began, .. }) => thread_time().saturating_sub(began),
            None => Duration::ZERO,
        }
    }

    fn wake(&mut self) {
        if let Some(since) = self.waits.take() {
            self.waited += since.elapsed();
        }
    }
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let number = |part| u64::try_from(part).unwrap_or(0);
    Duration::from_secs(number(time.tv_sec)) + Duration::from_nanos(number(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use super::{super::TURN, *};

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
        assert_eq!(clock.left(), HOUR, "the queue");
        clock.begin_turn(TURN);
        pass(moment);
        assert!(!clock.end(false).gives_way);
        let left = clock.left();
        assert!(left < HOUR, "computing");
        pass(moment);
        assert_eq!(clock.left(), left, "the queue");
        clock.begin_turn(TURN);
        clock.end(true);
        pass(moment);
        clock.wake();
        let waited = left - clock.left();
        assert!(moment <= waited, "an import");
        pass(moment);
        assert_eq!(left - clock.left(), waited, "the queue, woken");
    }

    #[test]
    fn what_a_guest_is_told_is_the_smaller_of_both() {
        let short = Duration::from_secs(60);
        assert!(clock(HOUR, short).told() <= short);
        assert!(clock(short, HOUR).told() <= short);
        assert!(clock(HOUR, Duration::ZERO).told().is_zero());
    }

    #[test]
    fn a_guest_goes_on_until_its_turn_is_over_and_ends_with_its_time() {
        let clock = clock(HOUR, HOUR);
        clock.begin_turn(HOUR);
        assert!(matches!(clock.tick(), Tick::GoOn));
        clock.end(true);
        clock.begin_turn(Duration::ZERO);
        assert!(matches!(clock.tick(), Tick::GiveWay));
        assert!(clock.end(true).gives_way);
        clock.abandon();
        assert!(matches!(clock.tick(), Tick::End(Fault::Internal(_))));
        let none = Clock::new(Duration::ZERO, Instant::now());
        none.begin_turn(HOUR);
        pass(Duration::from_millis(1));
        assert!(matches!(none.tick(), Tick::End(Fault::Limit(Limit::Time))));
    }
}
