//! A fixed set of calls, for tools that count: `cargo xtask cost` and `cargo xtask profile`.
//!
//! It measures nothing by itself. Each call is made some times within `measured_calls`, at whose
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

/// Has the program name its calls.
const NAMES: &str = "--names";

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match &*args {
        [NAMES] => calls::all().iter().for_each(|call| println!("{}", call.name())),
        [COUNTED, runs, cache, names @ ..] => run(names, |runtime, call| {
            println!("{}", call.name());
            measure(runtime, call, number(runs), cache.as_ref());
        }),
        [REPEATED, runs, cache, names @ ..] => run(names, |runtime, call| {
            repeat::repeat(runtime, call, number(runs), cache.as_ref());
        }),
        _ => {}
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number of runs")
}

/// Does something with the calls of these names.
fn run(names: &[&str], work: impl Fn(&Runtime, &Call)) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let calls = calls::all();
    let named = calls.iter().filter(|call| names.contains(&&*call.name()));
    named.for_each(|call| work(&runtime, call));
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
