//! Linker setting of the plugin.

use std::env;

/// The heap that an instance starts with, instead of the 128 KiB of other plugins. Compressing 16 KiB at level
/// 3 takes up to 512 KiB. A fresh instance would grow its memory for that in each call, which costs the host
/// system calls, and pages that are touched for the first time.
const HEAP: usize = 640 << 10;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Natively the same library is built for tests, by a linker that knows no such thing.
    if env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=--initial-heap={HEAP}");
    }
}
