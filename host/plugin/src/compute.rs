//! Computing: guests share as many threads as there are cores, in fair order.

mod clock;
pub(crate) mod long_work;
mod pace;
mod part;
mod queue;
mod rota;
pub(crate) mod runtime;
mod task;
mod threads;
pub(crate) mod ticker;
mod within;

use std::{
    future::Future,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use cloakroom_core::{CallId, Context, Error, ErrorKind};
use tokio::{runtime::Handle, sync::oneshot};
use tracing::{Instrument as _, instrument::WithSubscriber as _};

pub(crate) use self::{
    clock::{Clock, Tick},
    pace::Pace,
    part::Part,
    within::give_way,
};
use self::{
    task::{Phase, Task, Waiting},
    threads::Threads,
};
use crate::{Limits, compute::ticker::Ticker, instance::fault};

/// What a guest computes before another has its turn. Changing guests costs what is in the caches,
/// some hundred microseconds.
const TURN: Duration = Duration::from_millis(10);

/// Payloads of so many bytes are small: they go before others when they wait for a slot.
const SMALL: usize = 64 << 10;

/// A host's compute threads.
pub(crate) struct Compute {
    threads: Arc<Threads>,
    limits: Limits,
}

/// A guest call about to be made.
pub(crate) struct Job<'a> {
    pub(crate) part: Part,
    pub(crate) ctx: &'a Context,
    /// Size of what the guest looks at, which says how long it may compute. Not 0.
    pub(crate) bytes: usize,
    /// What the guest may use.
    pub(crate) time: Duration,
    pub(crate) pace: &'a Pace,
}

impl Compute {
    pub(crate) fn new(ticker: Ticker, limits: &Limits) -> Self {
        let (slots, instances) = (limits.computing.get(), limits.instances.get());
        let threads = Arc::new(Threads::new(ticker, slots, instances));
        Self { threads, limits: limits.clone() }
    }

    /// Says whether another call may queue its guests.
    ///
    /// # Errors
    /// `Busy` if the queue is full.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        let queued = self.threads.unstarted();
        if queued < self.limits.queue.get() {
            return Ok(());
        }
        Err(fault::queue_full(queued, &self.limits))
    }

    /// Computes a guest's answer when its turn comes. Dropped, it ends the guest.
    ///
    /// # Errors
    /// Those of the guest; `Busy` if `limits.wait` ended before it did.
    pub(crate) async fn run<T, F>(
        &self,
        job: Job<'_>,
        guest: impl FnOnce(Arc<Clock>) -> F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let until = Instant::now() + self.limits.wait;
        let clock = Arc::new(Clock::new(job.time, until));
        let (answer, answered) = oneshot::channel();
        let guest =
            within::within(clock.clone(), job.part, self.limits.clone(), guest(clock.clone()));
        let used = clock.clone();
        let guest = async move {
            let guest = guest.await;
            // Whoever gets the answer looks at the clock.
            used.count();
            let _ = answer.send(guest);
        };
        let guest = guest.in_current_span().with_current_subscriber();
        let task = Arc::new(Task {
            part: job.part,
            ctx: job.ctx.clone(),
            call: job.ctx.call().cloned().unwrap_or_else(CallId::new),
            clock,
            small: job.bytes <= SMALL,
            threads: self.threads.clone(),
            runtime: Handle::try_current().ok(),
            phase: AtomicU8::new(Phase::Unstarted as u8),
            guest: Mutex::new(Some(Box::pin(guest))),
            waiting: Mutex::default(),
            turns: AtomicU64::new(0),
            namespace: OnceLock::new(),
        });
        let running = Running(&task);
        let inline = job.pace.is_quick(job.bytes) && self.threads.run_inline(&task);
        let answer = self.answer(&task, inline, answered, until).await;
        job.pace.note(job.bytes, task.clock.computed());
        drop(running);
        answer
    }

    async fn answer<T>(
        &self,
        task: &Arc<Task>,
        inline: bool,
        mut answered: oneshot::Receiver<Result<T, Error>>,
        until: Instant,
    ) -> Result<T, Error> {
        if inline && let Ok(answer) = answered.try_recv() {
            return answer;
        }
        if !inline {
            self.queue(task)?;
        }
        let answer = tokio::time::timeout_at(until.into(), answered).await;
        if !inline {
            let turns = task.turns.load(Relaxed);
            metrics::histogram!("cloakroom_turns_waited", "part" => task.part.word())
                .record(turns as f64);
        }
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(fault::lost()),
            Err(_) => Err(fault::waited(task.clock.computed(), &self.limits)),
        }
    }

    fn queue(&self, task: &Arc<Task>) -> Result<(), Error> {
        if let Ok(mut waiting) = task.waiting.lock() {
            *waiting = Some(Waiting::begin(task.part));
        }
        self.threads.submit(task).map_err(|error| {
            Error::new(ErrorKind::Internal, "cannot start a compute thread").with_source(error)
        })
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.threads.end();
    }
}

/// Ends a guest whose answer nobody waits for any more.
struct Running<'a>(&'a Arc<Task>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.0.phase() != Phase::Over {
            self.0.threads.cancel(self.0);
        }
    }
}
