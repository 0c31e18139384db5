//! Tables for people, in columns as wide as they need.

/// Lays rows out; the first column is left-aligned, the others right-aligned.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    lay_out(rows, |cell, width| format!("{cell:>width$}"))
}

/// Lays rows of words out; all columns are left-aligned.
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

/// Lays rows out; all columns are left-aligned, but for those whose numbers are given.
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

/// Returns text without what a terminal would act on: a claim or a history may be forged.
pub(crate) fn printable(text: &str) -> String {
    cloakroom::inspect::clean(text, 1024)
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
