//! Fuzz targets: functions that take any bytes, and panic if a promise does not hold for them.
//!
//! The tests run each target with its kept corpus and a fixed number of seeded mutations
//! ([`Target::replay`]); `cargo xtask fuzz` runs one under libFuzzer for as long as wanted.

// Files of the guests that are compiled here bring their unit tests along, which run where they are.
#![cfg(not(test))]

mod input;
mod mutate;
mod promise;
mod replay;
mod targets;

pub use self::replay::corpus;

/// One fuzz target.
pub struct Target {
    /// The name of the target and of its folder in `corpus`.
    pub name: &'static str,
    run: fn(&[u8]),
    /// Number of mutations in a test run.
    mutations: usize,
}

/// Every target. The numbers keep each of them to a few seconds in an unoptimised build.
pub static TARGETS: [Target; 18] = [
    Target { name: "config", run: targets::config, mutations: 10_000 },
    Target { name: "dapr", run: targets::dapr, mutations: 5000 },
    Target { name: "envelope", run: targets::envelope, mutations: 20_000 },
    Target { name: "gzip", run: targets::gzip, mutations: 10_000 },
    Target { name: "http", run: targets::http, mutations: 300 },
    Target { name: "json", run: targets::json, mutations: 10_000 },
    Target { name: "jwt", run: targets::jwt, mutations: 1000 },
    Target { name: "load", run: targets::load, mutations: 60 },
    Target { name: "puppet", run: targets::puppet, mutations: 600 },
    Target { name: "reference", run: targets::reference, mutations: 3000 },
    Target { name: "resp", run: targets::resp, mutations: 20_000 },
    Target { name: "sealed", run: targets::sealed, mutations: 2000 },
    Target { name: "signature", run: targets::signature, mutations: 20_000 },
    Target { name: "snappy", run: targets::snappy, mutations: 20_000 },
    Target { name: "store", run: targets::store, mutations: 200 },
    Target { name: "wire", run: targets::wire, mutations: 10_000 },
    Target { name: "zlib", run: targets::zlib, mutations: 10_000 },
    Target { name: "zstd", run: targets::zstd, mutations: 10_000 },
];

impl Target {
    /// Runs the target once.
    ///
    /// # Panics
    /// If a promise does not hold for these bytes.
    pub fn run(&self, data: &[u8]) {
        (self.run)(data);
    }
}

/// Returns the target of this name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
