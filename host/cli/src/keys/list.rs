//! Command `keys list`: rings, keys, states and ages.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use cloakroom::inspect::Report;
use serde_json::{Value, json};

use super::args::List;
use crate::{
    failure::Failure,
    open::builder,
    table::{columns, printable, thousands},
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Largest text of metrics in bytes.
const METRICS: u64 = 64 << 20;

/// Counter of payloads in a format whose keys wear out.
const MESSAGES: &str = "cloakroom_key_messages_total";

/// A key, and what the configuration says about it.
struct Row<'a> {
    ring: &'a str,
    key: &'a str,
    is_current: bool,
    age: Option<i64>,
    messages: Option<u64>,
    used_by: Vec<String>,
}

/// Messages by ring and key.
type Messages = BTreeMap<(String, String), u64>;

pub(super) async fn run(args: &List) -> Result<(), Failure> {
    let check = builder(&args.config).check().await?;
    let messages = args.metrics.as_deref().map(read_metrics).transpose()?;
    let rows = rows(check.report(), messages.as_ref());
    let text = if args.json {
        let rows: Vec<Value> = rows.iter().map(row_json).collect();
        format!("{:#}\n", json!({ "keys": rows }))
    } else {
        as_text(&rows)
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

fn rows<'a>(report: &'a Report, messages: Option<&Messages>) -> Vec<Row<'a>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let mut rows = Vec::new();
    for ring in &report.rings {
        let known = report.ring_uses.iter().find(|known| known.ring == ring.name);
        let mut used_by = known.map(|known| known.stages.clone()).unwrap_or_default();
        if known.is_some_and(|known| known.claims) {
            used_by.push("claims".to_owned());
        }
        // The current key of a service is not in the list of those of the file.
        let of_service = (!ring.keys.contains(&ring.current)).then_some(&ring.current);
        for key in of_service.into_iter().chain(&ring.keys) {
            let created = known.and_then(|known| known.created.get(key));
            let counted = |messages: &Messages| {
                messages.get(&(ring.name.clone(), key.clone())).copied().unwrap_or_default()
            };
            rows.push(Row {
                ring: &ring.name,
                key,
                is_current: *key == ring.current,
                age: created.map(|created| (now - created) / DAY),
                messages: messages.map(counted),
                used_by: used_by.clone(),
            });
        }
    }
    rows
}

fn as_text(rows: &[Row<'_>]) -> String {
    let head = ["ring", "key", "state", "age", "messages", "used by"].map(str::to_owned).to_vec();
    let row = |row: &Row<'_>| {
        let days = |age: i64| format!("{age} days");
        let count = |count| thousands(usize::try_from(count).unwrap_or(usize::MAX));
        vec![
            printable(row.ring),
            printable(row.key),
            state(row).to_owned(),
            row.age.map_or("no date".to_owned(), days),
            row.messages.map_or("-".to_owned(), count),
            row.used_by.join(", "),
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain(rows.iter().map(row)).collect();
    columns(&rows, &[3, 4])
}

fn state(row: &Row<'_>) -> &'static str {
    if row.is_current { "current" } else { "retired" }
}

fn row_json(row: &Row<'_>) -> Value {
    json!({
        "ring": row.ring,
        "key": row.key,
        "state": state(row),
        "ageInDays": row.age,
        "messages": row.messages,
        "usedBy": row.used_by,
    })
}

/// Reads the metrics of a running process, and sums its messages by key.
fn read_metrics(file: &Path) -> Result<Messages, Failure> {
    let name = || format!("cannot read `{}`", file.display());
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(METRICS).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(METRICS).read_to_string(&mut text))
    };
    read.map_err(|error| Failure::io(error, name()).into_usage())?;
    let mut messages = Messages::new();
    for line in text.lines().filter_map(|line| line.strip_prefix(MESSAGES)) {
        let (Some(ring), Some(key)) = (label(line, "ring"), label(line, "key")) else { continue };
        let value = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        *messages.entry((ring, key)).or_default() += value.unwrap_or_default() as u64;
    }
    Ok(messages)
}

/// Returns the value of a label. Ids with a quote or a backslash are not found.
fn label(line: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let after = line.find(&start).and_then(|at| line.get(at + start.len()..))?;
    after.split_once('"').map(|(value, _)| value.to_owned())
}
