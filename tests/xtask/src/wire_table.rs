//! `cargo xtask wire-table`: the table of payload fields, made again after an update of the protos.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result};

use crate::run::{cargo, root, say};

/// The tables, as `host/wire` compiles them in.
const TABLES: [&str; 2] = ["host/wire/src/temporal.txt", "host/wire/src/dapr.txt"];

/// Writes the tables again from the descriptors of the locked `temporalio-protos` and from Dapr's protos
/// in `tests/protos`, and says which fields came and went.
///
/// The tests that compare a table with the descriptors are what makes it: this program is built
/// before every `cargo run`, and does without Temporal's SDK.
pub(crate) fn write() -> Result<()> {
    let before: Vec<_> = TABLES.into_iter().map(read).collect::<Result<_>>()?;
    let make = ["test", "--package", "cloakroom-tests", "--test", "it", "--", "wire_table::"];
    cargo(&make, &[("UPDATE_EXPECT", "1")])?;
    for (table, before) in TABLES.into_iter().zip(before) {
        let changes = changes(&before, &read(table)?);
        say(&format!("\n{table}: {} lines changed", changes.len()));
        changes.iter().for_each(|line| say(line));
        if changes.iter().any(|line| line.starts_with('+')) {
            say("Check that no new payload is one that the server reads: KEEP in \
                 tests/it/wire_table.rs, KEPT in tests/it/wire_table/dapr.rs.");
        }
    }
    Ok(())
}

fn read(table: &str) -> Result<String> {
    fs::read_to_string(root().join(table)).with_context(|| format!("cannot read {table}"))
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
