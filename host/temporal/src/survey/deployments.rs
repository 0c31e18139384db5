//! Metadata of worker deployments, and batch operations that still send signals.

use std::sync::Arc;

use cloakroom_grpc::{Code, Status};
use cloakroom_wire::View;

use super::{
    ask::{self, Asker},
    found::{Findings, Found, Holder, HolderKind, Part},
    items::{items, send_payloads, time},
    message,
    pages::Pages,
};

/// Type of a version in the description of a deployment.
const VERSION: &str =
    "temporal.api.deployment.v1.WorkerDeploymentInfo.WorkerDeploymentVersionSummary";

/// Reads the metadata of all versions of worker deployments.
pub(super) async fn read(asker: &Asker<'_>, findings: &Findings) {
    let names = names(asker, "ListWorkerDeployments", "worker_deployments", SUMMARY, "name").await;
    let names = match names {
        Ok(names) => names,
        Err(status) => {
            return findings.gap(Part::Deployments, asker.namespace, ask::reason(&status)).await;
        }
    };
    for name in names {
        match read_deployment(asker, findings, &name).await {
            // Deleted meanwhile.
            Err(status) if status.code == Code::NotFound => {}
            Err(status) => findings.gap(Part::Deployments, &name, ask::reason(&status)).await,
            Ok(()) => {}
        }
        findings.send(Found::Read(HolderKind::Deployment)).await;
    }
}

/// Type of a deployment in the list.
const SUMMARY: &str =
    "temporal.api.workflowservice.v1.ListWorkerDeploymentsResponse.WorkerDeploymentSummary";

/// Returns a text of each entry of a list.
async fn names(
    asker: &Asker<'_>,
    method: &'static str,
    field: &str,
    message: &str,
    text: &str,
) -> Result<Vec<String>, Status> {
    let (mut pages, mut names) = (Pages::new(asker, method, ""), Vec::new());
    while let Some(page) = pages.next().await? {
        let entries = items(page.root(), field, message);
        let name = |entry: View<'_>| entry.text(text).unwrap_or_default().to_owned();
        names.extend(entries.into_iter().map(name));
    }
    Ok(names)
}

async fn read_deployment(asker: &Asker<'_>, findings: &Findings, name: &str) -> Result<(), Status> {
    let mut request = Vec::new();
    message::text(&mut request, 1, asker.namespace);
    message::text(&mut request, 2, name);
    let described = asker.ask("DescribeWorkerDeployment", request).await?;
    let Some(info) = described.root().message("worker_deployment_info") else { return Ok(()) };
    let version = |summary: View<'_>| {
        let version = summary.message("deployment_version")?;
        Some((version.text("build_id")?.to_owned(), time(summary, "create_time")))
    };
    for (build, created) in
        items(info, "version_summaries", VERSION).into_iter().filter_map(version)
    {
        let mut request = Vec::new();
        message::text(&mut request, 1, asker.namespace);
        message::bytes(&mut request, 3, &message::pair(&build, name));
        let answer = asker.ask("DescribeWorkerDeploymentVersion", request).await?;
        let holder = Holder::new(HolderKind::Deployment, asker.namespace, name, &build);
        let holder = Arc::new(holder.open(true).since(created));
        send_payloads(findings, &holder, &answer).await;
    }
    Ok(())
}

/// Notes batch operations that run: the input of a signal that they send is shown to nobody.
pub(super) async fn note_batches(asker: &Asker<'_>, findings: &Findings) {
    let mut pages = Pages::new(asker, "ListBatchOperations", "");
    loop {
        let page = match pages.next().await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(status) => {
                return findings.gap(Part::Batches, asker.namespace, ask::reason(&status)).await;
            }
        };
        for batch in
            items(page.root(), "operation_info", "temporal.api.batch.v1.BatchOperationInfo")
        {
            // BATCH_OPERATION_STATE_RUNNING
            if batch.number("state") == Some(1) {
                let why = "the batch operation runs, and may still send the input of a signal, which the \
                           server shows to nobody: wait until it is over";
                let id = batch.text("job_id").unwrap_or_default();
                findings.gap(Part::Batches, id, why.to_owned()).await;
            }
        }
    }
}
