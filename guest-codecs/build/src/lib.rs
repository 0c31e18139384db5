//! Builds guests of this workspace to components, from a build script.
//!
//! Cargo cannot yet make one crate's wasm a dependency of another, so a build script calls Cargo anew.
//! The inner Cargo works in `guests/` below the outer one's target directory: in the same directory
//! each would wait for the other's lock, and there all outer builds (dev, release, clippy) share it.

mod cargo;
mod error;
mod guest;
mod outer;
mod prebuilt;
mod script;
mod target;
mod toolchain;

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

pub use self::{error::Error, target::Target};
use self::{guest::Guest, prebuilt::Prebuilt, script::Script, toolchain::Toolchain};

/// Has rustup add what building the guests of the workspace at `workspace` needs, and returns the
/// targets that were added. Builds do the same; this is for programs that want to know in time.
///
/// # Errors
/// If a target is missing and rustup cannot add it. The error names the command to run.
pub fn install_targets(workspace: &Path) -> Result<Vec<&'static str>, Error> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let mut added = Vec::new();
    for target in [Target::Bare, Target::Wasip2] {
        if toolchain::install(&rustc, workspace, target)? {
            added.push(target.triple());
        }
    }
    Ok(added)
}

/// Builds the packages in these folders, given relative to the workspace's root, and returns the paths
/// of their components, in the same order.
///
/// Call it from a build script. Cargo then runs the script again whenever the guests change. The
/// components are in the script's `OUT_DIR`, named like their libraries: a package `my-codec` becomes
/// `my_codec.wasm`.
///
/// # Errors
/// If a guest does not build, or the target is missing and rustup cannot add it. The error prints as
/// one sentence.
pub fn build(target: Target, folders: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let script = Script::from_env()?;
    let guests = read(&script, folders)?;
    keep(&script, &guests, &from_sources(&script, target, &guests)?)
}

/// Does the same as [`build`], or takes the components from the folder that the variable
/// `CLOAKROOM_PREBUILT` names.
///
/// # Errors
/// Those of [`build`], or if the folder has not all components. The error prints as one sentence.
pub fn build_or_take(target: Target, folders: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let script = Script::from_env()?;
    let guests = read(&script, folders)?;
    let built = match Prebuilt::from_env(&script) {
        Some(prebuilt) => prebuilt.holding(&guests)?,
        None => from_sources(&script, target, &guests)?,
    };
    keep(&script, &guests, &built)
}

fn read(script: &Script, folders: &[&str]) -> Result<Vec<Guest>, Error> {
    folders.iter().map(|folder| Guest::read(&script.workspace, folder)).collect()
}

fn from_sources(script: &Script, target: Target, guests: &[Guest]) -> Result<PathBuf, Error> {
    script.rerun_if_changed(guests);
    let toolchain = Toolchain::find(script, target)?;
    cargo::build(script, &toolchain, target, guests)
}

/// Copies the components into the folder of the script, because another build may replace what lies
/// in the shared directory at any time.
fn keep(script: &Script, guests: &[Guest], built: &Path) -> Result<Vec<PathBuf>, Error> {
    let copy = |guest: &Guest| {
        let path = script.out_dir.join(guest.file());
        fs::copy(built.join(guest.file()), &path)
            .map(|_| path)
            .map_err(|error| Error::new(format!("cannot keep {}: {error}", guest.file())))
    };
    guests.iter().map(copy).collect()
}
