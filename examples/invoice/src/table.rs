//! The rows, for people and for programs.

use std::io::{self, Write as _};

use anyhow::Result;

use crate::{meter::Part, outcome::Outcome, replay::Replays, run::Row, store::Stored};

const HEAD: [&str; 11] = [
    "way",
    "PayInvoice finishes?",
    "history, bytes",
    "events",
    "replay, cold",
    "replay, warm",
    "Cloakroom's part, warm",
    "handed to the SDK",
    "in the store",
    "after six replays",
    "Archive finishes?",
];

const FURTHER: &str = "\
The pipelines are examples/invoice/codecs.toml and storage.toml; src/connection.rs is all that the
worker does to have them.
With --keep FOLDER each way leaves its configuration, key, database and objects there:
`temporal server start-dev --db-filename FOLDER/storage/temporal.db` shows the histories in the Web
UI, and `cloakroom explain --config FOLDER/storage/cloakroom.toml` what became of their payloads.";

/// Prints all rows.
pub(crate) fn print(rows: &[Row], json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, rows)?;
        return Ok(writeln!(out)?);
    }
    let head = HEAD.map(str::to_owned);
    let cells: Vec<_> = [head].into_iter().chain(rows.iter().map(cells)).collect();
    let mut widths = [0; HEAD.len()];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |cells: &[String; HEAD.len()]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule = widths.map(|width| "-".repeat(width));
    for (at, row) in cells.iter().enumerate() {
        writeln!(out, "{}", line(row))?;
        if at == 0 {
            writeln!(out, "{}", line(&rule))?;
        }
    }
    Ok(writeln!(out, "\n{FURTHER}")?)
}

fn cells(row: &Row) -> [String; HEAD.len()] {
    let Row { way, pay_invoice, replays, archive, stored, stored_after_replays } = row;
    let replay = |seconds: fn(&Replays) -> f64| {
        replays
            .as_ref()
            .map_or("-".to_owned(), |replays| format!("{:.0} ms", 1e3 * seconds(replays)))
    };
    [
        (*way).to_owned(),
        finishes(pay_invoice),
        grouped(pay_invoice.history_bytes),
        pay_invoice.events.to_string(),
        replay(|replays| replays.cold_seconds),
        replay(|replays| replays.warm_seconds),
        part(replays.as_ref(), |part| format!("{:.0} ms", 1e3 * part.seconds)),
        part(replays.as_ref(), |part| format!("{:.2} MB", part.bytes as f64 / 1e6)),
        objects(stored),
        objects(stored_after_replays),
        finishes(archive),
    ]
}

/// Shows something of Cloakroom's part of a warm replay, where it is in the connection.
fn part(replays: Option<&Replays>, show: fn(&Part) -> String) -> String {
    let part = replays.map(|replays| replays.warm_part).filter(|part| part.bytes > 0);
    part.map_or("-".to_owned(), |part| show(&part))
}

fn finishes(Outcome { finished, status, reason, seconds, .. }: &Outcome) -> String {
    match (finished, reason) {
        (true, _) => format!("yes, {seconds:.1} s"),
        (false, None) => format!("no: {status} after {seconds:.0} s"),
        (false, Some(reason)) => format!("no: {status}, {}", reason.in_short()),
    }
}

fn objects(stored: &Stored) -> String {
    match stored.objects {
        0 => "-".to_owned(),
        1 => format!("1 object, {:.2} MB", stored.bytes as f64 / 1e6),
        objects => format!("{objects} objects, {:.2} MB", stored.bytes as f64 / 1e6),
    }
}

/// With a comma between thousands.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
