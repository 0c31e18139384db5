//! Metrics of a gateway on this thread, as sums of what was recorded.

use std::collections::HashMap;

use metrics_util::debugging::{DebugValue, Snapshotter};

use crate::{
    metrics::{record, recorded},
    worker::until,
};

/// Counters and gauges.
pub(super) struct Counts {
    snapshotter: Snapshotter,
    sums: HashMap<String, f64>,
}

impl Counts {
    /// Records on this thread from now on.
    pub(super) fn record() -> Self {
        Self { snapshotter: record(), sums: HashMap::new() }
    }

    /// Waits until one has this value.
    pub(super) async fn until(&mut self, name: &str, value: f64) {
        until(async || {
            // What was read once begins at zero again.
            for (name, value) in recorded(&self.snapshotter) {
                let more = match value {
                    DebugValue::Counter(count) => count as f64,
                    DebugValue::Gauge(gauge) => gauge.0,
                    DebugValue::Histogram(_) => continue,
                };
                *self.sums.entry(name).or_default() += more;
            }
            let found = self.sums.get(name).copied().unwrap_or_default();
            if found == value { Ok(()) } else { Err(format!("{name} is {found}: {:?}", self.sums)) }
        })
        .await;
    }

    /// Waits until so many tasks are held.
    pub(super) async fn held(&mut self, count: u32) {
        self.until("cloakroom_dapr_held{}", f64::from(count)).await;
    }

    /// Waits until so many tasks were held back, or left out, for this reason.
    pub(super) async fn noted(&mut self, reason: &str, count: u32) {
        let name = format!("cloakroom_dapr_held_total{{reason={reason}}}");
        self.until(&name, f64::from(count)).await;
    }
}
