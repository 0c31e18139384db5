//! Benchmark of keys from a key service: what they cost beside a static key, and while they rotate.
//!
//! `cargo xtask bench keys`, or `cargo xtask bench keys rotation` for the tables with this text in their
//! name. A service of the benchmark's own answers after a stated time, so the figures are Cloakroom's. The
//! table `openbao` has a real one.

mod contest;
mod many;
mod openbao;
mod rotation;

use cloakroom_benches::{Cell, Report, Samples, Table};
use cloakroom_tests::Kek;

use crate::contest::{Contestant, Op, STATIC, over_service};

/// Sizes of payloads.
const SIZES: [usize; 2] = [1 << 10, 256 << 10];

/// Turns of each contest.
const TURNS: usize = 41;

/// Bytes of a turn, so that no turn is short.
const BYTES: usize = 4 << 20;

/// Most payloads of a turn.
const PAYLOADS: usize = 400;

fn main() {
    let Some(mut report) = Report::start("keys") else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    if report.wants("sealing") {
        let table = runtime.block_on(sealing(&report));
        report.print(table);
    }
    if report.wants("rotation") {
        let table = rotation::measure(&runtime, &report);
        report.print(table);
    }
    if report.wants("many payloads") {
        let table = runtime.block_on(many::measure(&report));
        report.print(table);
    }
    if report.wants("openbao") {
        match runtime.block_on(openbao::measure()) {
            Some(table) => report.print(table),
            None => eprintln!("left out: OpenBao, which `cargo xtask setup` installs"),
        }
    }
    report.finish();
}

/// Compares payloads under a key that a service has wrapped with payloads under a static key.
async fn sealing(report: &Report) -> Table {
    let kek = Kek::new();
    let of_static = Contestant::open(STATIC, &kek).await;
    let of_service = Contestant::open(&over_service(""), &kek).await;
    let columns = ["operation", "size", "static key", "key service", "service / static"];
    let mut table = Table::new("sealing", &columns);
    for op in [Op::Encode, Op::Decode] {
        for size in SIZES {
            let payloads = (BYTES / size).min(PAYLOADS);
            let (mut with_static, mut with_service) = (Samples::default(), Samples::default());
            for turn in 0..TURNS {
                // Who begins finds the machine as the last one left it.
                let both = [(&of_static, &mut with_static), (&of_service, &mut with_service)];
                let mut both = both.map(Some);
                for place in [turn % 2, 1 - turn % 2] {
                    let (contestant, samples) = both[place].take().expect("one turn each");
                    samples.push(contestant.turn(op, size, payloads).await);
                }
            }
            table.row([
                op.name().into(),
                format!("{} KiB", size >> 10).into(),
                Cell::time(&with_static),
                Cell::time(&with_service),
                Cell::ratio(&with_service, &with_static),
            ]);
            report.progress();
        }
    }
    table
}
