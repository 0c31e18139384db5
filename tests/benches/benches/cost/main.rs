//! A fixed set of calls, for tools that count: `cargo xtask cost` and `cargo xtask profile`.
//!
//! It measures nothing by itself. Each call is made some times within `measured_calls`, at whose
//! borders the tool begins to count and writes down what it counted. The names go to standard output, in
//! the same order.
//!
//! Tools like Valgrind slow a program down some fifty times, and then a quick call is one that the host
//! moves to a compute thread. A codec that has made no such call yet is expected to be quick up to 64 KiB,
//! so each measured call has a codec of its own.

mod calls;
mod codecs;
mod formats;
mod offload;
#[path = "../wire/page.rs"]
mod page;

use std::{env, fs};

use cloakroom_benches::Samples;
use tokio::runtime::{Builder, Runtime};

use crate::calls::{Call, Run};

const PARTS: usize = 10;

/// Says that a tool that counts has started this.
const COUNTED: &str = "--counted";

/// Says that each call is to be repeated, for a tool that looks where time goes.
const REPEATED: &str = "--repeated";

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let [word, runs, cache, texts @ ..] = &*args else { return };
    if ![COUNTED, REPEATED].contains(&&**word) {
        return;
    }
    let runs = runs.parse().expect("a number of runs");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    for call in calls::all() {
        if texts.iter().all(|text| call.name().contains(&**text)) {
            let cache = cache.as_ref();
            if word == COUNTED {
                println!("{}", call.name());
                measure(&runtime, &call, runs, cache);
            } else {
                repeat(&runtime, &call, runs, cache);
            }
        }
    }
}

fn measure(runtime: &Runtime, call: &Call, runs: usize, cache: &std::path::Path) {
    let prepared = runtime.block_on(call.prepare(runs, cache));
    measured_calls(runtime, &prepared.runs);
    drop(prepared.kept);
}

/// Makes the same call again and again, and writes how many nanoseconds of processor time one takes: the
/// median of ten parts.
fn repeat(runtime: &Runtime, call: &Call, runs: usize, cache: &std::path::Path) {
    let prepared = runtime.block_on(call.prepare(1, cache));
    let run = prepared.runs.first().expect("there is one");
    let part = || {
        let before = worked();
        runtime.block_on(async {
            for _ in 0..runs.div_ceil(PARTS) {
                run().await;
            }
        });
        (worked() - before) / runs.div_ceil(PARTS) as f64
    };
    part();
    let times: Samples = (0..PARTS).map(|_| part()).collect();
    println!("{:.0}", times.median());
}

/// Returns the nanoseconds that all threads of this process have run.
fn worked() -> f64 {
    let threads = fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let worked = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    worked.sum()
}

/// Makes calls, one after the other. Tools know it by its name.
#[inline(never)]
fn measured_calls(runtime: &Runtime, calls: &[Run]) {
    runtime.block_on(async {
        for call in calls {
            call().await;
        }
    });
}
