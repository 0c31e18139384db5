//! `cargo xtask lint`: everything that is checked without running a test.

use anyhow::Result;

use crate::run::{add_targets, cargo};

/// Checks format, Clippy and documentation.
pub(crate) fn check() -> Result<()> {
    add_targets()?;
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], &[])?;
    let bare =
        ["clippy", "--package", "cloakroom", "--no-default-features", "--", "--deny", "warnings"];
    cargo(&bare, &[])?;
    cargo(&["doc", "--workspace", "--no-deps", "--quiet"], &[("RUSTDOCFLAGS", "--deny warnings")])
}
