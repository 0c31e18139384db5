//! Runs of workflows: histories, and what the server keeps beside them.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_grpc::{Code, Status};
use cloakroom_wire::View;
use futures::StreamExt as _;

use super::{
    ask::{self, Asker},
    found::{Findings, Found, Holder, HolderKind, Part},
    items::{items, send_payloads, time},
    message,
    pages::Pages,
    time::Timestamp,
};

/// Runs that are read at a time.
pub(super) const AT_ONCE: usize = 4;

/// Events of a page.
const EVENTS: u64 = 100;

/// Seconds by which the clocks of this machine and the server may differ, and by which the list of runs
/// may lag behind.
const SKEW: u64 = 600;

/// Runs that have begun lately, so that a second look at them is no second count.
type Lately = Mutex<HashSet<String>>;

/// A run as the list has it.
struct Listed {
    workflow: String,
    run: String,
    is_open: bool,
    time: Option<Timestamp>,
}

/// Runs that a survey reads.
pub(super) struct Runs<'a> {
    asker: &'a Asker<'a>,
    findings: &'a Findings,
    /// Time from which runs are remembered.
    since: Timestamp,
    lately: Lately,
}

impl<'a> Runs<'a> {
    /// Prepares to read runs. Those that begin from now on are read by the second look.
    pub(super) fn new(asker: &'a Asker<'a>, findings: &'a Findings) -> Self {
        let since = Timestamp::now().before(SKEW);
        Self { asker, findings, since, lately: Mutex::default() }
    }

    /// Reads all runs.
    pub(super) async fn read_all(&self) {
        self.read("").await;
    }

    /// Reads the runs that have begun since [`Runs::new`] and were not read. The server may have copied
    /// their payloads from a run or a schedule that was gone when its turn came.
    pub(super) async fn read_new(&self) {
        self.read(&format!("StartTime >= \"{}\"", self.since)).await;
    }

    async fn read(&self, query: &str) {
        let mut pages = Pages::new(self.asker, "ListWorkflowExecutions", query);
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => return,
                Err(status) => {
                    let name = self.asker.namespace;
                    return self.findings.gap(Part::Runs, name, ask::reason(&status)).await;
                }
            };
            let name = "temporal.api.workflow.v1.WorkflowExecutionInfo";
            let listed: Vec<_> =
                items(page.root(), "executions", name).into_iter().map(Listed::read).collect();
            drop(page);
            let new = listed.into_iter().filter(|listed| self.is_new(listed));
            let reads = futures::stream::iter(new.map(|listed| self.read_run(listed)));
            reads.buffer_unordered(AT_ONCE).collect::<()>().await;
        }
    }

    fn is_new(&self, listed: &Listed) -> bool {
        if listed.time.is_some_and(|time| time < self.since) {
            return true;
        }
        self.lately.lock().unwrap_or_else(PoisonError::into_inner).insert(listed.run.clone())
    }

    async fn read_run(&self, listed: Listed) {
        let holder =
            Holder::new(HolderKind::Run, self.asker.namespace, &listed.workflow, &listed.run);
        let holder = Arc::new(holder.open(listed.is_open).since(listed.time));
        let read = async {
            // Before the history: details of a heartbeat that an activity loses meanwhile are in an event
            // that the history has by then.
            if listed.is_open {
                self.describe(&listed, &holder).await?;
            }
            self.read_history(&listed, &holder).await
        };
        match read.await {
            // Deleted, by its retention or by somebody: nothing of it is left to read.
            Err(status) if status.code == Code::NotFound => {}
            Err(status) => {
                let name = format!("{}, run {}", listed.workflow, listed.run);
                self.findings.gap(Part::Runs, &name, ask::reason(&status)).await;
            }
            Ok(()) => {}
        }
        self.findings.send(Found::Read(HolderKind::Run)).await;
    }

    async fn describe(&self, listed: &Listed, holder: &Arc<Holder>) -> Result<(), Status> {
        let mut request = Vec::new();
        message::text(&mut request, 1, self.asker.namespace);
        message::bytes(&mut request, 2, &message::pair(&listed.workflow, &listed.run));
        let answer = self.asker.ask("DescribeWorkflowExecution", request).await?;
        send_payloads(self.findings, holder, &answer).await;
        Ok(())
    }

    async fn read_history(&self, listed: &Listed, holder: &Arc<Holder>) -> Result<(), Status> {
        let mut token = Vec::new();
        loop {
            let mut request = Vec::new();
            message::text(&mut request, 1, self.asker.namespace);
            message::bytes(&mut request, 2, &message::pair(&listed.workflow, &listed.run));
            message::number(&mut request, 3, EVENTS);
            message::bytes(&mut request, 4, &token);
            // An archive may answer for ever, and is not a part of the namespace.
            message::number(&mut request, 7, 1);
            let answer = self.asker.ask("GetWorkflowExecutionHistory", request).await?;
            send_payloads(self.findings, holder, &answer).await;
            let next = answer.root().bytes("next_page_token").unwrap_or_default().to_vec();
            if next.is_empty() {
                return Ok(());
            }
            if next == token {
                return Err(Status::new(Code::Internal, "the server repeats the token of a page"));
            }
            token = next;
        }
    }
}

impl Listed {
    fn read(info: View<'_>) -> Self {
        let execution = info.message("execution");
        let text = |name| execution.and_then(|execution| execution.text(name)).unwrap_or_default();
        // 2 to 7 are the ways in which a run ends. Whatever a later server adds may be open.
        let is_open = !(2..=7).contains(&info.number("status").unwrap_or_default());
        Self {
            workflow: text("workflow_id").to_owned(),
            run: text("run_id").to_owned(),
            is_open,
            time: time(info, "start_time"),
        }
    }
}
