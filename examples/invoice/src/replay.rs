//! Time that a worker needs to replay a workflow.

use std::time::Instant;

use anyhow::{Result, bail};
use serde::Serialize;
use temporalio_client::{Client, WorkflowQueryOptions};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

use crate::{
    meter::{Meter, Part},
    progress::Progress,
    run::QUEUE,
    workflows::PayInvoice,
};

/// Replays by a worker that has just been started.
const WARM: usize = 5;

/// Seconds from a query of `PayInvoice` to its answer, by a worker that replays the workflow for it.
#[derive(Debug, Serialize)]
pub(crate) struct Replays {
    /// The first one: nothing is at hand of what was stored.
    pub(crate) cold_seconds: f64,
    /// The median of those that follow: objects come from Cloakroom's cache.
    pub(crate) warm_seconds: f64,
    /// Cloakroom's part of the cold one, where it is in the connection.
    pub(crate) cold_part: Part,
    /// The median of its part of the warm ones.
    pub(crate) warm_part: Part,
}

impl Replays {
    /// Replays `PayInvoice` with a client that has read nothing yet. The worker caches no workflow, so
    /// that each query is a replay of the whole history.
    pub(crate) async fn measure(
        client: Client,
        runtime: &Runtime,
        progress: &Progress,
        meter: &Meter,
    ) -> Result<Self> {
        let options = WorkerOptions::new(QUEUE).register_workflow::<PayInvoice>()?;
        let options = options.max_cached_workflows(0_usize).build();
        let mut worker = Worker::new(runtime, client.clone(), options)?;
        let stop = worker.shutdown_handle();
        let mut works = Box::pin(worker.run());
        let measured = tokio::select! {
            ended = &mut works => bail!("the worker ended early: {ended:?}"),
            measured = ask(&client, progress, meter) => measured,
        };
        stop();
        works.await?;
        measured
    }
}

async fn ask(client: &Client, progress: &Progress, meter: &Meter) -> Result<Replays> {
    let handle = client.get_workflow_handle::<PayInvoice>("PayInvoice");
    let once = async || {
        let (before, started) = (meter.read(), Instant::now());
        handle.query(PayInvoice::passed, (), WorkflowQueryOptions::default()).await?;
        let seconds = started.elapsed().as_secs_f64();
        progress.say(&format!("PayInvoice: replayed in {seconds:.2} s"));
        anyhow::Ok((seconds, meter.read().since(before)))
    };
    let (cold_seconds, cold_part) = once().await?;
    let (mut warm, mut parts) = (Vec::new(), Vec::new());
    for _ in 0..WARM {
        let (seconds, part) = once().await?;
        warm.push(seconds);
        parts.push(part);
    }
    warm.sort_by(f64::total_cmp);
    parts.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let warm_seconds = warm.get(WARM / 2).copied().unwrap_or_default();
    let warm_part = parts.get(WARM / 2).copied().unwrap_or_default();
    Ok(Replays { cold_seconds, warm_seconds, cold_part, warm_part })
}
