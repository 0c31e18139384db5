//! One table of ratios, in Markdown, as the README shows it.

use std::io::Write as _;

use crate::measure::Times;

pub(crate) struct Report(Vec<(&'static str, usize, Times)>);

impl Report {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a row, and shows that something is going on.
    pub(crate) fn add(&mut self, name: &'static str, size: usize, times: Times) {
        eprint!(".");
        let _ = std::io::stderr().flush();
        self.0.push((name, size, times));
    }

    pub(crate) fn print(&self, loads: &[(&str, f64)]) {
        println!(
            "\n\n| operation | size | native | warm | fresh | native / warm | native / fresh |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|");
        for (name, size, Times { native, warm, fresh }) in &self.0 {
            println!(
                "| {name} | {} | {} | {} | {} | {:.2} | {:.2} |",
                bytes(*size),
                time(*native),
                time(*warm),
                time(*fresh),
                native / warm,
                native / fresh
            );
        }
        println!("\n| loading from the compile cache | median |\n|---|--:|");
        for (name, millis) in loads {
            println!("| {name} | {millis:.2} ms |");
        }
    }
}

fn bytes(size: usize) -> String {
    if size < 1 << 20 { format!("{} KiB", size >> 10) } else { format!("{} MiB", size >> 20) }
}

fn time(seconds: f64) -> String {
    match seconds * 1e6 {
        micros @ ..1000.0 => format!("{micros:.1} µs"),
        micros => format!("{:.2} ms", micros / 1e3),
    }
}
