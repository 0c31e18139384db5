//! Calls that are made again and again: how long one takes, and time for a tool that looks where it goes.

use std::{hint::black_box, path::Path};

use cloakroom_benches::Samples;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

use crate::calls::Call;

/// Parts of a run. A busy machine disturbs some of them.
const PARTS: usize = 40;

/// Share of the parts that are at most as slow as the one that is reported: whatever else runs on the
/// machine makes a part slower, and never quicker.
const QUARTER: f64 = 0.25;

/// Multiplications of a chain, each of which waits for the one before.
const CHAIN: u32 = 200_000;

/// Cycles of a multiplication and an addition, on every processor of the last fifteen years.
const CYCLES: f64 = 4.0;

/// Makes the same call again and again, and writes the cycles that one takes, and the nanoseconds of a cycle.
pub(crate) fn repeat(runtime: &Runtime, call: &Call, runs: usize, cache: &Path) {
    let prepared = runtime.block_on(call.prepare(1, cache));
    let run = prepared.runs.first().expect("there is one");
    let count = runs.div_ceil(PARTS);
    let part = || {
        let before = worked();
        runtime.block_on(async {
            for _ in 0..count {
                run().await;
            }
        });
        (worked() - before) / count as f64
    };
    part();
    let (mut cycles, mut cycle) = (Samples::default(), Samples::default());
    for _ in 0..PARTS {
        let before = pace();
        let nanoseconds = part();
        let pace = f64::midpoint(before, pace());
        cycles.push(nanoseconds / pace);
        cycle.push(pace);
    }
    println!("{:.0} {:.4}", cycles.quantile(QUARTER), cycle.median());
}

/// Returns the nanoseconds of a cycle. Nothing else on the machine slows a chain down, but a core that runs
/// slower.
#[inline(never)]
fn pace() -> f64 {
    let before = worked();
    // Unknown to the compiler, which would join the steps of a chain that it knows.
    let (factor, mut number) = (black_box(0x9E37_79B9_7F4A_7C15_u64), black_box(1_u64));
    for _ in 0..CHAIN {
        number = number.wrapping_mul(factor).wrapping_add(1);
    }
    black_box(number);
    (worked() - before) / (f64::from(CHAIN) * CYCLES)
}

/// Returns the nanoseconds that all threads of this process have run.
fn worked() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}
