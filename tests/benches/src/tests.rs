//! The report: its arguments, medians and spread, the table and the file.

use std::fs;

use serde_json::{Value, json};

use crate::{Cell, Samples, Table, arguments::Arguments, report::write};

fn samples(values: &[f64]) -> Samples {
    values.iter().copied().collect()
}

fn table() -> Table {
    let mut table = Table::new("calls", &["operation", "native", "warm", "native / warm"]);
    let native = samples(&[1e-6, 2e-6, 3e-6, 2e-6, 2e-6]);
    let warm = samples(&[8e-6, 8e-6, 40e-6, 8e-6, 9e-6]);
    let (ratio, times) = (Cell::ratio(&native, &warm), Cell::time(&warm));
    table.row(["encode".into(), Cell::time(&native), times, ratio]);
    table
}

#[test]
fn takes_a_benchmark_a_text_and_a_file() {
    let parse = |args: &[&str]| Arguments::parse(args.iter().map(ToString::to_string));
    let asked = parse(&["--bench", "price", "zstd", "level", "--json", "/figures.json"]);
    let json = Some("/figures.json".into());
    assert_eq!(asked, Arguments { bench: "price".into(), text: "zstd level".into(), json });
    assert_eq!(parse(&["--bench"]), Arguments::default());
}

#[test]
fn a_median_is_not_moved_by_an_outlier_and_the_spread_is_that_of_the_quartiles() {
    let times = samples(&[9.0, 10.0, 10.0, 11.0, 500.0]);
    assert_eq!(times.median(), 10.0);
    assert_eq!(times.spread(), 0.05);
    assert_eq!(samples(&[]).median(), 0.0);
}

#[test]
fn a_table_shows_medians_and_spread() {
    let lines = [
        "| operation | native | warm | native / warm |",
        "|---|--:|--:|--:|",
        "| encode | 2.0 µs ±0 % | 8.0 µs ±6 % | 0.25 |",
        "",
    ];
    assert_eq!(table().to_string(), lines.join("\n"));
}

#[test]
fn large_numbers_are_grouped() {
    let table = |cell| {
        let mut table = Table::new("n", &["n"]);
        table.row([cell]);
        table.to_string()
    };
    assert!(table(Cell::count(1_234_567)).contains("| 1,234,567 |"));
    assert!(table(Cell::count(123)).contains("| 123 |"));
    assert!(table(Cell::per_second(&samples(&[16_912.4]))).contains("| 16,912/s |"));
}

#[test]
fn a_run_replaces_the_figures_of_its_benchmark_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("figures.json");
    fs::write(&file, r#"{ "load": { "kept": 1 }, "price": { "old": 1 } }"#).expect("writes");
    write(&file, "price", &[table()]);
    let figures: Value = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("JSON");
    assert_eq!(figures["load"], json!({ "kept": 1 }));
    assert!(figures["price"]["old"].is_null());
    assert!(figures["price"]["run"]["date"].as_str().is_some_and(|date| date.starts_with("20")));
    let row = &figures["price"]["tables"]["calls"]["rows"][0];
    assert_eq!(row["operation"], "encode");
    assert_eq!(row["warm"]["median"], 8e-6);
    assert_eq!((&row["warm"]["low"], &row["warm"]["high"]), (&json!(8e-6), &json!(9e-6)));
    assert_eq!((&row["warm"]["turns"], &row["warm"]["unit"]), (&json!(5), &json!("s")));
    assert_eq!(row["warm"]["text"], "8.0 µs ±6 %");
    assert_eq!(row["native / warm"]["ratio"], 0.25);
}
