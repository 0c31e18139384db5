//! Benchmark of the sandbox: every operation through a plugin, and the same steps written natively.
//! Both run in one process, turn by turn, so that a noisy machine disturbs both alike.
//!
//! `cargo bench --manifest-path tests/benches/Cargo.toml [-- FILTER]`

mod data;
mod measure;
mod native;
mod plugins;
mod report;

use std::env;

use cloakroom::Context;

use crate::{
    measure::{Contest, Runner},
    plugins::{Codecs, load_times},
    report::Report,
};

const SIZES: [usize; 5] = [1 << 10, 16 << 10, 256 << 10, 4 << 20, 32 << 20];

fn main() {
    let filter = env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    if !contests().iter().any(|contest| contest.name.contains(&*filter)) {
        return;
    }
    let runner = Runner::new();
    let codecs = Codecs::load(&runner);
    let ctx = Context::namespace("bench");
    let mut report = Report::new();
    for contest in contests() {
        if contest.name.contains(&*filter) {
            for size in SIZES {
                report.add(contest.name, size, contest.run(&runner, &codecs, &ctx, size));
            }
        }
    }
    report.print(&load_times(&runner));
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
