//! Scheduler: guests share as many threads as there are cores, in fair order.
//!
//! Guests do not run on the threads of the embedder's runtime, except for the first moments of a quick
//! call, and for short calls one at a time: a runtime polls its timers and sockets after 61 tasks, and
//! with 61 guests that compute a millisecond each, a heartbeat was 60 ms late.

pub(crate) mod background;
mod cancel_on_drop;
pub(crate) mod clock;
mod errors;
pub(crate) mod inline_limit;
pub(crate) mod large_work;
pub(crate) mod permit;
pub(crate) mod plugin_role;
mod queue;
mod round_robin;
mod size_limit;
mod task;
mod threads;
pub(crate) mod ticker;
mod wait_bound;

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use cloakroom_core::{CallId, Context, Error};
use tokio::{runtime::Handle, sync::oneshot};
use tracing::{Dispatch, Span, dispatcher};

use self::{
    cancel_on_drop::CancelOnDrop,
    clock::{Clock, PollReport},
    inline_limit::{Expected, InlineLimit},
    permit::CallPermit,
    plugin_role::PluginRole,
    task::{Phase, Task, WaitingGauge},
    threads::{ComputeThreads, inline::FirstPoll},
    ticker::EpochTicker,
};
use crate::limits::{Limits, own::PluginLimits};

/// Size of a small payload, which goes before others when it waits for a slot.
const SMALL: usize = 64 << 10;

/// Longest turn of a runtime that has nothing else to do. One that takes longer has other tasks, and short
/// calls leave it to them.
const IDLE: Duration = Duration::from_micros(50);

/// Scheduler of one host.
pub(crate) struct Compute {
    threads: Arc<ComputeThreads>,
    limits: Limits,
}

/// Guest call to be made.
pub(crate) struct Job<'a> {
    pub(crate) role: PluginRole,
    pub(crate) ctx: &'a Context,
    /// Bytes that the guest looks at, from which its computing time is guessed. Not 0.
    pub(crate) bytes: usize,
    /// Time that the guest may use.
    pub(crate) time: Duration,
    /// Limits of its plugin, for errors.
    pub(crate) limits: &'a Arc<PluginLimits>,
    pub(crate) inline_limit: &'a InlineLimit,
}

/// State of a guest when its task is made.
struct Start {
    /// Report of its first poll, if it had one. It holds a slot then.
    begun: Option<PollReport>,
    /// Whether it may compute several slices in its caller's task.
    may_stay: bool,
}

impl Compute {
    pub(crate) fn new(ticker: EpochTicker, limits: &Limits) -> Self {
        Self::with_idle(ticker, limits, IDLE)
    }

    /// Returns a scheduler that takes a runtime for idle if its turn takes no longer than `idle`.
    fn with_idle(ticker: EpochTicker, limits: &Limits, idle: Duration) -> Self {
        let (slots, instances) = (limits.computing.get(), limits.instances.get());
        let threads = Arc::new(ComputeThreads::new(ticker, slots, instances, idle));
        Self { threads, limits: limits.clone() }
    }

    /// Checks that the queue has room for the guests of another call.
    ///
    /// A pipeline asks once, before its first payload. The payloads of a call that was admitted are
    /// never refused: a batch that is half done has cost all its time already.
    ///
    /// # Errors
    /// `Busy` if the queue is full.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        let queued = self.threads.unstarted();
        if queued < self.limits.queue.get() {
            return Ok(());
        }
        Err(errors::queue_full(queued, &self.limits))
    }

    /// As [`Compute::admit`], for a guest call that may be part of a pipeline's call. Such a one was
    /// admitted with it, and a probe carries no traffic.
    ///
    /// # Errors
    /// `Busy` if the queue is full.
    pub(crate) fn admit_alone(&self, ctx: &Context) -> Result<(), Error> {
        if ctx.call().is_some() || ctx.is_probe() { Ok(()) } else { self.admit() }
    }

    /// Runs a guest when its turn comes, and returns its answer. `guest` is called once an instance is
    /// free. Dropping this future ends the guest.
    ///
    /// # Errors
    /// The error of the guest. `Busy` if `Limits::wait` ended first, `Config` outside of a Tokio runtime.
    pub(crate) async fn run<T, F>(
        &self,
        job: Job<'_>,
        guest: impl FnOnce(CallPermit) -> F + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let runtime = Handle::try_current().map_err(|_| errors::no_runtime())?;
        // Before the queue: the caller waits from here on, whoever takes the time.
        let now = Instant::now();
        let clock = Arc::new(Clock::new(job.time, now + self.limits.wait));
        let (used, role, limits) = (clock.clone(), job.role, job.limits.clone());
        // One future that holds all others: the guest's is large, and is made where it stays.
        let mut guest = Box::pin(async move {
            let guest = pin!(guest(CallPermit::new(used.clone())));
            wait_bound::bound_waits(&used, role, &limits, guest).await
        });
        let expected = job.inline_limit.expect(job.bytes);
        let short = match expected {
            Expected::Short => self.threads.begin_short().await,
            Expected::Quick | Expected::Long => None,
        };
        let mut begun = None;
        if (expected == Expected::Quick || short.is_some()) && self.threads.take_slot(role, true) {
            if let Some(call) = job.ctx.call() {
                call.begin();
            }
            // A quick call has only just begun: one look at the clock serves both.
            let began = if short.is_some() { Instant::now() } else { now };
            match self.threads.poll_first(role, &clock, began, guest) {
                // Nearly every small call. It needs neither a task nor a channel.
                FirstPoll::Done(answer, computed) => {
                    job.inline_limit.observe(job.bytes, computed);
                    return answer;
                }
                FirstPoll::Pending(pending, report) => {
                    guest = pending;
                    begun = Some(report);
                }
            }
        }
        let start = Start { begun, may_stay: short.is_some() };
        self.run_task(&job, clock, runtime, guest, start).await
    }

    /// Runs a guest that has not begun, or that its first poll left pending.
    async fn run_task<T: Send + 'static>(
        &self,
        job: &Job<'_>,
        clock: Arc<Clock>,
        runtime: Handle,
        guest: impl Future<Output = Result<T, Error>> + Send + Unpin + 'static,
        start: Start,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let used = clock.clone();
        let guest = Box::pin(async move {
            let guest = guest.await;
            // Before the answer is sent, since its receiver reads the clock.
            used.count();
            let _ = answer.send(guest);
        });
        let has_begun = start.begun.is_some();
        let phase = if has_begun { Phase::Running } else { Phase::Unstarted };
        let task = Arc::new(Task {
            role: job.role,
            // The thread that ran the task drops it after the answer was sent. The caller may retry at
            // once, and then the call's memory must be free.
            ctx: job.ctx.without_memory(),
            call: job.ctx.call().cloned().unwrap_or_else(CallId::new),
            clock,
            small: job.bytes <= SMALL,
            scheduler: self.threads.clone(),
            runtime,
            span: Span::current(),
            subscriber: dispatcher::get_default(Dispatch::clone),
            phase: AtomicU8::new(phase as u8),
            guest: Mutex::new(Some(guest)),
            waiting: Mutex::default(),
            turns: AtomicU64::new(0),
            namespace: OnceLock::new(),
        });
        let running = CancelOnDrop::new(&self.threads, &task);
        match start.begun {
            Some(report) => self.threads.go_on(&task, report, start.may_stay).await,
            None => self.queue(&task)?,
        }
        let answer = tokio::time::timeout_at(task.clock.until().into(), answered).await;
        if !has_begun {
            // Calls that began in their callers' tasks never waited, and would only dilute the histogram.
            let turns = task.turns.load(Relaxed);
            metrics::histogram!("cloakroom_turns_waited", "part" => task.role.as_str())
                .record(turns as f64);
        }
        job.inline_limit.observe(job.bytes, task.clock.computed());
        drop(running);
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(errors::answer_lost()),
            Err(_) => Err(errors::wait_ended(task.clock.computed(), &self.limits)),
        }
    }

    fn queue(&self, task: &Arc<Task>) -> Result<(), Error> {
        if let Ok(mut waiting) = task.waiting.lock() {
            *waiting = Some(WaitingGauge::increment(task.role));
        }
        self.threads.submit(task).map_err(errors::no_thread)
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.threads.stop();
    }
}

#[cfg(test)]
mod tests;
