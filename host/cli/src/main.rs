//! The command line of Cloakroom.
//!
//! Exit status: 0 if it worked, 1 if an operation failed, 2 if usage or configuration is wrong.

mod args;
mod check;
mod codec_server;
mod compile;
mod demo;
mod explain;
mod failure;
mod history;
mod inspect;
mod log;
mod payloads;
mod process_metrics;
mod prometheus;
mod restart_only;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    args::{Args, Command},
    failure::Failure,
};

fn main() -> ExitCode {
    let args = Args::parse();
    if let Command::CompileOne(args::CompileOne { memory, seconds, engine }) = args.command {
        // It limits this process, so it comes before threads and logs.
        let memory = cloakroom::ByteSize::bytes(memory);
        return ExitCode::from(cloakroom::plugin::CompileOne { memory, seconds, engine }.run());
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
        // Handled before there was a runtime.
        Command::CompileOne(_) => Ok(()),
        Command::Compile(compile) => compile::run(&compile).await,
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Encode(change) => payloads::encode(&change).await,
        Command::Decode(change) => payloads::decode(&change).await,
        Command::Explain(explain) => explain::run(&explain).await,
        Command::Inspect(inspect) => inspect::run(&inspect).await,
    }
}
