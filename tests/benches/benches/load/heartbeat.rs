//! A task that wants to run each millisecond.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

const BEAT: Duration = Duration::from_millis(1);

/// A task that wants to run each millisecond, and notes how late it was.
pub(crate) struct Heartbeat {
    late: Arc<Mutex<Vec<Duration>>>,
    task: JoinHandle<()>,
}

impl Heartbeat {
    pub(crate) fn start() -> Self {
        let late = Arc::<Mutex<Vec<Duration>>>::default();
        let noted = late.clone();
        let task = tokio::spawn(async move {
            loop {
                let began = Instant::now();
                tokio::time::sleep(BEAT).await;
                noted.lock().expect("alone").push(began.elapsed().saturating_sub(BEAT));
            }
        });
        Self { late, task }
    }

    /// Stops it. Returns what 99 of 100 beats were late by at most.
    pub(crate) fn p99(self) -> Duration {
        self.task.abort();
        let mut late = self.late.lock().expect("alone").clone();
        late.sort_unstable();
        late.get(late.len() * 99 / 100).copied().unwrap_or_default()
    }
}
