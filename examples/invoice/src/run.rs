//! One way: a server, a worker, both workflows, and what came of them.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use temporalio_client::{Client, WorkflowStartOptions};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

use crate::{
    activities::Desk,
    meter::Meter,
    outcome::Outcome,
    progress::Progress,
    replay::Replays,
    scenario::Scenario,
    server::Server,
    store::Stored,
    workflows::{Archive, INVOICE, LEDGER, PayInvoice},
};

pub(crate) const QUEUE: &str = "payables";

/// A row of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) way: &'static str,
    pub(crate) pay_invoice: Outcome,
    /// If it finished.
    pub(crate) replays: Option<Replays>,
    pub(crate) archive: Outcome,
    /// When both workflows had ended.
    pub(crate) stored: Stored,
    /// As a data converter, a pipeline encodes again what the workflow sent.
    pub(crate) stored_after_replays: Stored,
}

/// Runs both workflows in this way.
pub(crate) async fn run(
    way: Scenario,
    program: &Path,
    folder: &Path,
    runtime: &Runtime,
    meter: &Meter,
) -> Result<Row> {
    let mut progress = Progress::of(way.title());
    way.prepare(folder)?;
    progress.say("starts a server");
    let mut server = Server::start(program, folder)?;
    let client = way.client(folder, &mut server, meter).await?;
    progress.say("starts a worker");

    let options = WorkerOptions::new(QUEUE)
        .register_workflow::<PayInvoice>()?
        .register_workflow::<Archive>()?
        .register_activities(Desk)
        .build();
    let mut worker = Worker::new(runtime, client.clone(), options)?;
    let stop = worker.shutdown_handle();
    let mut works = Box::pin(worker.run());
    let told = tokio::select! {
        ended = &mut works => bail!("the worker ended early: {ended:?}"),
        told = both(way, &client, &mut progress) => told,
    };
    stop();
    works.await?;

    let (pay_invoice, archive) = told?;
    let stored = Stored::within(&folder.join("objects"))?;
    let replays = if pay_invoice.finished {
        let client = way.client(folder, &mut server, meter).await?;
        Some(Replays::measure(client, runtime, &progress, meter).await?)
    } else {
        None
    };
    let stored_after_replays = Stored::within(&folder.join("objects"))?;
    let way = way.title();
    Ok(Row { way, pay_invoice, replays, archive, stored, stored_after_replays })
}

/// Starts one workflow after the other, and follows each to its end.
async fn both(
    way: Scenario,
    client: &Client,
    progress: &mut Progress,
) -> Result<(Outcome, Outcome)> {
    let options = |id: &str| WorkflowStartOptions::new(QUEUE, id).build();
    let invoice = ("invoice 2026-1121".to_owned(), INVOICE / way.divisor());
    client.start_workflow(PayInvoice::run, invoice, options("PayInvoice")).await?;
    let pay_invoice = Outcome::of(client, "PayInvoice", progress).await?;
    progress.say(&pay_invoice.line("PayInvoice"));
    let ledger = ("ledger of November".to_owned(), LEDGER / way.divisor());
    client.start_workflow(Archive::run, ledger, options("Archive")).await?;
    let archive = Outcome::of(client, "Archive", progress).await?;
    progress.say(&archive.line("Archive"));
    Ok((pay_invoice, archive))
}
