//! `cargo xtask lint`: everything that is checked without running a test.

use anyhow::Result;

use crate::run::{add_targets, cargo};

/// Checks format, Clippy and documentation.
pub(crate) fn check() -> Result<()> {
    add_targets()?;
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], &[])?;
    // Nobody runs the benchmarks in CI, and an API that moves must not break them unseen.
    cargo(&["check", "--manifest-path", "tests/benches/Cargo.toml", "--all-targets"], &[])?;
    // The library with no feature, and the command line without a WebAssembly compiler.
    for package in ["cloakroom", "cloakroom-cli"] {
        let bare = ["clippy", "--package", package, "--no-default-features"];
        cargo(&[&bare[..], &["--", "--deny", "warnings"]].concat(), &[])?;
    }
    cargo(&["doc", "--workspace", "--no-deps", "--quiet"], &[("RUSTDOCFLAGS", "--deny warnings")])
}
