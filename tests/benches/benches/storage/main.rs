//! Benchmark of external storage: a sandboxed driver, the same requests made by `object_store`
//! itself, and Temporal's official driver in Python.
//!
//! `cargo bench --manifest-path tests/benches/Cargo.toml --bench storage`

mod contest;
mod direct;
mod memory;
mod official;
mod place;

use std::env;

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
    if args.iter().any(|arg| !arg.starts_with('-') && !"storage".contains(&**arg)) {
        return;
    }
    let places = [Place::folder(), Place::s3()];
    println!("\n| operation | store | size | direct | plugin | direct / plugin |");
    println!("|---|---|--:|--:|--:|--:|");
    for place in &places {
        for size in SIZES {
            let [store, retrieve] = contest::run(place, size);
            for (operation, Times { direct, plugin }) in [("store", store), ("retrieve", retrieve)]
            {
                println!(
                    "| {operation} | {} | {} MiB | {} | {} | {:.2} |",
                    place.name,
                    mebibytes(size),
                    millis(direct),
                    millis(plugin),
                    direct / plugin
                );
            }
        }
    }
    println!("\n| peak of memory over a payload of 50 MiB | of its size |\n|---|--:|");
    for place in &places {
        let [store, retrieve] = memory::peaks(place);
        println!("| store, {} | {store:.2} |", place.name);
        println!("| retrieve, {} | {retrieve:.2} |", place.name);
    }
    official::compare(places.last().expect("S3"));
}

fn millis(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

pub(crate) fn mebibytes(size: usize) -> usize {
    (size + (1 << 19)) >> 20
}
