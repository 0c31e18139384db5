//! A fixed set of calls, for tools that count: `cargo xtask cost` and `cargo xtask profile`.
//!
//! It measures nothing by itself. Each call is made some times within [`measured_calls`], at whose
//! borders the tool begins to count and writes down what it counted. The names go to standard output, in
//! the same order.
//!
//! A codec that has made no slow call yet is expected to be quick up to 64 KiB, so each counted call has a
//! codec of its own. `cargo xtask cost` says what keeps its calls quick under a tool that slows them down.

mod calls;
mod codecs;
mod formats;
mod offload;
#[path = "../wire/page.rs"]
mod page;
mod repeat;

use std::{env, path::Path};

use tokio::runtime::{Builder, Runtime};

use crate::calls::{Call, Run};

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
                repeat::repeat(&runtime, &call, runs, cache);
            }
        }
    }
}

fn measure(runtime: &Runtime, call: &Call, runs: usize, cache: &Path) {
    let prepared = runtime.block_on(call.prepare(runs, cache));
    measured_calls(runtime, &prepared.runs);
    drop(prepared.kept);
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
