//! Columns of the table: what one call costs, step by step.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::{
    stacks::{Stack, shares},
    steps::{self, STEPS},
};
use crate::cost::callgrind::Profile;

/// Cost of one call. The last step is what lies in none.
pub(super) struct Column {
    nanoseconds: Vec<f64>,
    instructions: Vec<f64>,
    allocations: u64,
    copies: u64,
    copying: u64,
    /// Names of all functions that ran.
    pub(super) functions: BTreeSet<String>,
}

impl Column {
    /// Divides the cost of a call that took so many nanoseconds, of a profile of some runs.
    pub(super) fn new(profile: &Profile, runs: usize, nanoseconds: f64, stacks: &[Stack]) -> Self {
        let runs = runs as u64;
        let sampled = stacks.iter().flat_map(|stack| &stack.functions);
        let instructions = steps::instructions(profile);
        Self {
            nanoseconds: shares(stacks).iter().map(|share| share * nanoseconds).collect(),
            instructions: instructions.iter().map(|count| count / runs as f64).collect(),
            allocations: profile.allocations() / runs,
            copies: profile.copies() / runs,
            copying: profile.copying() / runs,
            functions: profile.own.keys().chain(sampled).cloned().collect(),
        }
    }

    /// Checks that every step has instructions.
    ///
    /// # Errors
    /// If one has none: then its work is in another's row.
    pub(super) fn check(&self, call: &str) -> Result<()> {
        for (step, count) in STEPS.iter().zip(&self.instructions) {
            ensure!(
                *count >= 1.0,
                "{call}: the step `{}` has no instructions, so none of its borders was called: name \
                 the functions where it begins now in tests/xtask/src/profile/steps.rs",
                step.name
            );
        }
        Ok(())
    }
}

/// Returns the table in Markdown: nanoseconds and instructions of each step.
pub(super) fn table(title: &str, calls: &[&str], columns: &[Column]) -> String {
    let row = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let cells: Vec<_> = columns.iter().map(cell).collect();
        format!("| {name} | {} |\n", cells.join(" | "))
    };
    let pair = |time: f64, count: f64| format!("{} ns, {}", thousands(time), thousands(count));
    let mut text = format!("\n| {title} | {} |\n", calls.join(" | "));
    text += &format!("|---|{}\n", "--:|".repeat(calls.len()));
    let names = STEPS.iter().map(|step| step.name).chain(["outside of these steps"]);
    for (at, name) in names.enumerate() {
        let at = |values: &Vec<f64>| values.get(at).copied().unwrap_or_default();
        text += &row(name, &|column| pair(at(&column.nanoseconds), at(&column.instructions)));
    }
    let sum = |values: &Vec<f64>| values.iter().sum();
    text += &row("all", &|column| pair(sum(&column.nanoseconds), sum(&column.instructions)));
    text += &row("allocations", &|column| column.allocations.to_string());
    text += &row("calls that copy or fill memory", &|column| column.copies.to_string());
    text + &row("their instructions", &|column| thousands(column.copying as f64))
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
