//! Texts that no server, store or log may hold in the clear.

use std::{path::Path, process::Command};

/// Stands at the start of inputs and in the texts of failures.
pub(crate) const CANARY: &str = "canary-Gp5wX8rN-input-Jt6zB3kV-feather";

/// Ends the names of the functions in which failures begin, and so stands in their stack traces. Go
/// has these for panics alone.
pub(crate) const STACK: &str = "Hk3vW9tB_stack_R7yNq2Lm_trace";

/// Returns the canaries that one of these files, or a file in one of these folders, holds.
///
/// A database cuts what it keeps where a page ends, so that half a canary counts: each half is
/// something that is nowhere else. Stores and logs hold some hundred megabytes: `grep` looks through
/// them in a tenth of the time that these tests, unoptimised, would take.
pub(crate) fn found(places: &[&Path]) -> Vec<String> {
    let mut grep = Command::new("grep");
    grep.env("LC_ALL", "C").args(["-rsoaHF"]);
    for half in halves() {
        grep.args(["-e", half]);
    }
    // A journal of a database may be gone already, so that its status says nothing.
    let output = grep.arg("--").args(places).output().unwrap();
    let mut found: Vec<_> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

/// Returns the halves that are searched for.
pub(crate) fn halves() -> [&'static str; 4] {
    let [(one, other), (third, last)] =
        [CANARY, STACK].map(|canary| canary.split_at(canary.len() / 2));
    [one, other, third, last]
}
