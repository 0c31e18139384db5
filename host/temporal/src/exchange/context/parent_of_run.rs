//! The parent of a run that ends: it reads the result.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::Context;
use cloakroom_grpc::{Code, Status};
use cloakroom_wire::{Schema, View};

use super::{
    crossing::separates_namespaces,
    task_parent::{Parent, facts},
};
use crate::exchange::{
    Exchange,
    call::Call,
    frontend::Frontend,
    proto::{put_bytes, put_number},
};

/// Method that is asked for the first event of a run.
const METHOD: &str = "GetWorkflowExecutionHistory";

/// Numbers of `commands` in a completed task, and of the attributes of commands that end a run and have
/// payloads for its parent: complete, fail, cancel.
const COMMANDS: u32 = 2;
const ENDS: [u32; 3] = [4, 5, 8];

impl Exchange {
    /// Returns the parent of the run that a request ends, if it ends one and is known.
    ///
    /// # Errors
    /// `Unavailable` if payloads are bound to namespaces, and it is not known whose parent reads them.
    /// The task is then handed out again, also if the failure was the gateway's: a result that nobody
    /// can read could never be taken back.
    pub(crate) async fn parent_of_ended(
        &self,
        frontend: &impl Frontend,
        call: &Call<'_>,
        ctx: &Context,
        request: &Bytes,
    ) -> Result<Option<Arc<Parent>>, Status> {
        let is_completion = call.name == "RespondWorkflowTaskCompleted";
        if !is_completion || !ends_run(View::new(call.method.request, request)) {
            return Ok(None);
        }
        let namespace = ctx.namespace_name().unwrap_or_default();
        let known = ctx.run_id().and_then(|run_id| self.tokens.parent(namespace, run_id));
        // Otherwise the parent only decides under which key a result is stored.
        if known.is_some() || !separates_namespaces(&self.adapter.pipeline()) {
            return Ok(known);
        }
        let unknown = || Status::new(Code::Unavailable, "the parent of the run is not known yet");
        let (Some(id), Some(run_id), Some(memory)) = (ctx.id(), ctx.run_id(), ctx.memory()) else {
            return Err(unknown());
        };
        let request = first_event(namespace, id, run_id);
        let answer = frontend.ask(METHOD, call.headers, request.into(), memory).await?;
        let parent = Arc::new(parent(&answer).ok_or_else(unknown)?);
        self.tokens.learn_parent(namespace, run_id, parent.clone());
        Ok(Some(parent))
    }
}

/// Returns whether a completed task ends its run.
fn ends_run(request: View<'_>) -> bool {
    let Some(command) = Schema::temporal().message("temporal.api.command.v1.Command") else {
        return false;
    };
    let commands = request.fields().into_iter().filter(|field| field.number == COMMANDS);
    // The last command ends a run, but nothing forbids others behind it.
    commands.filter_map(|field| field.content).any(|content| {
        let fields = View::new(command, content).fields();
        fields.iter().any(|field| ENDS.contains(&field.number))
    })
}

/// Returns `GetWorkflowExecutionHistoryRequest` for the first event of a run.
fn first_event(namespace: &str, workflow_id: &str, run_id: &str) -> Vec<u8> {
    let (mut execution, mut request) = (Vec::new(), Vec::new());
    put_bytes(&mut execution, 1, workflow_id.as_bytes());
    put_bytes(&mut execution, 2, run_id.as_bytes());
    put_bytes(&mut request, 1, namespace.as_bytes());
    put_bytes(&mut request, 2, &execution);
    put_number(&mut request, 3, 1);
    request
}

/// Reads the parent from the answer, whose history may be raw.
fn parent(answer: &[u8]) -> Option<Parent> {
    let schema = Schema::temporal();
    let history = schema.message("temporal.api.history.v1.History")?;
    let response = "temporal.api.workflowservice.v1.GetWorkflowExecutionHistoryResponse";
    let response = View::new(schema.message(response)?, answer);
    let parsed = response.message("history").and_then(|history| facts(history).0);
    parsed.or_else(|| {
        let blob = schema.message("temporal.api.common.v1.DataBlob")?;
        let raw = response.fields().into_iter().find(|field| field.number == 2)?.content?;
        facts(View::new(history, View::new(blob, raw).bytes("data")?)).0
    })
}
