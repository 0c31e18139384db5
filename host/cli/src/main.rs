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
mod recorder;
mod table;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::{
    args::{Args, Command, LogFormat},
    failure::Failure,
};

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    start_log(&args.command);
    match run(args.command).await {
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

/// Warnings and what plugins say go to standard error, and what a server does; `CLOAKROOM_LOG`
/// changes how much.
fn start_log(command: &Command) {
    let (most, format) = match command {
        Command::CodecServer(server) => ("info", server.log),
        _ => ("warn,cloakroom::guest=info", LogFormat::Text),
    };
    let filter = EnvFilter::try_from_env("CLOAKROOM_LOG").unwrap_or_else(|_| EnvFilter::new(most));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A file that is read later shows colours as rubbish.
    let log = log.with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
