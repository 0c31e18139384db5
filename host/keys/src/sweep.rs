//! Forgets keys whose time is over, also in a ring that nobody uses any more: a dump of the memory must not
//! hold them.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::sleep;

use crate::inner::Inner;

/// Shortest and longest time between two sweeps.
const PERIOD: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Task that sweeps. Its end is noted also if its runtime ends.
struct Sweeper(Weak<Inner>);

impl Inner {
    /// Starts a task that forgets keys in time, unless one runs. Called after a key was remembered, within a
    /// Tokio runtime.
    pub(crate) fn sweep_in_time(self: &Arc<Self>) {
        if std::mem::replace(&mut self.memory().is_swept, true) {
            return;
        }
        let sweeper = Sweeper(Arc::downgrade(self));
        let period = self.settings.lifetime.min(self.memory().age()) / 4;
        let period = period.clamp(PERIOD.0, PERIOD.1);
        tokio::spawn(async move { sweeper.run(period).await });
    }

    /// Forgets the keys whose time is over. Returns whether others are left.
    pub(crate) fn sweep(&self) -> bool {
        let now = self.clock.now();
        self.memory().sweep(&self.name, self.settings.lifetime, now)
    }
}

impl Sweeper {
    async fn run(&self, period: Duration) {
        loop {
            sleep(period).await;
            match self.0.upgrade() {
                Some(ring) if ring.sweep() => {}
                _ => return,
            }
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(ring) = self.0.upgrade() {
            ring.memory().is_swept = false;
        }
    }
}
