//! Standalone activities and standalone Nexus operations.

use std::sync::Arc;

use cloakroom_grpc::{Code, Status};
use cloakroom_wire::View;

use super::{
    ask::{self, Asker},
    found::{Findings, Found, Holder, HolderKind},
    items::{items, send_payloads, time},
    message,
    pages::Pages,
};

/// Names of the methods and fields of one kind.
struct Names {
    kind: HolderKind,
    list: &'static str,
    /// Field of the list, and the type of its messages.
    entries: (&'static str, &'static str),
    id: &'static str,
    describe: &'static str,
    /// Fields of the request that ask for payloads.
    includes: &'static [u32],
}

const ACTIVITIES: Names = Names {
    kind: HolderKind::Activity,
    list: "ListActivityExecutions",
    entries: ("executions", "temporal.api.activity.v1.ActivityExecutionListInfo"),
    id: "activity_id",
    describe: "DescribeActivityExecution",
    // Input, outcome, heartbeat details and last failure.
    includes: &[4, 5, 7, 8],
};

const OPERATIONS: Names = Names {
    kind: HolderKind::Operation,
    list: "ListNexusOperationExecutions",
    entries: ("operations", "temporal.api.nexus.v1.NexusOperationExecutionListInfo"),
    id: "operation_id",
    describe: "DescribeNexusOperationExecution",
    // Input and outcome.
    includes: &[4, 5],
};

/// Reads all standalone activities.
pub(super) async fn read_activities(asker: &Asker<'_>, findings: &Findings) {
    read(asker, findings, &ACTIVITIES).await;
}

/// Reads all standalone Nexus operations.
pub(super) async fn read_operations(asker: &Asker<'_>, findings: &Findings) {
    read(asker, findings, &OPERATIONS).await;
}

async fn read(asker: &Asker<'_>, findings: &Findings, names: &Names) {
    let part = names.kind.part();
    if asker.leaves_out(part) {
        return;
    }
    let mut pages = Pages::new(asker, names.list, "");
    loop {
        let page = match pages.next().await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(status) => {
                return findings.gap(part, asker.namespace, ask::reason(&status)).await;
            }
        };
        let (field, name) = names.entries;
        let entries = items(page.root(), field, name);
        let holders: Vec<_> =
            entries.into_iter().map(|entry| listed(asker, names, entry)).collect();
        drop(page);
        for (id, run, holder) in holders {
            match read_one(asker, findings, names, (&id, &run), Arc::new(holder)).await {
                // Deleted meanwhile.
                Err(status) if status.code == Code::NotFound => {}
                Err(status) => findings.gap(part, &id, ask::reason(&status)).await,
                Ok(()) => {}
            }
            findings.send(Found::Read(names.kind)).await;
        }
    }
}

/// Returns id, run and holder of an entry of the list.
fn listed(asker: &Asker<'_>, names: &Names, entry: View<'_>) -> (String, String, Holder) {
    let text = |name| entry.text(name).unwrap_or_default().to_owned();
    let (id, run) = (text(names.id), text("run_id"));
    let holder = Holder::new(names.kind, asker.namespace, &id, &run);
    // RUNNING is the first of both enums.
    let is_open = entry.number("status") == Some(1);
    (id, run, holder.open(is_open).since(time(entry, "schedule_time")))
}

async fn read_one(
    asker: &Asker<'_>,
    findings: &Findings,
    names: &Names,
    (id, run): (&str, &str),
    holder: Arc<Holder>,
) -> Result<(), Status> {
    let mut request = Vec::new();
    message::text(&mut request, 1, asker.namespace);
    message::text(&mut request, 2, id);
    message::text(&mut request, 3, run);
    for field in names.includes {
        message::number(&mut request, *field, 1);
    }
    let answer = asker.ask(names.describe, request).await?;
    send_payloads(findings, &holder, &answer).await;
    Ok(())
}
