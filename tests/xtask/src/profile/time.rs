//! Time of calls, and the places in which Linux finds the program meanwhile.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use super::stacks::{self, Stack};
use crate::{cost::program::Program, run::say};

/// Runs whose time is measured.
const RUNS: usize = 20_000;

/// Rounds in which each call is measured, one after the other: the machine's speed changes within minutes.
const ROUNDS: usize = 3;

/// Nanoseconds of calls in which samples are taken.
const SAMPLED: f64 = 3e9;

/// Samples a second. A whole number of milliseconds would keep pace with the host's clock.
const RATE: &str = "1999";

/// Cycles of a call, and the nanoseconds of a cycle.
struct Measured {
    cycles: f64,
    cycle: f64,
}

/// Returns the nanoseconds of each call, all at the same speed of the core.
pub(super) fn of_calls(program: &Program, calls: &[String]) -> Result<Vec<f64>> {
    let mut measured: Vec<Vec<Measured>> = calls.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (call, measured) in calls.iter().zip(&mut measured) {
            measured.push(time(program, call)?);
        }
    }
    let mut all: Vec<_> = measured.iter().flatten().map(|one| one.cycle).collect();
    let cycle = median(&mut all);
    say(&format!("The core ran at {:.2} GHz.", cycle.recip()));
    let nanoseconds = |rounds: &Vec<Measured>| {
        let mut cycles: Vec<_> = rounds.iter().map(|one| one.cycles).collect();
        median(&mut cycles) * cycle
    };
    Ok(measured.iter().map(nanoseconds).collect())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn time(program: &Program, call: &str) -> Result<Measured> {
    let text = repeat(Command::new(program.path()), program, call, RUNS)?;
    let numbers = text.trim().split_once(' ').context("the program says no time")?;
    Ok(Measured { cycles: numbers.0.parse()?, cycle: numbers.1.parse()? })
}

/// Returns the places in which Linux found the program while it made calls of so many nanoseconds.
pub(super) fn sample(program: &Program, call: &str, nanoseconds: f64) -> Result<Vec<Stack>> {
    let data = program.folder().join("perf.data");
    let mut record = Command::new("perf");
    record.args(["record", "--quiet", "--event=cpu-clock", "-F", RATE, "--output"]).arg(&data);
    record.args(["--call-graph", "dwarf,16384"]).arg(program.path());
    repeat(record, program, call, (SAMPLED / nanoseconds.max(1.0)) as usize)?;
    read(&data)
}

fn repeat(mut command: Command, program: &Program, call: &str, runs: usize) -> Result<String> {
    // Compiled for this processor, and not for the one that Valgrind shows.
    let cache = program.folder().join("native");
    fs::create_dir_all(&cache)?;
    command.arg("--repeated").arg(runs.to_string()).arg(&cache).arg(call);
    let output = command.output().context("cannot start what is measured")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn read(data: &Path) -> Result<Vec<Stack>> {
    let mut script = Command::new("perf");
    script.args(["script", "--no-inline", "-F", "ip,sym", "--input"]).arg(data);
    let output = script.output().context("cannot start perf")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stacks = stacks::parse(&String::from_utf8_lossy(&output.stdout));
    ensure!(stacks.iter().any(|stack| stack.step.is_some()), "no sample lies in a call");
    Ok(stacks)
}
