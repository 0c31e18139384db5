//! File with the figures of benchmarks. A run replaces those of its own benchmark.

use std::{fs, path::Path, process::Command, thread};

use serde_json::{Map, Value, json};

use super::Table;

const INDENT: &str = "  ";

/// Depth of the lists of rows: bench, its tables, a table, its rows.
const DEPTH: usize = 4;

/// Writes the tables of a benchmark into a file, beside those of others.
pub(crate) fn write(file: &Path, bench: &str, tables: &[Table]) {
    let mut benches = read(file);
    let tables = tables.iter().map(|table| {
        let figures = json!({ "columns": table.columns(), "rows": table.json() });
        (table.name().to_owned(), figures)
    });
    let tables = Value::Object(tables.collect());
    benches.insert(bench.to_owned(), json!({ "run": run(), "tables": tables }));
    let text = lines(&Value::Object(benches), 0);
    fs::write(file, text + "\n")
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
}

fn read(file: &Path) -> Map<String, Value> {
    let Ok(text) = fs::read_to_string(file) else { return Map::new() };
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} holds no figures: {error}", file.display()))
}

/// Returns JSON with a line for each row, so that a difference shows which rows have changed.
fn lines(value: &Value, depth: usize) -> String {
    let (begin, end) =
        ("\n".to_owned() + &INDENT.repeat(depth + 1), "\n".to_owned() + &INDENT.repeat(depth));
    let join = |parts: Vec<String>| parts.join(&format!(",{begin}"));
    match value {
        _ if depth > DEPTH => value.to_string(),
        Value::Object(fields) if !fields.is_empty() => {
            let field = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), lines(value, depth + 1))
            };
            format!("{{{begin}{}{end}}}", join(fields.iter().map(field).collect()))
        }
        Value::Array(values) if !values.is_empty() => {
            let value = |value| lines(value, depth + 1);
            format!("[{begin}{}{end}]", join(values.iter().map(value).collect()))
        }
        _ => value.to_string(),
    }
}

/// Returns when and where this was measured, and of what.
fn run() -> Value {
    json!({
        "date": output("date", &["-u", "+%F"]),
        "commit": output("git", &["rev-parse", "--short", "HEAD"]),
        "processor": processor(),
        "processors": thread::available_parallelism().map_or(0, usize::from),
        "load": fs::read_to_string("/proc/loadavg").ok().and_then(|load| {
            load.split(' ').next().map(str::to_owned)
        }),
    })
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
