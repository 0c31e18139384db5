//! Costs of a step, as the process that makes it sees them.

use std::{
    fs,
    time::{Duration, Instant},
};

use cloakroom_benches::Samples;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// Names of costs.
pub(crate) const COSTS: [&str; 6] = ["first", "time", "CPU", "memory", "threads", "handles"];

/// Costs below which nothing can be told: seconds, bytes, and one thread or handle.
pub(crate) const FLOORS: [f64; 6] = [1e-4, 2e-6, 2e-6, (4 << 20) as f64, 1.0, 1.0];

/// Time for which a short turn is repeated, so that its processor time can be told.
const REPEATED: Duration = Duration::from_millis(400);

/// Costs of a step: what happened once in seconds, one repetition in seconds and in seconds of processors,
/// bytes at the peak, threads and handles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs(pub(crate) [f64; COSTS.len()]);

impl Costs {
    /// Prints the costs for the process that started this one.
    pub(crate) fn print(&self) {
        println!("{}", json!(self.0));
    }

    /// Reads what another process printed.
    pub(crate) fn parse(text: &str) -> [f64; COSTS.len()] {
        let last = text.lines().last().expect("a line");
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

/// Meter of one step. Memory is counted from its start.
pub(crate) struct Meter {
    before: f64,
    began: Instant,
}

impl Meter {
    /// Begins to measure.
    pub(crate) fn start() -> Self {
        fs::write("/proc/self/clear_refs", "5").expect("Linux");
        Self { before: resident("VmRSS"), began: Instant::now() }
    }

    /// Returns the seconds since the start.
    pub(crate) fn elapsed(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Repeats a turn, and returns all costs. `first` are the seconds of what happened once.
    pub(crate) async fn repeat(self, first: f64, turn: impl AsyncFn()) -> Costs {
        let (mut times, began, worked) = (Samples::default(), Instant::now(), processor());
        while times.turns() == 0 || began.elapsed() < REPEATED {
            let turned = Instant::now();
            turn().await;
            times.push(turned.elapsed().as_secs_f64());
        }
        let worked = (processor() - worked) / times.turns() as f64;
        let peak = resident("VmHWM") - self.before;
        // The folder that is read is one of them.
        let handles = entries("/proc/self/fd") - 1.0;
        Costs([first, times.median(), worked, peak, entries("/proc/self/task"), handles])
    }
}

/// Returns the seconds that this process used of all processors.
fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn entries(folder: &str) -> f64 {
    fs::read_dir(folder).expect("Linux").count() as f64
}

/// Returns bytes of resident memory: `VmRSS` now, `VmHWM` at the peak.
fn resident(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("there");
    let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kib * 1024.0
}
