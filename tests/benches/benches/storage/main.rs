//! Benchmark of external storage: a sandboxed driver, the same requests made by `object_store`
//! itself, and Temporal's official driver in Python.
//!
//! `cargo xtask bench storage`

mod contest;
mod direct;
mod memory;
mod official;
mod place;

use std::env;

use cloakroom_benches::{Cell, Report, Table};

use crate::{contest::Times, place::Place};

/// A little is left for the message around: drivers, official and ours, take 50 MiB and not a byte more.
pub(crate) const LARGE: usize = (50 << 20) - 64;
const SIZES: [usize; 2] = [4 << 20, LARGE];

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [word, place] = &*args
        && word == memory::ALONE
    {
        return memory::alone(place);
    }
    let Some(mut report) = Report::start("storage") else { return };
    let places = [Place::folder(), Place::s3()];
    if report.wants("driver") {
        let table = drivers(&places, &report);
        report.print(table);
    }
    if report.wants("memory") {
        report.print(peaks(&places));
    }
    if report.wants("official") {
        report.print(official::compare(places.last().expect("S3")));
    }
    report.finish();
}

fn drivers(places: &[Place], report: &Report) -> Table {
    let columns = ["operation", "store", "size", "direct", "plugin", "direct / plugin"];
    let mut table = Table::new("driver", &columns);
    for place in places {
        for size in SIZES {
            let [store, retrieve] = contest::run(place, size);
            for (operation, Times { direct, plugin }) in [("store", store), ("retrieve", retrieve)]
            {
                table.row([
                    operation.into(),
                    place.name.into(),
                    format!("{} MiB", mebibytes(size)).into(),
                    Cell::time(&direct),
                    Cell::time(&plugin),
                    Cell::ratio(&direct, &plugin),
                ]);
            }
            report.progress();
        }
    }
    table
}

fn peaks(places: &[Place]) -> Table {
    let columns = ["peak of memory over a payload of 50 MiB", "of its size"];
    let mut table = Table::new("memory", &columns);
    for place in places {
        let [store, retrieve] = memory::peaks(place);
        table.row([format!("store, {}", place.name).into(), Cell::plain(&store)]);
        table.row([format!("retrieve, {}", place.name).into(), Cell::plain(&retrieve)]);
    }
    table
}

pub(crate) fn mebibytes(size: usize) -> usize {
    (size + (1 << 19)) >> 20
}
