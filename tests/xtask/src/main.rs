//! `cargo xtask test`: sets up what the tests need, and runs them all.

mod python;
mod run;

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

use crate::run::{cargo, say, target_dir};

const USAGE: &str = "\
cargo xtask test [--strict]   format, lints, documentation and every test
    --strict                  fail if anything had to be skipped, as CI does
cargo xtask bench [FILTER]    what the sandbox costs, as one table";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match &*args {
        ["test"] => test(false),
        ["test", "--strict"] => test(true),
        ["bench", filter @ ..] => bench(filter),
        _ => {
            say(USAGE);
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn test(strict: bool) -> Result<()> {
    let python = python::set_up(&target_dir()?);
    if let (Err(error), true) = (&python, strict) {
        bail!("Python is needed for the tests of interoperability: {error:#}");
    }
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], &[])?;
    let bare =
        ["clippy", "--package", "cloakroom", "--no-default-features", "--", "--deny", "warnings"];
    cargo(&bare, &[])?;
    cargo(&["doc", "--workspace", "--no-deps", "--quiet"], &[("RUSTDOCFLAGS", "--deny warnings")])?;
    match &python {
        Ok(interpreter) => {
            let interpreter = interpreter.to_string_lossy();
            cargo(&["test", "--workspace"], &[("CLOAKROOM_PYTHON", &interpreter)])
        }
        Err(error) => {
            cargo(&["test", "--workspace", "--", "--skip", "python"], &[])?;
            say(&format!("\nskipped: the tests against Python's libraries, because {error:#}"));
            Ok(())
        }
    }
}

fn bench(filter: &[&str]) -> Result<()> {
    let bench = ["bench", "--manifest-path", "tests/benches/Cargo.toml", "--"];
    cargo(&[&bench, filter].concat(), &[])
}
