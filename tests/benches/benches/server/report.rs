//! Tables in Markdown, as the README shows them.

use std::io::Write as _;

use crate::{data::Asked, load::Turn};

/// One row: a payload, so many connections, and what Python and Cloakroom made of it.
pub(crate) struct Measured<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) connections: usize,
    turns: [Vec<Turn>; 2],
}

impl<'a> Measured<'a> {
    pub(crate) fn new(asked: &'a Asked, connections: usize) -> Self {
        Self { asked, connections, turns: [vec![], vec![]] }
    }

    pub(crate) fn add(&mut self, who: usize, turn: Turn) {
        self.turns[who].push(turn);
    }

    /// Medians over the turns.
    fn rates(&self) -> [f64; 2] {
        self.turns.each_ref().map(|turns| median(turns.iter().map(|turn| turn.rate)))
    }

    fn work(&self) -> [f64; 2] {
        self.turns.each_ref().map(|turns| median(turns.iter().map(|turn| turn.work)))
    }

    /// So much of all answers took no longer.
    fn within(&self, share: f64) -> [f64; 2] {
        self.turns.each_ref().map(|turns| {
            let latencies = turns.iter().flat_map(|turn| turn.latencies.iter().copied());
            quantile(latencies, share)
        })
    }
}

/// Shows that something is going on.
pub(crate) fn progress() {
    eprint!(".");
    let _ = std::io::stderr().flush();
}

pub(crate) fn print(measured: &[Measured<'_>]) {
    println!(
        "\n\n| decode | connections | Python | Cloakroom | as many | p50 / p99, Python \
         | p50 / p99, Cloakroom | processor, Python | processor, Cloakroom |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    for row in measured {
        let [python, cloakroom] = row.rates();
        let (half, most, work) = (row.within(0.5), row.within(0.99), row.work().map(time));
        let took = |who: usize| format!("{} / {}", time(half[who]), time(most[who]));
        println!(
            "| {} KiB | {} | {python:.0}/s | {cloakroom:.0}/s | {:.1} times | {} | {} | {} | {} |",
            row.asked.size >> 10,
            row.connections,
            cloakroom / python,
            took(0),
            took(1),
            work[0],
            work[1]
        );
    }
}

pub(crate) fn print_memory(idle: [f64; 2], first: [f64; 2], last: [f64; 2]) {
    println!("\n| memory of the server | Python | Cloakroom |\n|---|--:|--:|");
    for (when, [python, cloakroom]) in [
        ("before the first request", idle),
        ("at the peak of the first round", first),
        ("at the peak of the last", last),
    ] {
        let mebi = |bytes: f64| bytes / f64::from(1 << 20);
        println!("| {when} | {:.0} MiB | {:.0} MiB |", mebi(python), mebi(cloakroom));
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

fn time(seconds: f64) -> String {
    match seconds * 1e6 {
        micros @ ..1000.0 => format!("{micros:.0} µs"),
        micros => format!("{:.1} ms", micros / 1e3),
    }
}
