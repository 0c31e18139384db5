//! Peak memory of the chain, in a process of its own.

use std::{env, fs, process::Command};

use bytes::Bytes;
use cloakroom::Payload;

use crate::steps::{encode, open_chain, runtime};

/// Says that this process is to measure itself.
pub(crate) const ALONE: &str = "--measure-chain-of";

/// Returns the peak as a share of payload and object together.
pub(crate) fn peak(payload: &str) -> f64 {
    let this = env::current_exe().expect("a path");
    let output = Command::new(this).args([ALONE, payload]).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

pub(crate) fn alone(body: Bytes) {
    let folder = tempfile::tempdir().expect("a folder");
    let length = body.len();
    runtime().block_on(async {
        let chain = open_chain(folder.path()).await;
        // Pages and code that every call needs.
        encode(&chain, Payload::new("json/plain", cloakroom_tests::text(1 << 20))).await;
        let before = resident("VmRSS");
        fs::write("/proc/self/clear_refs", "5").expect("Linux");
        encode(&chain, Payload::new("json/plain", body)).await;
        // The payload was there before, and counts.
        let peak = resident("VmHWM") - before + length as f64;
        println!("{}", peak / (length as f64 + largest(&folder.path().join("objects"))));
    });
}

/// Returns the size of the largest file below a folder: the object of the large payload.
fn largest(folder: &std::path::Path) -> f64 {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let sizes = entries.map(|entry| match entry.metadata().expect("a file") {
        found if found.is_dir() => largest(&entry.path()),
        found => found.len() as f64,
    });
    sizes.fold(0.0, f64::max)
}

fn resident(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with(name)).expect("there");
    let kib: f64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kib * 1024.0
}
