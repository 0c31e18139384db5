//! `cargo xtask profile`: where the time of an encoding goes, step by step.
//!
//! Valgrind counts the instructions of each step. The nanoseconds are those of a run without it, divided
//! by the share of Linux's samples that lie in each step.

mod flame;
mod stacks;
mod steps;

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use self::{
    stacks::{Stack, shares},
    steps::STEPS,
};
use crate::{
    cost::{callgrind::Profile, program::Program},
    debian,
    run::{add_targets, say, target_dir},
};

/// Builds as benchmarks are built: what is measured is what is shipped.
const BUILD: [&str; 3] = ["bench", "--no-run", "--manifest-path=tests/benches/Cargo.toml"];

const CALLS: [&str; 4] = [
    "aes-gcm, encode, 1 KiB, warm",
    "aes-gcm, encode, 1 KiB, fresh",
    "aes-gcm, encode, 256 KiB, warm",
    "aes-gcm, encode, 256 KiB, fresh",
];

/// Runs under the counter, as many as the host keeps instances warm.
const COUNTED: usize = 4;

/// Runs that are sampled.
const SAMPLED: &str = "40000";

/// Samples a second. A whole number of milliseconds would keep pace with the host's clock.
const RATE: &str = "1999";

/// Costs of one call, step by step.
struct Column {
    nanoseconds: Vec<f64>,
    instructions: Vec<f64>,
    allocations: u64,
    copying: u64,
}

/// Prints the table, and writes a flame graph for each call.
pub(crate) fn measure() -> Result<()> {
    add_targets()?;
    debian::need(&["perf"], &["linux-perf"])?;
    let folder = target_dir()?.join("profile");
    let program = Program::build(&BUILD, &folder)?;
    let mut columns = Vec::new();
    for call in CALLS {
        let counted = program.count(COUNTED, &[call])?;
        let (_, profile) = counted.first().with_context(|| format!("`{call}` was not counted"))?;
        let (total, stacks) = sample(&program, call)?;
        let svg = folder.join(format!("{}.svg", call.replace(", ", "-").replace(' ', "-")));
        fs::write(&svg, flame::svg(call, &stacks))?;
        say(&svg.display().to_string());
        columns.push(column(profile, total, &stacks));
    }
    say(&table(&columns));
    Ok(())
}

/// Returns the nanoseconds of one call, and where Linux found the program in so many of them.
fn sample(program: &Program, call: &str) -> Result<(f64, Vec<Stack>)> {
    // Compiled for this processor, and not for the one that Valgrind shows.
    let cache = program.folder().join("native");
    fs::create_dir_all(&cache)?;
    let data = program.folder().join("perf.data");
    let repeat = |command: &mut Command, runs: &str| -> Result<String> {
        command.arg("--repeated").arg(runs).arg(&cache).arg(call);
        let output = command.output().context("cannot start what is measured")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let total = repeat(&mut Command::new(program.path()), SAMPLED)?;
    let mut record = Command::new("perf");
    record.args(["record", "--quiet", "--event=cpu-clock", "-F", RATE, "--output"]).arg(&data);
    record.args(["--call-graph", "dwarf,16384"]).arg(program.path());
    repeat(&mut record, SAMPLED)?;
    Ok((total.trim().parse().context("the program says no time")?, read(&data)?))
}

fn read(data: &Path) -> Result<Vec<Stack>> {
    let mut script = Command::new("perf");
    script.args(["script", "--no-inline", "-F", "ip,sym", "--input"]).arg(data);
    let output = script.output().context("cannot start perf")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stacks = stacks::parse(&String::from_utf8_lossy(&output.stdout));
    ensure!(!stacks.is_empty(), "no sample lies in a call");
    Ok(stacks)
}

fn column(profile: &Profile, total: f64, stacks: &[Stack]) -> Column {
    let runs = COUNTED as u64;
    let instructions = steps::instructions(profile);
    Column {
        nanoseconds: shares(stacks).iter().map(|share| share * total).collect(),
        instructions: instructions.iter().map(|count| count / runs as f64).collect(),
        allocations: profile.allocations() / runs,
        copying: profile.copying() / runs,
    }
}

/// Returns the table in Markdown: nanoseconds and instructions of each step.
fn table(columns: &[Column]) -> String {
    let row = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let cells: Vec<_> = columns.iter().map(cell).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    let pair = |time: f64, count: f64| format!("{} ns, {}", thousands(time), thousands(count));
    let mut text = format!("\n| step | {} |\n|---|--:|--:|--:|--:|\n", CALLS.join(" | "));
    for (at, step) in STEPS.iter().enumerate() {
        let at = |values: &Vec<f64>| values.get(at).copied().unwrap_or_default();
        text += &row(step.name, &|column| pair(at(&column.nanoseconds), at(&column.instructions)));
    }
    let sum = |values: &Vec<f64>| values.iter().sum();
    text += &row("all", &|column| pair(sum(&column.nanoseconds), sum(&column.instructions)));
    text += &row("allocations", &|column| column.allocations.to_string());
    text + &row("instructions that copy or fill", &|column| thousands(column.copying as f64))
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
