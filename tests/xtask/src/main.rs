//! `cargo xtask test`: sets up what the tests need, and runs them all.

mod debian;
mod needs;
mod node;
mod python;
mod run;
mod stamp;

use std::{env, process::ExitCode};

use anyhow::Result;

use crate::{
    needs::Needs,
    run::{cargo, say, target_dir},
};

const USAGE: &str = "\
cargo xtask test [--strict]   format, lints, documentation and every test
    --strict                  fail if anything had to be skipped, as CI does
cargo xtask bench [FILTER]    what the sandbox costs, and storage, the codec server, a slow download
cargo xtask invoice [ARGS]    examples/invoice, with a Temporal server installed for it";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match &*args {
        ["test"] => test(false),
        ["test", "--strict"] => test(true),
        ["bench", filter @ ..] => bench(filter),
        ["invoice", args @ ..] => invoice(args),
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
    let needs = Needs::set_up(strict)?;
    cargo(&["fmt", "--all", "--check"], &[])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], &[])?;
    let bare =
        ["clippy", "--package", "cloakroom", "--no-default-features", "--", "--deny", "warnings"];
    cargo(&bare, &[])?;
    cargo(&["doc", "--workspace", "--no-deps", "--quiet"], &[("RUSTDOCFLAGS", "--deny warnings")])?;
    needs.test()
}

fn bench(filter: &[&str]) -> Result<()> {
    // Storage is measured beside the official driver, against servers that come with Python.
    let python = python::set_up(&target_dir()?)?;
    let bench = ["bench", "--manifest-path", "tests/benches/Cargo.toml", "--"];
    let interpreter = python.to_string_lossy();
    cargo(&[&bench, filter].concat(), &[("CLOAKROOM_PYTHON", &interpreter)])
}

fn invoice(args: &[&str]) -> Result<()> {
    // Temporal's server comes with Python too.
    let temporal = python::set_up(&target_dir()?)?.with_file_name("temporal");
    let run = ["run", "--package", "invoice", "--"];
    cargo(&[&run, args].concat(), &[("CLOAKROOM_TEMPORAL", &temporal.to_string_lossy())])
}
