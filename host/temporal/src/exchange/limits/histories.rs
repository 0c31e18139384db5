//! Runs with a large history: their payloads are stored from a lower size on.
//!
//! A server ends a run whose history passes 50 MiB, and payloads below the threshold add up to that. The
//! frontend tells the size of a history with each workflow task. Answers to tasks carry only a token, so
//! that a run is recognized by its id in the token, or by the token.

use cloakroom_core::{ByteSize, Context};
use cloakroom_pipeline::{Budget, SizeLabels, SizeMeter, SizeMetrics, Verdict};
use cloakroom_wire::{Schema, View};

use crate::exchange::{
    call::Call,
    context::{token_owner::TokenOwner, tokens::Task},
    metric::HISTORY_RATIO,
    recent::Recent,
    workflow_task::workflow_task,
};

/// Memory for the runs and tokens that are remembered. For a run that is forgotten too early, the
/// configured threshold counts until its next workflow task.
const MOST: usize = 1 << 20;

/// When a history counts as large, and what is stored from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Size of a history from which the threshold falls. Default: 10 MiB, at which the server warns.
    pub from: ByteSize,
    /// Size from which payloads of such a run are stored. Default: 4 KiB.
    pub threshold: ByteSize,
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { from: ByteSize::mib(10), threshold: ByteSize::kib(4) }
    }
}

/// Runs with a large history.
pub(crate) struct Histories {
    limits: HistoryLimits,
    meter: SizeMeter,
    /// Run ids and tokens.
    known: Recent<()>,
}

impl Histories {
    pub(crate) fn new(limits: HistoryLimits) -> Self {
        let metrics = SizeMetrics { workflow: HISTORY_RATIO, activity: HISTORY_RATIO };
        Self { limits, meter: SizeMeter::new(metrics), known: Recent::new(MOST) }
    }

    /// Remembers the runs of the workflow tasks in an answer whose history is large.
    pub(crate) fn note(&self, call: &Call<'_>, ctx: &Context, answer: &[u8]) {
        let answer = View::new(call.method.response, answer);
        let task = workflow_task(call.name, answer);
        let Some((task, size)) = task.and_then(|task| Some((task, history_size(task)?))) else {
            return;
        };
        let workflow = task.message("workflow_type").and_then(|name| name.text("name"));
        let namespace = ctx.namespace_name().unwrap_or_default();
        if self.is_large(namespace, workflow.unwrap_or_default(), size) {
            let run = task.message("workflow_execution").and_then(|run| run.bytes("run_id"));
            for key in [run, task.bytes("task_token")].into_iter().flatten() {
                self.known.insert(key, (), 0);
            }
        }
    }

    /// Remembers a run whose history came in several pages, if it is large: the last page tells.
    pub(in super::super) fn note_run(
        &self,
        namespace: &str,
        workflow: &str,
        run_id: &str,
        size: u64,
    ) {
        if self.is_large(namespace, workflow, size) {
            self.known.insert(run_id.as_bytes(), (), 0);
        }
    }

    fn is_large(&self, namespace: &str, workflow: &str, size: u64) -> bool {
        let labels = SizeLabels { namespace, workflow, activity: None };
        let most = i64::try_from(self.limits.from.get()).unwrap_or(i64::MAX);
        let budget = Budget { max: most, percent: 100 };
        self.meter.weigh(budget, size, labels) != Verdict::Fits
    }

    /// Returns the size from which payloads of a request are stored, if its run is known for a large
    /// history. `task` is the one that it answers, if that is known.
    pub(crate) fn threshold(
        &self,
        call: &Call<'_>,
        request: &[u8],
        task: Option<&Task>,
    ) -> Option<ByteSize> {
        let request = View::new(call.method.request, request);
        let token = request.bytes("task_token");
        let execution = ["workflow_execution", "execution"].into_iter();
        let execution = execution.filter_map(|name| request.message(name)?.bytes("run_id"));
        let in_token = token.and_then(|token| TokenOwner::parse(token).run_id);
        let keys = token.into_iter().chain(in_token.map(str::as_bytes));
        let keys = keys.chain(task.map(|task| task.run_id.as_bytes()));
        let mut keys = keys.chain(request.bytes("run_id")).chain(execution);
        keys.any(|key| self.known.get(key).is_some()).then_some(self.limits.threshold)
    }
}

/// Returns the size of the history as its last workflow task tells it.
fn history_size(task: View<'_>) -> Option<u64> {
    let event = Schema::temporal().message("temporal.api.history.v1.HistoryEvent")?;
    let events = task.message("history")?.fields();
    let size = |content| {
        let event = View::new(event, content);
        event.message("workflow_task_started_event_attributes")?.number("history_size_bytes")
    };
    events.iter().rev().find_map(|field| size(field.content?))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use cloakroom_grpc::Caller;

    use super::*;
    use crate::exchange::{
        SERVICE,
        proto::{put_bytes, put_number},
    };

    const UUID: &str = "32049b68-7872-4094-8e63-d0dd59896a83";
    const OTHER: &str = "f1e8a0a4-7872-4094-8e63-d0dd59896a83";

    /// Calls `check` with a call of this method.
    fn call<T>(name: &str, check: impl FnOnce(&Call<'_>) -> T) -> T {
        let method = Schema::temporal().method(&format!("{SERVICE}{name}")).unwrap();
        let (headers, caller) = (HeaderMap::new(), Caller::everybody());
        check(&Call::new(&method, name, &headers, &caller))
    }

    fn message(number: u32, inner: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, number, inner);
        bytes
    }

    /// Returns a workflow task of a run whose history has this size.
    fn task(run: &[u8], token: &[u8], size: u64) -> Vec<u8> {
        let mut started = Vec::new();
        put_number(&mut started, 5, size);
        let event = message(1, &message(11, &started));
        [message(1, token), message(2, &message(2, run)), message(8, &event)].concat()
    }

    #[test]
    fn the_threshold_falls_for_a_run_with_a_large_history() {
        let histories = Histories::new(HistoryLimits::default());
        let note = |name: &str, answer: &[u8]| {
            call(name, |call| histories.note(call, &Context::none(), answer));
        };
        let threshold = |name: &str, request: &[u8]| {
            call(name, |call| histories.threshold(call, request, None))
        };
        note("PollWorkflowTaskQueue", &task(b"small", b"token 1", 10 << 20));
        note("PollWorkflowTaskQueue", &task(UUID.as_bytes(), b"token 2", (10 << 20) + 1));
        let next = message(1, &task(b"later", b"token 3", 20 << 20));
        note("RespondWorkflowTaskCompleted", &next);
        note("PollWorkflowTaskQueue", b"");
        // By the token, and by the run in the token of an activity.
        let owner = |run: &[u8]| [message(1, UUID.as_bytes()), message(2, b"w"), message(3, run)];
        let activity = |run: &str| message(1, &owner(run.as_bytes()).concat());
        for (name, request, is_large) in [
            ("RespondWorkflowTaskCompleted", message(1, b"token 1"), false),
            ("RespondWorkflowTaskCompleted", message(1, b"token 2"), true),
            ("RespondWorkflowTaskCompleted", message(1, b"token 3"), true),
            ("RespondActivityTaskCompleted", activity(OTHER), false),
            ("RespondActivityTaskCompleted", activity(UUID), true),
            ("RespondActivityTaskCompletedById", message(3, b"later"), true),
            ("SignalWorkflowExecution", message(2, &message(2, UUID.as_bytes())), true),
            ("SignalWorkflowExecution", b"\xff".to_vec(), false),
        ] {
            assert_eq!(threshold(name, &request).is_some(), is_large, "{name}: {request:?}");
        }
    }
}
