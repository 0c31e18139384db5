//! Two workflows with large results, with and without Cloakroom: `cargo xtask invoice`.
//!
//! `connection` is all that a program does to have Cloakroom in its client and worker, and `converter` an
//! older way. `workflows`, `activities` and `document` are the story, and know nothing of it. `scenario`, `run`, `server`,
//! `outcome`, `replay`, `meter` and `store` run the story and measure; `args`, `progress` and `table` talk.

mod activities;
mod args;
mod connection;
mod converter;
mod document;
mod meter;
mod outcome;
mod progress;
mod reason;
mod replay;
mod run;
mod scenario;
mod server;
mod store;
mod table;
mod workflows;

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use clap::{Parser as _, ValueEnum as _};
use metrics_exporter_prometheus::PrometheusBuilder;
use temporalio_sdk::{Runtime, runtime::RuntimeOptions};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{args::Args, meter::Meter, run::Row, scenario::Scenario};

/// The development server has this one.
const NAMESPACE: &str = "default";

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match until_interrupted(rows(&args)).await.and_then(|rows| table::print(&rows, args.json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Dropping the run ends its server and removes its folder.
async fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    }
}

async fn rows(args: &Args) -> Result<Vec<Row>> {
    let program = server::program()?;
    let (folder, _removed_when_dropped) = folder(args.keep.as_deref())?;
    let meter = Meter::new(PrometheusBuilder::new().install_recorder()?);
    let runtime = Runtime::from_current_tokio(RuntimeOptions::default())?;
    let ways = if args.ways.is_empty() { Scenario::value_variants() } else { &args.ways };
    let mut rows = Vec::new();
    for way in ways {
        let folder = folder.join(way.slug());
        let row = run::run(*way, &program, &folder, &runtime, &meter).await;
        rows.push(row.with_context(|| way.title())?);
    }
    Ok(rows)
}

/// A folder that is this user's alone: keys and machine code will lie in it. If it is not to be
/// kept, it goes when what comes with it is dropped.
fn folder(keep: Option<&Path>) -> Result<(PathBuf, Option<tempfile::TempDir>)> {
    let Some(keep) = keep else {
        let temporary = tempfile::tempdir()?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    DirBuilder::new()
        .mode(0o700)
        .create(keep)
        .with_context(|| format!("cannot make the folder `{}`", keep.display()))?;
    Ok((keep.canonicalize()?, None))
}
