//! `cargo xtask profile`: where the time of an encoding goes, step by step.
//!
//! Valgrind counts the instructions of each step. The nanoseconds are those of a run without it, divided
//! by the share of Linux's samples that lie in each step.

mod column;
mod flame;
mod stacks;
mod steps;
mod time;

use std::fs;

use anyhow::{Context as _, Result};

use self::column::{Column, table};
use crate::{
    bench::PACKAGES,
    cost::program::Program,
    debian,
    run::{add_targets, say, target_dir},
};

const PLUGIN: &str = "aes-gcm, encode";

const CALLS: [&str; 4] = ["1 KiB, warm", "1 KiB, fresh", "256 KiB, warm", "256 KiB, fresh"];

/// Runs under the counter, as many as the host keeps instances warm.
const COUNTED: usize = 4;

/// Prints the table, and writes a flame graph for each call.
pub(crate) fn measure() -> Result<()> {
    add_targets()?;
    debian::perf()?;
    let folder = target_dir()?.join("profile");
    // As benchmarks are built: what is measured is what is shipped.
    let program = Program::build(&[&["bench", "--no-run"][..], &PACKAGES].concat(), &folder)?;
    let calls = CALLS.map(|call| format!("{PLUGIN}, {call}"));
    let times = time::of_calls(&program, &calls)?;
    let mut columns = Vec::new();
    for (call, nanoseconds) in calls.iter().zip(times) {
        say(&format!("{call}: counting instructions, and sampling"));
        let counted = program.count(COUNTED, std::slice::from_ref(call))?;
        let (_, profile) = counted.first().with_context(|| format!("`{call}` was not counted"))?;
        let stacks = time::sample(&program, call, nanoseconds)?;
        let svg = folder.join(format!("{}.svg", call.replace(", ", "-").replace(' ', "-")));
        fs::write(&svg, flame::svg(call, &stacks))?;
        say(&svg.display().to_string());
        columns.push(Column::new(profile, COUNTED, nanoseconds, &stacks));
    }
    steps::check(columns.iter().flat_map(|column| &column.functions))?;
    columns.iter().zip(CALLS).try_for_each(|(column, call)| column.check(call))?;
    say(&table(PLUGIN, &CALLS, &columns));
    Ok(())
}
