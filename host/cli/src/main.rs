//! The command line of Cloakroom.
//!
//! Exit status: 0 if it worked, 1 if an operation failed, 2 if usage or configuration is wrong.

mod args;
mod change;
mod check;
mod codec_server;
mod compile;
mod demo;
mod explain;
mod failure;
mod history;
mod inspect;
mod log;
mod process;
mod recorder;
mod restart;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    args::{Args, Command},
    failure::Failure,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let done = match log::start(&args.command) {
        Ok(()) => run(args.command).await,
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check(check) => check::run(&check).await,
        Command::CodecServer(server) => codec_server::run(&server).await,
        Command::Compile(compile) => compile::run(&compile).await,
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Encode(change) => change::encode(&change).await,
        Command::Decode(change) => change::decode(&change).await,
        Command::Explain(explain) => explain::run(&explain).await,
        Command::Inspect(inspect) => inspect::run(&inspect).await,
    }
}
