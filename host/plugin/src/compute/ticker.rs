//! Thread that advances the engine's epoch, which interrupts guests. It sleeps while none runs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, Thread},
    time::Duration,
};

use wasmtime::{Engine, EngineWeak};

/// Time between two epochs. Compiled code compares the epoch at function entries and loop heads, so a
/// guest is asked about its turn and its time once a tick; fuel would cost more in every instruction.
const TICK: Duration = Duration::from_millis(1);

/// Idle ticks before the thread sleeps: waking it costs a system call.
const IDLE_TICKS: u32 = 200;

/// Advances an engine's epoch while any guest runs.
pub(crate) struct EpochTicker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    asleep: AtomicBool,
    stopped: AtomicBool,
}

/// Keeps the ticker awake until it is dropped.
pub(super) struct TickerGuard<'a>(&'a Shared);

impl EpochTicker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let (weak, for_thread) = (engine.weak(), shared.clone());
        let builder = thread::Builder::new().name("cloakroom-clock".to_owned());
        let handle = builder.spawn(move || run(&weak, &for_thread))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Counts a guest that is about to run.
    pub(super) fn enter(&self) -> TickerGuard<'_> {
        self.shared.running.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            self.thread.unpark();
        }
        TickerGuard(&self.shared)
    }
}

impl Drop for TickerGuard<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        self.thread.unpark();
    }
}

fn run(engine: &EngineWeak, shared: &Shared) {
    let mut idle = 0;
    while !shared.stopped.load(SeqCst) {
        if shared.running.load(SeqCst) != 0 {
            idle = 0;
            // Weak: a thread that owned the engine would keep hundreds of GiB of address space reserved
            // after the host is gone.
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
        } else if idle == IDLE_TICKS {
            sleep(shared);
            idle = 0;
            continue;
        } else {
            idle += 1;
        }
        thread::sleep(TICK);
    }
}

/// Sleeps until a guest runs.
fn sleep(shared: &Shared) {
    // Set before the count is read again, as `enter` counts before it reads `asleep`: either this
    // thread sees the guest, or the guest sees `asleep` and unparks this thread.
    shared.asleep.store(true, SeqCst);
    while shared.running.load(SeqCst) == 0 && !shared.stopped.load(SeqCst) {
        thread::park();
    }
    shared.asleep.store(false, SeqCst);
}
