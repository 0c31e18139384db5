//! Evidence as text.

use super::{
    evidence::{Evidence, Seen, Sighting},
    verdict::Row,
};
use crate::table::{columns, printable, thousands};

/// Returns a table of all keys, the first and last place of each, and what was not read.
pub(super) fn render(evidence: &Evidence, rows: &[Row<'_>]) -> String {
    let head = ["ring", "key", "state", "verdict", "payloads", "in"];
    let mut table = vec![head.map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(row));
    let mut text = columns(&table, &[4]);
    let places: Vec<_> = rows.iter().filter(|row| row.seen.payloads > 0).flat_map(places).collect();
    if !places.is_empty() {
        text.push_str("\nseen\n");
        text.push_str(&columns(&places, &[]));
    }
    text.push_str("\nread\n");
    let read = evidence.read.iter().map(|((namespace, kind), count)| {
        vec![printable(namespace), count.to_string(), plural(kind, *count)]
    });
    text.push_str(&columns(&read.collect::<Vec<_>>(), &[1]));
    text.push_str(&not_read(evidence));
    text
}

fn row(row: &Row<'_>) -> Vec<String> {
    vec![
        row.ring.unwrap_or("-").to_owned(),
        shown(row.id),
        row.state.to_owned(),
        row.verdict.to_string(),
        thousands(usize::try_from(row.seen.payloads).unwrap_or(usize::MAX)),
        holders(&row.seen),
    ]
}

/// Returns an id. One over a key service may have hundreds of characters.
fn shown(id: &str) -> String {
    let id = printable(id);
    if id.chars().count() <= 64 {
        return id;
    }
    id.chars().take(63).chain(['…']).collect()
}

fn holders(seen: &Seen) -> String {
    let holder = |((kind, is_open), holders): (&(&str, bool), &std::collections::HashSet<u64>)| {
        // Schedules and deployments are not over before they are deleted.
        let state = match (*kind, is_open) {
            ("run" | "activity" | "operation", true) => "open ",
            ("run" | "activity" | "operation", false) => "closed ",
            _ => "",
        };
        let count = holders.len() as u64;
        format!("{count} {state}{}", plural(kind, count))
    };
    seen.holders.iter().map(holder).collect::<Vec<_>>().join(", ")
}

/// Returns the word for so many of a kind.
pub(super) fn plural(kind: &str, count: u64) -> String {
    match (kind, count) {
        (kind, 1) => kind.to_owned(),
        ("activity", _) => "activities".to_owned(),
        ("exported history", _) => "exported histories".to_owned(),
        (kind, _) => format!("{kind}s"),
    }
}

fn places(row: &Row<'_>) -> Vec<Vec<String>> {
    let key = format!("{}/{}", row.ring.unwrap_or("-"), shown(row.id));
    let place = |name: &str, key: String, sighting: &Sighting| {
        let time = sighting.time.clone().unwrap_or_else(|| "no time".to_owned());
        vec![key, name.to_owned(), time, printable(&sighting.place())]
    };
    if row.seen.payloads == 1 {
        return vec![place("once", key, &row.seen.first)];
    }
    vec![place("first", key, &row.seen.first), place("last", String::new(), &row.seen.last)]
}

fn not_read(evidence: &Evidence) -> String {
    if evidence.gaps.is_empty() {
        return "\neverything was read\n".to_owned();
    }
    let mut text = "\nnot read\n".to_owned();
    for (what, why, group) in evidence.gaps.iter() {
        let count =
            if group.count > 1 { format!(" ({} of them)", group.count) } else { String::new() };
        let example =
            if group.example.is_empty() { String::new() } else { format!(": {}", group.example) };
        text.push_str(&format!("  {what}{example}{count}\n    {why}\n"));
    }
    if evidence.gaps.more > 0 {
        text.push_str(&format!("  and {} more, for other reasons\n", evidence.gaps.more));
    }
    text
}
