//! Time that a fresh worker needs to replay a workflow.

use std::{path::Path, time::Instant};

use anyhow::Result;
use temporalio_client::{Client, UntypedWorkflow, WorkflowFetchHistoryOptions, WorkflowHistory};
use temporalio_common::protos::temporal::api::history::v1::History;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use crate::{progress::Progress, scenario::Scenario, workflows::PayInvoice};

/// Replays `PayInvoice` three times. Gives the median, in seconds, without fetching the history.
///
/// Each time the data converter is another: a worker that was just started has nothing at hand of
/// what was stored.
pub(crate) async fn median(
    way: Scenario,
    folder: &Path,
    client: &Client,
    progress: &Progress,
) -> Result<f64> {
    let handle = client.get_workflow_handle::<UntypedWorkflow>("PayInvoice");
    let history = handle.fetch_history(WorkflowFetchHistoryOptions::default());
    let events = history.into_events().await?;
    let mut times = [0.0; 3];
    for time in &mut times {
        let converter = way.converter(folder, client.connection()).await?;
        let options = WorkflowReplayerOptions::new().data_converter(converter);
        let replayer = WorkflowReplayer::new(options.register_workflow::<PayInvoice>()?.build())?;
        let history = WorkflowHistory::from(History { events: events.clone() });
        let started = Instant::now();
        replayer.replay_workflow(history).await?;
        *time = started.elapsed().as_secs_f64();
        progress.say(&format!("PayInvoice: replayed in {time:.2} s"));
    }
    times.sort_by(f64::total_cmp);
    let [_, median, _] = times;
    Ok(median)
}
