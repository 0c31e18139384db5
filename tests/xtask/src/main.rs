//! `cargo run`, which builds and starts the command line, and `cargo xtask`, which does what there is
//! to do around the code. Both first add what a fresh machine lacks.

mod bench;
mod command_line;
mod cost;
mod dapr;
mod debian;
mod deny;
mod figures;
mod fresh;
mod fuzz;
mod go;
mod guest_tools;
mod image;
mod java;
mod lint;
mod needs;
mod node;
mod package;
mod peers;
mod plugins;
mod profile;
mod python;
mod quick_start;
mod repository;
mod run;
mod sbom;
mod stamp;
mod vendor;
mod wire_table;
mod wrapper;

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Result;

use crate::{
    needs::Needs,
    run::{cargo, root, say, target_dir},
};

const USAGE: &str = "\
cargo xtask test [--strict] [FILTER]    set up what the tests need and run them, or those whose names hold FILTER
    --strict                            fail if anything had to be skipped, as CI does
cargo xtask lint                        format, Clippy, documentation
cargo xtask deny                        licences, sources and known flaws of all dependencies
cargo xtask sbom [FOLDER]               what the program and each bundled plugin are made of, as CycloneDX files
cargo xtask package                     package every crate that is published, and build and run a program from the packages, offline
cargo xtask publish [ARGS]              publish them; ARGS are those of `cargo publish`, for example --dry-run
cargo xtask plugins FOLDER              build the bundled plugins into FOLDER, for builds that cannot build them
cargo xtask image FOLDER [CONFIG]       build a container image of the command line into FOLDER, without a container engine;
                                        it holds the plugins that the file CONFIG names, compiled
cargo xtask fresh                       build the plugins for a stranger's Git dependency, with a Rust that has no WebAssembly target yet
cargo xtask setup                       set up what the tests need, for `cargo test --package cloakroom-tests`
cargo xtask fuzz TARGET [OPTIONS]       a fuzz target of tests/fuzz under libFuzzer, until it is interrupted or finds something
cargo xtask wire-table                  write the gateway's table of payload fields again, from the protos of the locked SDK
cargo xtask bench [BENCH [TEXT]]        what the sandbox costs, beside its peers: medians and spread
                  [--json FILE]         writes the figures into FILE, too
cargo xtask figures                     write the figures of tests/benches/figures.json into the README and performance.md
cargo xtask profile                     where the time of a call goes: a table of its steps, and flame graphs in target/profile
cargo xtask cost [--write]              instructions and allocations of a fixed set of calls, compared with tests/benches/cost.json,
                                        or written into it
cargo xtask bench peers                 the same codecs in Extism and in plain wasmtime, which are built for it
cargo xtask agent [ARGS]                examples/agent, with a Temporal server and its SDK for Python installed for it
cargo xtask document-pipeline [ARGS]    examples/document-pipeline, with Dapr built and its SDK for Python installed for it
cargo xtask quick-start [LANGUAGES]     the time from an empty folder to a passing check of a plugin, in each language
cargo xtask invoice [ARGS]              examples/invoice, with a Temporal server installed for it

cargo run -- ARGS                       the command line: `cargo run -- demo`, `cargo run -- --help`";

/// Stands before the arguments of `cargo xtask`; `.cargo/config.toml` puts it there.
const TASK: &str = "task";

fn main() -> ExitCode {
    if let Some(compiled) = wrapper::compile() {
        return compiled.unwrap_or_else(|error| failed(&error));
    }
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match &*args {
        [TASK, "test", "--strict", filter @ ..] => test(true, filter),
        [TASK, "test", filter @ ..] => test(false, filter),
        [TASK, "lint"] => lint::check(),
        [TASK, "deny"] => deny::check(),
        [TASK, "sbom", folder @ ..] => sbom::write(folder.first().copied()),
        [TASK, "package"] => package::check(),
        [TASK, "publish", args @ ..] => package::publish(args),
        [TASK, "plugins", folder] => plugins(folder),
        [TASK, "image", folder] => image::write(Path::new(folder), None),
        [TASK, "image", folder, config] => image::write(Path::new(folder), Some(Path::new(config))),
        [TASK, "fresh"] => fresh::build_plugins(),
        [TASK, "wire-table"] => wire_table::write(),
        [TASK, "setup"] => Needs::set_up(false).map(|needs| needs.report()),
        [TASK, "fuzz", target, options @ ..] => fuzz::fuzz(target, options),
        [TASK, "bench", args @ ..] => bench::measure(args),
        [TASK, "cost", args @ ..] => cost::check(args),
        [TASK, "figures"] => figures::write(),
        [TASK, "profile"] => profile::measure(),
        [TASK, "agent", args @ ..] => agent(args),
        [TASK, "document-pipeline", args @ ..] => document_pipeline(args),
        [TASK, "invoice", args @ ..] => invoice(args),
        [TASK, "quick-start", languages @ ..] => quick_start::measure(languages),
        [TASK, ..] => {
            say(USAGE);
            return ExitCode::from(2);
        }
        args => command_line::start(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    say(&format!("error: {error:#}"));
    ExitCode::FAILURE
}

fn test(strict: bool, filter: &[&str]) -> Result<()> {
    run::add_targets()?;
    let needs = Needs::set_up(strict)?;
    say("\nBuilding the tests. From nothing this takes some ten minutes: a WebAssembly compiler, \
         Temporal's SDK, and the plugins, each compiled to WebAssembly.");
    needs.test(filter)
}

fn plugins(folder: &str) -> Result<()> {
    run::add_targets()?;
    plugins::write(Path::new(folder))
}

fn agent(args: &[&str]) -> Result<()> {
    let program = command_line::build()?;
    let python = python::set_up(&target_dir()?)?;
    let mut story = Command::new(&python);
    story.arg(root().join("examples/agent/story.py")).args(args);
    story.env("CLOAKROOM", program).env("CLOAKROOM_TEMPORAL", python.with_file_name("temporal"));
    run::run(&mut story, "examples/agent/story.py")
}

fn document_pipeline(args: &[&str]) -> Result<()> {
    let program = command_line::build()?;
    dapr::document_pipeline(&target_dir()?, &program, args)
}

fn invoice(args: &[&str]) -> Result<()> {
    run::add_targets()?;
    // Temporal's server comes with Python too.
    let temporal = python::set_up(&target_dir()?)?.with_file_name("temporal");
    let run = ["run", "--package", "invoice", "--"];
    cargo(&[&run, args].concat(), &[("CLOAKROOM_TEMPORAL", &temporal.to_string_lossy())])
}
