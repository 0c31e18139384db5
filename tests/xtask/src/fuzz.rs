//! `cargo xtask fuzz`: one fuzz target under libFuzzer.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    run::{add_targets, cargo_command, root, run, say, target_dir},
    wrapper::{self, Compilation},
};

/// The word for instrumenting what is fuzzed.
pub(crate) const TASK: &str = "instrument";

/// Compiler flags by which libFuzzer sees the code and the comparisons that an input reaches. These
/// are flags of a stable compiler.
const FLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Unoptimised as it is for tests, a target would run a fraction as often.
    "-Copt-level=2",
];

/// Builds the targets and runs one. `args` go to libFuzzer: options, and files to run once.
///
/// Only crates of this workspace are instrumented, by a wrapper that Cargo puts before rustc for
/// them alone: all others are those that the tests use, already built.
pub(crate) fn fuzz(name: &str, args: &[&str]) -> Result<()> {
    let kept = root().join("tests/fuzz/corpus").join(name);
    if !kept.is_dir() {
        bail!("there is no fuzz target `{name}`: targets are {}", names()?.join(", "));
    }
    add_targets()?;
    let built = build()?;
    let folder = target_dir()?.join("fuzz").join(name);
    let (found, failures) = (folder.join("corpus"), folder.join("failures"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&failures)?;
    let mut fuzzer = Command::new(built);
    fuzzer.env("CLOAKROOM_FUZZ_TARGET", name).args(args);
    if args.iter().all(|arg| arg.starts_with('-')) {
        // The first folder gets what is new.
        fuzzer.arg(&found).arg(&kept);
        fuzzer.arg(format!("-artifact_prefix={}/", failures.display()));
        say(&format!("Inputs that reach something new are kept in {}.", found.display()));
    }
    run(&mut fuzzer, &format!("fuzz {name} {}", args.join(" ")))
}

/// The names of all targets.
fn names() -> Result<Vec<String>> {
    let entries = fs::read_dir(root().join("tests/fuzz/corpus"))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn build() -> Result<PathBuf> {
    let this = env::current_exe().context("cannot tell where this program lies")?;
    let packages = ["--package", "cloakroom-fuzz", "--package", "cloakroom-features"];
    let mut build = cargo_command()?;
    build.arg("build").args(packages).args(["--features", "cloakroom-fuzz/libfuzzer"]);
    build.current_dir(root()).env("RUSTC_WORKSPACE_WRAPPER", this).env(wrapper::TASK, TASK);
    run(&mut build, "cargo build --package cloakroom-fuzz --features cloakroom-fuzz/libfuzzer")?;
    Ok(target_dir()?.join("debug/fuzz").with_extension(env::consts::EXE_EXTENSION))
}

/// Returns the flags that a crate is compiled with besides Cargo's. What runs while others are compiled
/// does so without libFuzzer.
pub(crate) fn flags(crate_: &Compilation) -> &'static [&'static str] {
    let is_fuzzed = crate_.is_of_crate() && !crate_.runs_during_build();
    if is_fuzzed { &FLAGS } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_corpus_is_a_target() {
        let targets = fs::read_to_string(root().join("tests/fuzz/src/lib.rs")).unwrap();
        for name in names().unwrap() {
            assert!(targets.contains(&format!("name: \"{name}\"")), "{name}");
        }
    }
}
