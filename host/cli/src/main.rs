//! Command line of Cloakroom.
//!
//! Exit status: 0 success, 1 an operation failed, 2 usage or configuration is wrong.

mod args;
mod check;
mod check_namespaces;
mod codec_server;
mod compile;
mod core_dumps;
mod demo;
mod embedded;
mod explain;
mod explain_json;
mod failure;
mod gateway;
mod help;
mod history;
mod inspect;
mod inspect_about;
mod keys;
mod lock;
mod log;
mod new;
mod open;
mod payloads;
mod plugin;
mod process_metrics;
mod prometheus;
mod restart_only;
mod setting_arg;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    args::{Args, Command},
    failure::Failure,
};

fn main() -> ExitCode {
    core_dumps::disable();
    let args = Args::parse();
    if let Command::CompileOne(args::CompileOne { memory, seconds, engine, processor }) =
        args.command
    {
        // Before the runtime starts: the limits hold for the whole process, threads included.
        let memory = cloakroom::ByteSize::bytes(memory);
        return ExitCode::from(
            cloakroom::plugin::CompileWorker::new(memory, seconds, engine, processor).run(),
        );
    }
    match start(args.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[tokio::main]
async fn start(command: Command) -> Result<(), Failure> {
    log::start(&command)?;
    run(command).await
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check(check) => check::run(&check).await,
        Command::CodecServer(server) => codec_server::run(&server).await,
        Command::Gateway(gateway) => gateway::run(&gateway).await,
        // `main` handles it, before the runtime starts.
        Command::CompileOne(_) => Ok(()),
        Command::Compile(compile) => compile::run(&compile).await,
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Encode(args) => payloads::encode(&args).await,
        Command::Decode(args) => payloads::decode(&args).await,
        Command::Explain(explain) => explain::run(&explain).await,
        Command::Inspect(inspect) => inspect::run(&inspect).await,
        Command::Keys(command) => keys::run(&command).await,
        Command::Lock(args) => lock::run(&args).await,
        Command::New(new) => new::run(&new),
        Command::Plugin(command) => plugin::run(&command).await,
    }
}
