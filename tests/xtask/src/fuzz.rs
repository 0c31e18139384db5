//! `cargo xtask fuzz`: one fuzz target under libFuzzer.

use std::{
    env,
    ffi::OsString,
    fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, bail};

use crate::run::{add_targets, root, run, say, target_dir};

/// Set while this program stands before rustc, to instrument what is fuzzed.
const INSTRUMENT: &str = "CLOAKROOM_INSTRUMENT";

/// Compiler flags by which libFuzzer sees the code and the comparisons that an input reaches. These
/// are flags of a stable compiler.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
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
    let cargo = env::var_os("CARGO").context("run this as `cargo xtask`")?;
    let this = env::current_exe().context("cannot tell where this program lies")?;
    let packages = ["--package", "cloakroom-fuzz", "--package", "cloakroom-features"];
    let mut build = Command::new(cargo);
    build.arg("build").args(packages).args(["--features", "cloakroom-fuzz/libfuzzer"]);
    build.current_dir(root()).env("RUSTC_WORKSPACE_WRAPPER", this).env(INSTRUMENT, "1");
    run(&mut build, "cargo build --package cloakroom-fuzz --features cloakroom-fuzz/libfuzzer")?;
    Ok(target_dir()?.join("debug/fuzz").with_extension(env::consts::EXE_EXTENSION))
}

/// Compiles one crate, if Cargo started this program to do so. The arguments are rustc and its own.
pub(crate) fn compile() -> Option<ExitCode> {
    env::var_os(INSTRUMENT)?;
    let mut args = env::args_os().skip(1);
    let mut rustc = Command::new(args.next()?);
    let args: Vec<OsString> = args.collect();
    rustc.args(&args);
    if is_fuzzed(&args) {
        // Unoptimised as it is for tests, a target would run a fraction as often.
        rustc.args(COVERAGE).arg("-Copt-level=2");
    }
    let code = rustc.status().ok().and_then(|status| status.code()).unwrap_or(1);
    Some(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Build scripts and procedural macros run while others are compiled, without libFuzzer.
fn is_fuzzed(args: &[OsString]) -> bool {
    let has = |name: &str, is_value: &dyn Fn(&str) -> bool| {
        args.windows(2).any(|pair| match pair {
            [option, value] => option == name && value.to_str().is_some_and(is_value),
            _ => false,
        })
    };
    let crate_name = |value: &str| {
        value.starts_with("build_script_") || value == "cloakroom_guest_build" || value == "xtask"
    };
    has("--crate-name", &|_| true)
        && !has("--crate-name", &crate_name)
        && !has("--crate-type", &|value| value == "proc-macro")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &str, expect: bool) {
        let args: Vec<_> = args.split(' ').map(OsString::from).collect();
        assert_eq!(is_fuzzed(&args), expect, "{args:?}");
    }

    #[test]
    fn what_runs_during_a_build_is_not_instrumented() {
        check("--crate-name cloakroom_core --edition=2024 --crate-type lib src/lib.rs", true);
        check("--crate-name fuzz --crate-type bin src/bin/fuzz.rs", true);
        check("--crate-name build_script_build --crate-type bin build.rs", false);
        check("--crate-name cloakroom_guest_build --crate-type lib src/lib.rs", false);
        check("--crate-name derive --crate-type proc-macro src/lib.rs", false);
        check("-vV", false);
    }

    #[test]
    fn every_corpus_is_a_target() {
        let targets = fs::read_to_string(root().join("tests/fuzz/src/lib.rs")).unwrap();
        for name in names().unwrap() {
            assert!(targets.contains(&format!("name: \"{name}\"")), "{name}");
        }
    }
}
