//! This checkout as a Git repository that others can depend on.

use std::{
    fs, os,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::run::{root, target_dir};

/// Makes a repository with one commit of all files of this checkout, committed or not, and returns its
/// address.
///
/// Everything in the commit is fixed but the files: the same files give the same commit, which Cargo
/// neither fetches nor builds again.
pub(crate) fn make() -> Result<String> {
    let folder = target_dir()?.join("repository");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for file in files()? {
        copy(&root().join(&file), &folder.join(&file))?;
    }
    git(&folder, &["init", "--quiet"])?;
    git(&folder, &["add", "--all", "--force"])?;
    git(&folder, &["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", "Outsider"])?;
    Ok(format!("file://{}", folder.display()))
}

/// Returns the paths of the files that Git has or would add.
fn files() -> Result<Vec<PathBuf>> {
    let mut list = Command::new("git");
    list.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
    let output = list.current_dir(root()).output().context("cannot start git")?;
    ensure!(
        output.status.success(),
        "`git ls-files` cannot list the files of {}",
        root().display()
    );
    let names = String::from_utf8(output.stdout)?;
    let is_there = |path: &PathBuf| root().join(path).symlink_metadata().is_ok();
    Ok(names.split_terminator('\0').map(PathBuf::from).filter(is_there).collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let shown = from.display();
    fs::create_dir_all(to.parent().with_context(|| format!("{shown} is in no folder"))?)?;
    if from.is_symlink() {
        os::unix::fs::symlink(fs::read_link(from)?, to)?;
    } else {
        fs::copy(from, to).with_context(|| format!("cannot copy {shown}"))?;
    }
    Ok(())
}

fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let mut git = Command::new("git");
    git.args(args).current_dir(folder);
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "outsider");
        git.env(format!("GIT_{role}_EMAIL"), "outsider@example.com");
        git.env(format!("GIT_{role}_DATE"), "2026-01-01T00:00:00Z");
    }
    let status = git.status().context("cannot start git")?;
    ensure!(status.success(), "`git {}` ended with {status}", args.join(" "));
    Ok(())
}
