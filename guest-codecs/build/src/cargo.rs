//! The Cargo inside Cargo.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{
    error::Error, guest::Guest, prebuilt::PREBUILT, script::Script, target::Target,
    toolchain::Toolchain,
};

/// The profile of guests, whatever the outer build's.
const PROFILE: &str = "guest";

/// `simd128`: every engine has it, and the compressors use it.
/// The stack is smaller than the default of 1 MiB, which lies below the heap: an engine that keeps the
/// first part of a guest's memory for the next instance would keep mostly unused stack.
/// The heap is there from the start: a small payload needs no more, and to grow the memory of a fresh
/// instance, and to take that back after the call, takes the host longer than many a call.
const BARE_FLAGS: [&str; 3] = [
    "-Ctarget-feature=+simd128",
    "-Clink-arg=-zstack-size=131072",
    "-Clink-arg=--initial-heap=131072",
];

/// Variables that the outer Cargo and its caller pass on to the inner one: they say where crates come
/// from, and how many jobs may run: the inner Cargo takes its jobs from those of the outer one.
/// All else would build guests differently from one outer build to the next: their flags, profiles,
/// wrappers and targets are meant for the host.
const KEPT: [&str; 9] = [
    "CARGO_CACHE_",
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
];

/// Builds the guests, and returns the folder of their components.
pub(crate) fn build(
    script: &Script,
    toolchain: &Toolchain,
    target: Target,
    guests: &[Guest],
) -> Result<PathBuf, Error> {
    let guests_dir = script.guests_dir();
    let mut cargo = Command::new(&script.cargo);
    for name in env::vars_os().map(|(name, _)| name) {
        if leaks(&name.to_string_lossy()) {
            cargo.env_remove(name);
        }
    }
    cargo
        // The outer Cargo has just read the lock file; the inner one must not be who changes it.
        .args(["build", "--locked", "--profile", PROFILE, "--target", target.triple()])
        .args(&script.args)
        .arg("--target-dir")
        .arg(&guests_dir)
        .arg("--manifest-path")
        .arg(script.workspace.join("Cargo.toml"))
        // Its configuration says where crates come from: a mirror, a proxy, or nowhere (`offline`).
        .current_dir(&script.config_dir)
        // What is printed here, the outer Cargo would take for directives.
        .stdout(Stdio::null());
    for guest in guests {
        cargo.args(["--package", &guest.package]);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(target));
    // The variables win over the files of that configuration. In the outer one's build directory the
    // inner Cargo would wait for a lock that the outer one holds while it waits for this script.
    cargo.env("CARGO_BUILD_BUILD_DIR", &guests_dir);
    for wrapper in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
        cargo.env(wrapper, "");
    }
    cargo.env(target.linker_variable(), &toolchain.linker);

    let status =
        cargo.status().map_err(|error| Error::new(format!("cannot run Cargo: {error}")))?;
    if !status.success() {
        let names: Vec<_> = guests.iter().map(|guest| guest.package.as_str()).collect();
        return Err(Error::new(format!(
            "cannot build the plugins {} in {folder}: Cargo ended with {status} and says why above; if \
             it lacks crates, run `cargo vendor --sync {folder}/Cargo.toml` or `cargo fetch \
             --manifest-path {folder}/Cargo.toml`, or set {PREBUILT} to a folder that `cargo xtask \
             plugins` has filled",
            names.join(", "),
            folder = script.workspace.display(),
        )));
    }
    Ok(guests_dir.join(target.triple()).join(PROFILE))
}

/// Returns the flags as `CARGO_ENCODED_RUSTFLAGS` takes them, so that paths may contain spaces.
///
/// A panic message contains the path of its source file. A build is reproducible only if all machines
/// pass the same path.
fn flags(target: Target) -> OsString {
    let mut flags: Vec<OsString> = match target {
        Target::Bare => BARE_FLAGS.iter().map(OsString::from).collect(),
        Target::Wasip2 => Vec::new(),
    };
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    if let Some(crates) = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home) {
        let mut remap = OsString::from("--remap-path-prefix=");
        remap.push(crates);
        remap.push("=/cargo");
        flags.push(remap);
    }
    flags.join(OsStr::new("\x1f"))
}

/// Returns whether a variable of this name, meant for the outer build, would change the guests.
fn leaks(name: &str) -> bool {
    let of_cargo = name.starts_with("CARGO_") && !KEPT.iter().any(|kept| name.starts_with(kept));
    let of_rustc = matches!(name, "RUSTFLAGS" | "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER");
    of_cargo || of_rustc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: bool) {
        assert_eq!(leaks(name), expect, "{name}");
    }

    #[test]
    fn flags_and_wrappers_of_the_outer_build_stay_out() {
        check("CARGO_ENCODED_RUSTFLAGS", true);
        check("CARGO_BUILD_TARGET", true);
        check("CARGO_PROFILE_RELEASE_LTO", true);
        check("CARGO_TARGET_DIR", true);
        check("RUSTC_WORKSPACE_WRAPPER", true);
        check("RUSTC_WRAPPER", true);
        check("RUSTFLAGS", true);
    }

    #[test]
    fn where_crates_come_from_and_the_number_of_jobs_are_kept() {
        check("CARGO_HOME", false);
        check("CARGO_MAKEFLAGS", false);
        check("CARGO_NET_OFFLINE", false);
        check("CARGO_REGISTRIES_INTERNAL_INDEX", false);
        check("PATH", false);
        check("RUSTUP_TOOLCHAIN", false);
    }
}
