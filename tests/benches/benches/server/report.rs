//! Tables in Markdown, as the README shows them.

use std::io::Write as _;

use crate::{COUNT, data::Asked, load::Turn};

/// One row: a payload, so many connections, and what each server made of it.
pub(crate) struct Measured<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) connections: usize,
    turns: [Vec<Turn>; COUNT],
}

impl<'a> Measured<'a> {
    pub(crate) fn new(asked: &'a Asked, connections: usize) -> Self {
        Self { asked, connections, turns: Default::default() }
    }

    pub(crate) fn add(&mut self, who: usize, turn: Turn) {
        self.turns[who].push(turn);
    }

    /// Medians over the turns.
    fn rates(&self) -> [f64; COUNT] {
        self.turns.each_ref().map(|turns| median(turns.iter().map(|turn| turn.rate)))
    }

    fn work(&self) -> [f64; COUNT] {
        self.turns.each_ref().map(|turns| median(turns.iter().map(|turn| turn.work)))
    }

    /// So much of all answers took no longer.
    fn within(&self, share: f64) -> [f64; COUNT] {
        self.turns.each_ref().map(|turns| {
            let latencies = turns.iter().flat_map(|turn| turn.latencies.iter().copied());
            quantile(latencies, share)
        })
    }

    fn title(&self) -> String {
        format!("{} KiB, {} connections", self.asked.size >> 10, self.connections)
    }
}

/// Shows that something is going on.
pub(crate) fn progress() {
    eprint!(".");
    let _ = std::io::stderr().flush();
}

pub(crate) fn print(measured: &[Measured<'_>]) {
    println!(
        "\n\n| CPU of a request | Python | fresh | warm | no plugin | Python / fresh \
         | Python / warm |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for row in measured {
        let work = row.work();
        let [python, fresh, warm, empty] = work.map(time);
        let times = |who: usize| format!("{:.1} times", work[0] / work[who]);
        println!(
            "| {} | {python} | {fresh} | {warm} | {empty} | {} | {} |",
            row.title(),
            times(1),
            times(2)
        );
    }
    println!(
        "\n| decode | Python | fresh | warm | p50 / p99, Python | p50 / p99, fresh \
         | p50 / p99, warm |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for row in measured {
        let [python, fresh, warm, _] = row.rates();
        let (half, most) = (row.within(0.5), row.within(0.99));
        let took = |who: usize| format!("{} / {}", time(half[who]), time(most[who]));
        println!(
            "| {} | {python:.0}/s | {fresh:.0}/s | {warm:.0}/s | {} | {} | {} |",
            row.title(),
            took(0),
            took(1),
            took(2)
        );
    }
}

pub(crate) fn print_memory(idle: [f64; COUNT], first: [f64; COUNT], last: [f64; COUNT]) {
    println!("\n| memory of the server | Python | fresh | warm |\n|---|--:|--:|--:|");
    for (when, [python, fresh, warm, _]) in [
        ("before the first request", idle),
        ("at the peak of the first round", first),
        ("at the peak of the last", last),
    ] {
        let mebi = |bytes: f64| bytes / f64::from(1 << 20);
        println!(
            "| {when} | {:.0} MiB | {:.0} MiB | {:.0} MiB |",
            mebi(python),
            mebi(fresh),
            mebi(warm)
        );
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
