//! An outsider's program with a Git dependency on Cloakroom.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::outsider::{self, Source};
use crate::{
    plugins,
    run::{cargo_command, run, target_dir},
};

/// Builds the program in a workspace of its own, with prebuilt plugins that its configuration names,
/// and runs it. `cargo xtask fresh` builds the plugins of a Git dependency.
pub(super) fn check(workspace: &Path, repository: &str) -> Result<()> {
    outsider::write_workspace(workspace, &["features", "outsider"], Source::Git(repository))?;
    plugins::write(&workspace.join("plugins"))?;
    fs::create_dir_all(workspace.join(".cargo"))?;
    let config = "[env]\nCLOAKROOM_PREBUILT = { value = \"plugins\", relative = true }\n";
    fs::write(workspace.join(".cargo/config.toml"), config)?;

    let mut build = cargo_command()?;
    // Fetching the repository is what Cargo must not be offline for.
    build.args(["build", "--workspace"]).current_dir(workspace);
    let target = target_dir()?;
    build.env("CARGO_TARGET_DIR", &target);
    run(&mut build, "cargo build --workspace, in an outsider's workspace with a Git dependency")?;
    let program: PathBuf = target.join("debug/outsider");
    run(Command::new(program).env("OUTSIDER_KEY", outsider::KEY), "outsider")
}
