//! The command line of Cloakroom.
//!
//! Exit status: 0 if it worked, 1 if an operation failed, 2 if usage or configuration is wrong.

mod args;
mod change;
mod demo;
mod explain;
mod failure;
mod inspect;
mod json;
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
    start_log();
    match run(args.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Encode(change) => change::encode(&change).await,
        Command::Decode(change) => change::decode(&change).await,
        Command::Explain(explain) => explain::run(&explain).await,
        Command::Inspect(inspect) => inspect::run(&inspect).await,
    }
}

/// Warnings and what plugins say go to standard error; `CLOAKROOM_LOG` changes how much.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CLOAKROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,cloakroom::guest=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
