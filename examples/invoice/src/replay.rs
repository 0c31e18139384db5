//! Time that a worker needs to replay a workflow.

use std::time::Instant;

use anyhow::{Result, bail};
use serde::Serialize;
use temporalio_client::{Client, WorkflowQueryOptions};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

use crate::{progress::Progress, run::QUEUE, workflows::PayInvoice};

/// Replays by a worker that has just been started.
const WARM: usize = 5;

/// Seconds from a query of `PayInvoice` to its answer, by a worker that replays the workflow for it.
#[derive(Debug, Serialize)]
pub(crate) struct Replays {
    /// The first one: nothing is at hand of what was stored.
    pub(crate) cold_seconds: f64,
    /// The median of those that follow: objects come from Cloakroom's cache.
    pub(crate) warm_seconds: f64,
}

impl Replays {
    /// Replays `PayInvoice` with a client that has read nothing yet. The worker caches no workflow, so
    /// that each query is a replay of the whole history.
    pub(crate) async fn measure(
        client: Client,
        runtime: &Runtime,
        progress: &Progress,
    ) -> Result<Self> {
        let options = WorkerOptions::new(QUEUE).register_workflow::<PayInvoice>()?;
        let options = options.max_cached_workflows(0_usize).build();
        let mut worker = Worker::new(runtime, client.clone(), options)?;
        let stop = worker.shutdown_handle();
        let mut works = Box::pin(worker.run());
        let measured = tokio::select! {
            ended = &mut works => bail!("the worker ended early: {ended:?}"),
            measured = ask(&client, progress) => measured,
        };
        stop();
        works.await?;
        measured
    }
}

async fn ask(client: &Client, progress: &Progress) -> Result<Replays> {
    let handle = client.get_workflow_handle::<PayInvoice>("PayInvoice");
    let once = async || {
        let started = Instant::now();
        handle.query(PayInvoice::passed, (), WorkflowQueryOptions::default()).await?;
        let seconds = started.elapsed().as_secs_f64();
        progress.say(&format!("PayInvoice: replayed in {seconds:.2} s"));
        anyhow::Ok(seconds)
    };
    let cold_seconds = once().await?;
    let mut warm = Vec::new();
    for _ in 0..WARM {
        warm.push(once().await?);
    }
    warm.sort_by(f64::total_cmp);
    let warm_seconds = warm.get(WARM / 2).copied().unwrap_or_default();
    Ok(Replays { cold_seconds, warm_seconds })
}
