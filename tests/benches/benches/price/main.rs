//! Benchmark of the sandbox: every operation through a plugin, and the same steps written natively.
//! Both run in one process, turn by turn, so that a noisy machine disturbs both alike.
//!
//! `cargo xtask bench price`, or `cargo xtask bench price zstd` for the operations with this text in
//! their name.

mod data;
mod floor;
mod measure;
mod native;
mod plugins;

use cloakroom::Context;
use cloakroom_benches::{Cell, Report, Table};

use crate::{
    measure::{Contest, Runner, Times},
    plugins::{Codecs, load_times},
};

const SIZES: [usize; 5] = [1 << 10, 16 << 10, 256 << 10, 4 << 20, 32 << 20];

const COLUMNS: [&str; 8] = [
    "operation",
    "size",
    "native",
    "warm",
    "fresh",
    "warm - native",
    "native / warm",
    "native / fresh",
];

fn main() {
    let Some(mut report) = Report::start("price") else { return };
    let runner = Runner::new();
    let codecs = Codecs::load(&runner);
    let ctx = Context::namespace("bench");
    let mut calls = Table::new("calls", &COLUMNS);
    for contest in contests().into_iter().filter(|contest| report.wants(contest.name)) {
        for size in SIZES {
            let times = contest.run(&runner, &codecs, &ctx, size);
            calls.row(row(contest.name, size, &times));
            report.progress();
        }
    }
    report.print(calls);
    let mut batches = Table::new("batches", &COLUMNS);
    for contest in batch_contests().into_iter().filter(|contest| report.wants(contest.name)) {
        let size = 1 << 10;
        let times = contest.run(&runner, &codecs, &ctx, size);
        batches.row(row(contest.name, size, &times));
        report.progress();
    }
    report.print(batches);
    if report.wants("instances") {
        report.print(floor::table(&runner, &codecs, &ctx));
        report.progress();
    }
    let mut loads = Table::new("loading", &["loading from the compile cache", "time"]);
    if report.wants("loading") {
        for (plugin, times) in load_times(&runner) {
            loads.row([plugin.into(), Cell::time(&times)]);
        }
    }
    report.print(loads);
    report.finish();
}

fn row(name: &str, size: usize, Times { native, warm, fresh }: &Times) -> [Cell; 8] {
    [
        name.into(),
        bytes(size).into(),
        Cell::time(native),
        Cell::time(warm),
        Cell::time(fresh),
        Cell::time(&warm.minus(native)),
        Cell::ratio(native, warm),
        Cell::ratio(native, fresh),
    ]
}

fn bytes(size: usize) -> String {
    if size < 1 << 20 { format!("{} KiB", size >> 10) } else { format!("{} MiB", size >> 20) }
}

fn contests() -> Vec<Contest> {
    vec![
        Contest::new("AES-256-GCM, encode", &["aes"], data::text, native::Aes::encode),
        Contest::new("AES-256-GCM, decode", &["aes"], data::text, native::Aes::encode)
            .decoding(native::Aes::decode),
        Contest::new("sealed format, encode", &["sealed"], data::text, native::Sealed::encode),
        Contest::new("zstd level 1, encode", &["zstd"], data::text, native::Zstd::encode),
        Contest::new("zstd level 1, decode", &["zstd"], data::text, native::Zstd::encode)
            .decoding(native::Zstd::decode),
        Contest::new("zstd + AES, encode", &["zstd", "aes"], data::text, native::Both::encode),
        Contest::new("zstd + AES, decode", &["zstd", "aes"], data::text, native::Both::encode)
            .decoding(native::Both::decode),
    ]
}

/// Contests of 64 payloads in one call. Their times are those of one payload.
fn batch_contests() -> Vec<Contest> {
    vec![
        Contest::new("64 payloads, AES-256-GCM", &["aes"], data::text, native::Aes::encode)
            .of_payloads(64),
        Contest::new("64 payloads, clone", &["aes"], data::text, native::clone).of_payloads(64),
    ]
}
