//! Tables in Markdown.

use std::fmt;

use serde_json::{Map, Value};

use super::Cell;

/// Table: its columns, and rows of as many cells.
pub struct Table {
    name: &'static str,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Begins a table. Its name is unique in its benchmark.
    #[must_use]
    pub fn new(name: &'static str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(ToString::to_string).collect();
        Self { name, columns, rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it has not as many cells as the table has columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<_> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.columns.len(), "cells of a row in the table {}", self.name);
        self.rows.push(cells);
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the rows as objects whose keys are the columns.
    pub(super) fn json(&self) -> Value {
        let row = |cells: &Vec<Cell>| {
            let cells = self.columns.iter().cloned().zip(cells.iter().map(Cell::json));
            Value::Object(cells.collect::<Map<_, _>>())
        };
        self.rows.iter().map(row).collect()
    }

    /// Returns the columns in their order, which objects do not keep.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    fn is_figures(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.any(Cell::is_figure)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.columns.join(" | "))?;
        let sides = (0..self.columns.len())
            .map(|column| if self.is_figures(column) { "--:" } else { "---" });
        writeln!(f, "|{}|", sides.collect::<Vec<_>>().join("|"))?;
        for row in &self.rows {
            let cells: Vec<_> = row.iter().map(|cell| cell.text.as_str()).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}
