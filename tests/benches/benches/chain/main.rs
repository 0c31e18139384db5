//! One payload of 50 MiB that is compressed, sealed, hashed and stored: each step alone, and the chain.
//!
//! `cargo xtask bench chain`

mod memory;
mod steps;

use std::env;

use bytes::Bytes;
use cloakroom_benches::{Cell, Report, Samples, Table};

use crate::steps::{STEPS, Steps};

/// Sealed, it must still be below the 50 MiB that drivers store.
const SIZE: usize = (50 << 20) - (4 << 10);
const TURNS: usize = 5;

/// Makes a payload of a size.
type Make = fn(usize) -> Bytes;

/// Payloads by their names.
const PAYLOADS: [(&str, Make); 2] =
    [("text", cloakroom_tests::text), ("noise", cloakroom_tests::noise)];

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [word, name] = &*args
        && word == memory::ALONE
    {
        return memory::alone(bytes(name));
    }
    let Some(mut report) = Report::start("chain") else { return };
    let mut table = Table::new(
        "50 MiB, step by step",
        &[
            "payload",
            "compress",
            "seal",
            "hash",
            "store",
            "chain",
            "sum",
            "floor",
            "chain / floor",
            "peak",
        ],
    );
    for (name, make) in PAYLOADS {
        if report.wants(name) {
            table.row(row(&report, name, make(SIZE)));
        }
    }
    report.print(table);
    report.finish();
}

fn bytes(name: &str) -> Bytes {
    let (_, make) = PAYLOADS.into_iter().find(|(known, _)| *known == name).expect("a payload");
    make(SIZE)
}

fn row(report: &Report, name: &str, body: Bytes) -> [Cell; 10] {
    let mut steps = Steps::open(body);
    let mut seconds: [Samples; STEPS] = Default::default();
    let (mut sum, mut floor) = (Samples::default(), Samples::default());
    let mut peak = Samples::default();
    for _ in 0..TURNS {
        let turn = steps.turn();
        let [compress, seal, hash, store, _] = turn;
        seconds.iter_mut().zip(turn).for_each(|(samples, value)| samples.push(value));
        sum.push(compress + seal + hash + store);
        // The key is the hash of all bytes, so storing cannot begin before the others have ended.
        floor.push(compress.max(seal).max(hash) + store);
        peak.push(memory::peak(name));
        report.progress();
    }
    let [compress, seal, hash, store, chain] = &seconds;
    [
        name.into(),
        Cell::time(compress),
        Cell::time(seal),
        Cell::time(hash),
        Cell::time(store),
        Cell::time(chain),
        Cell::time(&sum),
        Cell::time(&floor),
        Cell::ratio(chain, &floor),
        Cell::plain(&peak),
    ]
}
