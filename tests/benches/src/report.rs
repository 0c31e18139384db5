//! Report of a benchmark: tables, which are printed as they are made.

mod cell;
mod json;
mod table;

use std::{env, io::Write as _};

#[cfg(test)]
pub(crate) use self::json::write;
pub use self::{cell::Cell, table::Table};
use crate::arguments::Arguments;

/// Report of one benchmark.
pub struct Report {
    bench: &'static str,
    arguments: Arguments,
    tables: Vec<Table>,
}

impl Report {
    /// Begins the report of a benchmark. Returns none if the arguments name another.
    #[must_use]
    pub fn start(bench: &'static str) -> Option<Self> {
        let arguments = Arguments::parse(env::args().skip(1));
        let report = Self { bench, arguments, tables: Vec::new() };
        report.bench.contains(&*report.arguments.bench).then_some(report)
    }

    /// Returns whether the arguments ask for what has this title.
    #[must_use]
    pub fn wants(&self, title: &str) -> bool {
        title.contains(&*self.arguments.text)
    }

    /// Returns the text that a title must hold.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.arguments.text
    }

    /// Prints a table, unless it is empty, and keeps it for the file.
    pub fn print(&mut self, table: Table) {
        if !table.is_empty() {
            println!("\n\n{}: {}\n\n{table}", self.bench, table.name());
            self.tables.push(table);
        }
    }

    /// Shows that something is going on.
    pub fn progress(&self) {
        eprint!(".");
        let _ = std::io::stderr().flush();
    }

    /// Writes the figures into the file that the arguments name.
    pub fn finish(self) {
        if let Some(file) = &self.arguments.json {
            json::write(file, self.bench, &self.tables);
        }
    }
}
