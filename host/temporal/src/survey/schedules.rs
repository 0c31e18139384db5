//! Schedules: the workflows that they start, and the last results that the server keeps for them.

use std::sync::Arc;

use cloakroom_grpc::{Code, Status};
use cloakroom_wire::View;

use super::{
    ask::{self, Answer, Asker},
    found::{Findings, Found, Holder, HolderKind, Part},
    items::{items, send_payloads, time},
    message,
    pages::Pages,
};

/// Reads all schedules.
pub(super) async fn read(asker: &Asker<'_>, findings: &Findings) {
    let mut pages = Pages::new(asker, "ListSchedules", "");
    loop {
        let page = match pages.next().await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(status) => {
                return findings.gap(Part::Schedules, asker.namespace, ask::reason(&status)).await;
            }
        };
        let entries = items(page.root(), "schedules", "temporal.api.schedule.v1.ScheduleListEntry");
        let id = |entry: View<'_>| entry.text("schedule_id").unwrap_or_default().to_owned();
        let ids: Vec<String> = entries.into_iter().map(id).collect();
        drop(page);
        for id in ids {
            match read_schedule(asker, findings, &id).await {
                // Deleted meanwhile.
                Err(status) if status.code == Code::NotFound => {}
                Err(status) => findings.gap(Part::Schedules, &id, ask::reason(&status)).await,
                Ok(()) => {}
            }
            findings.send(Found::Read(HolderKind::Schedule)).await;
        }
    }
}

async fn read_schedule(asker: &Asker<'_>, findings: &Findings, id: &str) -> Result<(), Status> {
    let mut request = Vec::new();
    message::text(&mut request, 1, asker.namespace);
    message::text(&mut request, 2, id);
    let answer = asker.ask("DescribeSchedule", request).await?;
    let info = answer.root().message("info");
    let of_info = |name| info.and_then(|info| time(info, name));
    let holder = Holder::new(HolderKind::Schedule, asker.namespace, id, "");
    let since = of_info("update_time").or(of_info("create_time"));
    let holder = Arc::new(holder.open(true).since(since));
    send_payloads(findings, &holder, &answer).await;
    if !is_last_result_known(asker, &answer).await? {
        let why = "the server keeps the last result of the schedule for its next run, and shows it in the \
                   history of the run that gave it alone, which was deleted";
        findings.gap(Part::Schedules, id, why.to_owned()).await;
    }
    Ok(())
}

/// Returns whether the last result of a schedule stands in the history of a run that is still there.
async fn is_last_result_known(asker: &Asker<'_>, answer: &Answer) -> Result<bool, Status> {
    let Some(info) = answer.root().message("info") else { return Ok(true) };
    let recent = items(info, "recent_actions", "temporal.api.schedule.v1.ScheduleActionResult");
    let runs: Vec<_> =
        recent.into_iter().filter_map(|it| it.message("start_workflow_result")).collect();
    let all = info.number("action_count").unwrap_or_default();
    let mut found = 0;
    // The newest come last.
    for run in runs.into_iter().rev() {
        let text = |name| run.text(name).unwrap_or_default();
        match status(asker, text("workflow_id"), text("run_id")).await? {
            // COMPLETED: its result is the last one, or an earlier one of a run that came later.
            Some(2) => return Ok(true),
            Some(_) => found += 1,
            None => {}
        }
    }
    // No run has completed, if all that ever ran are known.
    Ok(found == all)
}

/// Returns the status of the last run of a workflow that a schedule started; none if it is gone.
async fn status(asker: &Asker<'_>, workflow: &str, run: &str) -> Result<Option<u64>, Status> {
    let mut request = Vec::new();
    message::text(&mut request, 1, asker.namespace);
    message::bytes(&mut request, 2, &message::pair(workflow, run));
    match asker.ask("DescribeWorkflowExecution", request).await {
        Ok(answer) => {
            let info = answer.root().message("workflow_execution_info");
            Ok(Some(info.and_then(|info| info.number("status")).unwrap_or_default()))
        }
        Err(status) if status.code == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}
