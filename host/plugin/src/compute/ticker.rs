//! The clock that interrupts guests. It runs only while calls do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, Thread},
    time::Duration,
};

use wasmtime::{Engine, EngineWeak};

/// How long a guest computes before it must let others run.
const TICK: Duration = Duration::from_millis(1);

/// How many idle ticks pass before the clock sleeps: waking it costs a system call.
const LINGER: u32 = 200;

/// Advances an engine's epoch while anybody is inside.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    inside: AtomicUsize,
    asleep: AtomicBool,
    over: AtomicBool,
}

/// Keeps the clock awake.
pub(crate) struct Awake<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let (weak, clock) = (engine.weak(), shared.clone());
        let builder = thread::Builder::new().name("cloakroom-clock".to_owned());
        let handle = builder.spawn(move || run(&weak, &clock))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    pub(crate) fn enter(&self) -> Awake<'_> {
        self.shared.inside.fetch_add(1, SeqCst);
        if self.shared.asleep.load(SeqCst) {
            self.thread.unpark();
        }
        Awake(&self.shared)
    }
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.over.store(true, SeqCst);
        self.thread.unpark();
    }
}

fn run(engine: &EngineWeak, shared: &Shared) {
    let mut idle = 0;
    while !shared.over.load(SeqCst) {
        if shared.inside.load(SeqCst) != 0 {
            idle = 0;
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
        } else if idle == LINGER {
            sleep(shared);
            idle = 0;
            continue;
        } else {
            idle += 1;
        }
        thread::sleep(TICK);
    }
}

/// Sleeps until somebody enters. Says so before it looks again: whoever enters either is seen here,
/// or sees `asleep` and wakes this thread.
fn sleep(shared: &Shared) {
    shared.asleep.store(true, SeqCst);
    while shared.inside.load(SeqCst) == 0 && !shared.over.load(SeqCst) {
        thread::park();
    }
    shared.asleep.store(false, SeqCst);
}
