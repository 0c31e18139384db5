//! Text tables with aligned columns.

use cloakroom::inspect::{Thousands, clean};

/// Returns rows with the first column left-aligned and the others right-aligned.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    lay_out(rows, |cell, width| format!("{cell:>width$}"))
}

/// Returns rows with all columns left-aligned.
pub(crate) fn words(rows: &[Vec<String>]) -> String {
    lay_out(rows, |cell, width| format!("{cell:<width$}"))
}

fn lay_out(rows: &[Vec<String>], align: impl Fn(&str, usize) -> String) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 => line.push_str(&format!("{cell:<width$}")),
                _ => line.push_str(&format!("   {}", align(cell, width))),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns rows with the columns in `right` right-aligned and the others left-aligned.
pub(crate) fn columns(rows: &[Vec<String>], right: &[usize]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            line.push_str("  ");
            if right.contains(&column) {
                line.push_str(&format!("{cell:>width$}"));
            } else {
                line.push_str(&format!("{cell:<width$}"));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns a text without terminal control sequences, because claims and histories may be forged.
pub(crate) fn printable(text: &str) -> String {
    clean(text, 1024)
}

/// Returns a number with its thousands separated.
pub(crate) fn thousands(number: usize) -> String {
    Thousands(number as u64).to_string()
}
