//! `cargo xtask wire-table`: the table of payload fields, made again after an update of the protos.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result};

use crate::run::{cargo, root, say};

/// The table, as `host/wire` compiles it in.
const TABLE: &str = "host/wire/src/temporal.txt";

/// Writes the table again from the descriptors of the locked `temporalio-protos`, and says which
/// fields came and went.
///
/// The test that compares the table with the descriptors is what makes it: this program is built
/// before every `cargo run`, and does without Temporal's SDK.
pub(crate) fn write() -> Result<()> {
    let before = read()?;
    let make = ["test", "--package", "cloakroom-tests", "--test", "it", "--", "wire_table::"];
    cargo(&make, &[("UPDATE_EXPECT", "1")])?;
    let changes = changes(&before, &read()?);
    say(&format!("\n{TABLE}: {} lines changed", changes.len()));
    changes.iter().for_each(|line| say(line));
    if changes.iter().any(|line| line.starts_with('+')) {
        say(
            "Check that no new payload is one that the server reads: KEEP in tests/it/wire_table.rs.",
        );
    }
    Ok(())
}

fn read() -> Result<String> {
    fs::read_to_string(root().join(TABLE)).with_context(|| format!("cannot read {TABLE}"))
}

/// Returns the fields, messages and methods that only one of the tables has.
fn changes(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (named(before), named(after));
    let gone = before.difference(&after).map(|line| format!("- {line}"));
    gone.chain(after.difference(&before).map(|line| format!("+ {line}"))).collect()
}

/// Returns the lines of a table. Fields are preceded by the name of their message.
fn named(table: &str) -> BTreeSet<String> {
    let mut message = "";
    let mut lines = BTreeSet::new();
    for line in table.lines() {
        message = line.strip_prefix("message ").unwrap_or(message);
        let name = if line.starts_with(' ') { message } else { "" };
        lines.insert(format!("{name}{line}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_message_of_each_field_that_changed() {
        let before = "message a.B\n 1 one payload\n 2 two bytes\nmessage a.C\n 1 one payload\n";
        let after = "message a.B\n 1 one payload\nmessage a.C\n 1 one payload\n 3 new payload*\n";
        assert_eq!(changes(before, after), ["- a.B 2 two bytes", "+ a.C 3 new payload*"]);
    }
}
