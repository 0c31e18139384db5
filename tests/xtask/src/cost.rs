//! `cargo xtask cost`: a check of what calls cost that does not depend on the machine.
//!
//! Valgrind counts instructions and allocations, and shows every program the same processor. The clock of the
//! program all but stands still (`slow_clock.c`), so that no call looks slow to the host on a busy machine.
//! The tolerance is for what is left: random bytes, and threads that meet at a lock.

pub(crate) mod callgrind;
mod counts;
pub(crate) mod program;

use std::fs;

use anyhow::{Context as _, Result, bail};

use self::{
    counts::{AllCounts, changes, of_one},
    program::Program,
};
use crate::run::{add_targets, root, say, target_dir};

/// Counts that the repository expects.
const FILE: &str = "tests/benches/cost.json";

/// Builds with the profile and the dependencies of the tests, which are there already. In that build
/// WebAssembly, its engine and the ciphers are optimised, and the host's crates are not: the counts are for
/// comparison alone.
const BUILD: [&str; 2] = ["build", "--workspace"];

/// Runs of each call, as many as the host keeps instances warm.
const RUNS: usize = 4;

/// Counts the calls, and compares them with the file of the repository or writes it.
pub(crate) fn check(args: &[&str]) -> Result<()> {
    add_targets()?;
    let program = Program::build(&BUILD, &target_dir()?.join("cost"))?;
    let mut calls = program.names()?;
    calls.retain(|call| is_steady(call));
    let counted = program.count(RUNS, &calls)?;
    let now = counted.into_iter().map(|(call, profile)| (call, of_one(&profile, RUNS)));
    let now: AllCounts = now.collect();
    let file = root().join(FILE);
    if args == ["--write"] {
        return fs::write(&file, counts::write(&now)).context("cannot write the counts");
    }
    let before = fs::read_to_string(&file).with_context(|| format!("cannot read {FILE}"))?;
    let before = counts::read(&before).with_context(|| FILE.to_owned())?;
    let changes = changes(&before, &now);
    for change in &changes {
        say(&change.to_string());
    }
    let repair = "`cargo xtask cost --write` writes the counts anew: commit them with the reason";
    if changes.iter().any(counts::Change::is_worse) {
        bail!(
            "calls cost over 5 % more than {FILE} says: make them cheaper. If that is the price of a feature, {repair}"
        );
    }
    if !changes.is_empty() {
        bail!(
            "calls cost over 5 % less than {FILE} says, so it would not notice if they got slower again: {repair}"
        );
    }
    say(&format!("{} calls cost what {FILE} says.", now.len()));
    Ok(())
}

/// Returns whether a call has the same counts in every run. A codec's first large payload goes to a compute
/// thread, and it is a matter of moments how often that thread and the caller's wake each other. The page is
/// copied in other ways from run to run, by up to 6 %, as its address decides.
fn is_steady(call: &str) -> bool {
    let is_codec = ["aes-gcm, ", "zstd, "].iter().any(|plugin| call.starts_with(plugin));
    !(is_codec && call.contains("256 KiB") || call.starts_with("page of "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_in_their_callers_task_are_compared() {
        assert!(is_steady("aes-gcm, encode, 1 KiB, warm"));
        assert!(is_steady("file, store, 256 KiB, fresh"));
        assert!(!is_steady("zstd, decode, 256 KiB, fresh"));
        assert!(!is_steady("page of 1,000 B payloads, scan and rewrite"));
        assert!(is_steady("aes-gcm, encode, 64 x 1 KiB, warm"));
    }
}
