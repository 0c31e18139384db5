//! Figures as a table for people, and as JSON for scripts.

use cloakroom::ByteSize;
use serde_json::json;

use super::row::Row;
use crate::{
    plugin::measure::{throughput, throughput_text, time_text},
    table::columns,
};

/// Returns the figures for people.
pub(super) fn table(rows: &[Row]) -> String {
    let header = ["plugin", "size", "instance", "out", "back", "out", "back", "result"];
    let mut cells = vec![header.map(str::to_owned).to_vec()];
    for Row { plugin, is_warm, bytes, times } in rows {
        cells.push(vec![
            plugin.clone(),
            ByteSize::bytes(*bytes as u64).to_string(),
            instance(*is_warm).to_owned(),
            time_text(times.out),
            time_text(times.back),
            throughput_text(*bytes, times.out),
            throughput_text(*bytes, times.back),
            share(*bytes, times.size),
        ]);
    }
    columns(&cells, &[1, 3, 4, 5, 6, 7])
}

/// Returns the figures for scripts.
pub(super) fn json(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|Row { plugin, is_warm, bytes, times }| {
            json!({
                "plugin": plugin,
                "bytes": bytes,
                "instance": instance(*is_warm),
                "outMicros": times.out.as_secs_f64() * 1e6,
                "backMicros": times.back.as_secs_f64() * 1e6,
                "outBytesPerSecond": throughput(*bytes, times.out),
                "backBytesPerSecond": throughput(*bytes, times.back),
                "resultBytes": times.size,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "rows": rows }))
}

fn instance(is_warm: bool) -> &'static str {
    if is_warm { "warm" } else { "fresh" }
}

/// Returns the size of a result in hundredths of its input.
fn share(bytes: usize, result: usize) -> String {
    match (result * 100).checked_div(bytes) {
        Some(share) => format!("{share} %"),
        None => "-".to_owned(),
    }
}
