//! Figures that benchmarks have written as JSON.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// Figures of all benchmarks.
pub(super) struct Measured(Value);

/// Table of one benchmark.
pub(super) struct Table<'a> {
    bench: &'a str,
    name: &'a str,
    rows: &'a [Value],
}

/// Row of a table.
pub(super) struct Row<'a> {
    pub(super) name: String,
    value: &'a Value,
}

impl Measured {
    /// Reads a file of figures.
    ///
    /// # Errors
    /// If it is no JSON.
    pub(super) fn parse(text: &str) -> Result<Self> {
        Ok(Self(serde_json::from_str(text).context("the file of figures is no JSON")?))
    }

    /// Returns whether there is a run of a benchmark.
    pub(super) fn has(&self, bench: &str) -> bool {
        self.0.get(bench).is_some()
    }

    /// Returns a table of a benchmark.
    ///
    /// # Errors
    /// If the file has none.
    pub(super) fn table<'a>(&'a self, bench: &'a str, name: &'a str) -> Result<Table<'a>> {
        let rows = self
            .field(bench, "tables")
            .and_then(|tables| tables.get(name)?.get("rows")?.as_array());
        let rows = rows.with_context(|| {
            format!("there are no figures of the table `{name}`: {}", command(bench))
        })?;
        Ok(Table { bench, name, rows })
    }

    /// Returns when and where some benchmarks ran, in words.
    ///
    /// # Errors
    /// If the file does not say so.
    pub(super) fn runs(&self, benches: &[&str]) -> Result<String> {
        let all = |name| -> Result<String> {
            let mut texts = BTreeSet::new();
            for bench in benches {
                let text = self.field(bench, "run").and_then(|run| run.get(name)?.as_str());
                let missing = || format!("the run has no `{name}`: {}", command(bench));
                texts.insert(text.with_context(missing)?);
            }
            Ok(texts.into_iter().collect::<Vec<_>>().join(", "))
        };
        Ok(format!("on {} at commit {} ({})", all("date")?, all("commit")?, all("processor")?))
    }

    fn field(&self, bench: &str, name: &str) -> Option<&Value> {
        self.0.get(bench)?.get(name)
    }
}

impl<'a> Table<'a> {
    /// Returns the row whose cells in some columns are these texts.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn row(&self, cells: &[(&str, &str)]) -> Result<Row<'a>> {
        let mut rows = self.rows(cells)?;
        Ok(rows.swap_remove(0))
    }

    /// Returns all rows whose cells in some columns are these texts.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn rows(&self, cells: &[(&str, &str)]) -> Result<Vec<Row<'a>>> {
        let matches = |row: &&Value| cells.iter().all(|(column, is)| text(row, column) == Some(is));
        let rows = self.rows.iter().filter(matches).map(|value| {
            let words =
                value.as_object().into_iter().flatten().filter_map(|(_, cell)| cell.as_str());
            let name = words.collect::<Vec<_>>().join(", ");
            Row { name: format!("{}, {}: {name}", self.bench, self.name), value }
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            let (bench, name) = (self.bench, self.name);
            bail!("the table `{name}` has no row with {cells:?}: {}", command(bench));
        }
        Ok(rows)
    }
}

impl Row<'_> {
    /// Returns the figure of a column: a median, a mean, a ratio or a count.
    ///
    /// # Errors
    /// If the column has none.
    pub(super) fn figure(&self, column: &str) -> Result<f64> {
        let cell = self.value.get(column);
        let kinds = ["median", "mean", "ratio", "count"];
        let figure = kinds.iter().find_map(|kind| cell?.get(kind)?.as_f64());
        figure.with_context(|| format!("{} has no figure `{column}`", self.name))
    }
}

/// Returns the text of a cell: of a figure, the one that people see.
fn text<'a>(row: &'a Value, column: &str) -> Option<&'a str> {
    let cell = row.get(column)?;
    cell.as_str().or_else(|| cell.get("text")?.as_str())
}

fn command(bench: &str) -> String {
    format!("run `cargo xtask bench {bench} --json tests/benches/figures.json`")
}
