//! A month of runs as a table for people, with the arithmetic.

use crate::{
    history::cost::{Cost, Month, Per},
    table::{columns, thousands},
};

/// The costs of a month, line by line, and what is saved.
pub(crate) fn month(month: &Month) -> String {
    let mut text = format!(
        "\n{} runs a month, and what they write kept for one month:\n",
        thousands(usize::try_from(month.runs).unwrap_or(usize::MAX))
    );
    let without = month.without.iter().map(|cost| row("without", cost, month.runs));
    let with = month.with.iter().map(|cost| row("with", cost, month.runs));
    text.push_str(&columns(&without.chain(with).collect::<Vec<_>>(), &[]));
    match month.saved() {
        Some(saved) => {
            let (word, saved) = if saved < 0.0 { ("costs", -saved) } else { ("saves", saved) };
            text.push_str(&format!("  Cloakroom {word} {saved:.2} a month"));
        }
        None => text.push_str("  no price was given (--price-gib-month and others)"),
    }
    match month.unpriced() {
        names if names.is_empty() || month.saved().is_none() => text.push('\n'),
        names => text.push_str(&format!(", without a price for: {}\n", names.join(", "))),
    }
    text
}

fn row(side: &str, cost: &Cost, runs: u64) -> Vec<String> {
    let runs = thousands(usize::try_from(runs).unwrap_or(usize::MAX));
    let each = thousands(cost.each);
    let all = match cost.per {
        Per::GibMonth => format!("{runs} × {each} bytes = {:.3} GiB", cost.units),
        Per::Thousand => format!("{runs} × {each} requests = {:.1} thousand", cost.units),
    };
    let priced = match (cost.price, cost.amount()) {
        (Some(price), Some(amount)) => format!("× {price} = {amount:.2}"),
        _ => "no price given".to_owned(),
    };
    vec![side.to_owned(), cost.name.to_owned(), all, priced]
}
