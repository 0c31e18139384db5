//! Targets of a request's payloads: the execution that reads each of them again.
//!
//! Most belong to the execution that the request names. Commands for other executions, and requests
//! inside requests, name others.

use cloakroom_core::{Context, Kind};
use cloakroom_wire::{Scan, SpanId, View};

use super::{nexus, short_name::short_name, task_parent::Parent};

/// Returns the context of a message that names an execution, in the namespace of `base`. Nothing if it
/// names none.
pub(crate) fn named(base: &Context, message: View<'_>) -> Option<Context> {
    let type_of = |name| message.message(name).and_then(|name| text(name, "name"));
    let execution = message.message("workflow_execution").or_else(|| message.message("execution"));
    let of_execution = |name| execution.and_then(|execution| text(execution, name));
    let run_id = text(message, "run_id").or(of_execution("run_id"));
    let (kind, id, type_name) = match text(message, "workflow_id").or(of_execution("workflow_id")) {
        Some(id) => (Kind::Workflow, id, type_of("workflow_type")),
        // An activity without a workflow.
        None => (Kind::Activity, text(message, "activity_id")?, type_of("activity_type")),
    };
    let ctx = base.clone().with_target(kind, id, type_name.unwrap_or_default(), run_id);
    Some(on_queue(ctx, task_queue(message)))
}

/// Returns the task queue that a message names.
fn task_queue<'a>(message: View<'a>) -> Option<&'a str> {
    message.message("task_queue").and_then(|queue| text(queue, "name"))
}

fn on_queue(ctx: Context, task_queue: Option<&str>) -> Context {
    match task_queue {
        Some(name) => ctx.with_task_queue(name),
        None => ctx,
    }
}

/// Returns the context of each payload. Empty if all have that of the request.
pub(crate) fn targets(ctx: &Context, parent: Option<&Parent>, found: &Scan) -> Vec<Context> {
    let mut known = Vec::<(SpanId, Option<Context>)>::new();
    let mut target_of = |span: SpanId| {
        if let Some((_, target)) = known.iter().rev().find(|(id, _)| *id == span) {
            return target.clone();
        }
        let target = found.view(span).and_then(|view| target(ctx, parent, view));
        known.push((span, target.clone()));
        target
    };
    let sites = 0..found.sites().len();
    let targets = sites.map(|site| found.around(site).find_map(&mut target_of));
    let targets: Vec<Option<Context>> = targets.collect();
    if targets.iter().all(Option::is_none) {
        return Vec::new();
    }
    // Clones, not copies: payloads of one target are known by it.
    targets.into_iter().map(|target| target.unwrap_or_else(|| ctx.clone())).collect()
}

/// Returns the context of the payloads in a message that belong to another execution than the
/// request's.
fn target(ctx: &Context, parent: Option<&Parent>, message: View<'_>) -> Option<Context> {
    match short_name(message.message_type()) {
        "StartWorkflowExecutionRequest"
        | "SignalWithStartWorkflowExecutionRequest"
        | "UpdateWorkflowExecutionRequest"
        | "NewWorkflowExecutionInfo" => named(ctx, message),
        "StartChildWorkflowExecutionCommandAttributes" => {
            let target = in_namespace(named(ctx, message)?, message);
            // A child without a queue of its own runs on its parent's.
            let queue = task_queue(message).or(ctx.task_queue());
            Some(on_queue(target, queue))
        }
        "SignalExternalWorkflowExecutionCommandAttributes" => {
            Some(in_namespace(named(ctx, message)?, message))
        }
        // The run is one that does not exist yet.
        "ContinueAsNewWorkflowExecutionCommandAttributes" => {
            let type_name = message.message("workflow_type").and_then(|name| text(name, "name"));
            let type_name = type_name.or(ctx.type_name()).unwrap_or_default();
            let target = ctx.clone().with_target(Kind::Workflow, ctx.id()?, type_name, None);
            Some(on_queue(target, task_queue(message).or(ctx.task_queue())))
        }
        "ScheduleNexusOperationCommandAttributes" | "StartNexusOperationExecutionRequest" => {
            nexus::target(ctx, message)
        }
        "CompleteWorkflowExecutionCommandAttributes"
        | "FailWorkflowExecutionCommandAttributes"
        | "CancelWorkflowExecutionCommandAttributes" => {
            parent.and_then(|parent| ended(ctx, parent, message))
        }
        _ => None,
    }
}

/// Returns the target in the namespace that a command names, if it names one.
fn in_namespace(target: Context, command: View<'_>) -> Context {
    match text(command, "namespace") {
        Some(namespace) => target.with_target_namespace(namespace),
        None => target,
    }
}

/// Returns the context of what a workflow says at its end, which its parent reads.
fn ended(ctx: &Context, parent: &Parent, message: View<'_>) -> Option<Context> {
    let execution = parent.execution.as_ref()?;
    let is_result = short_name(message.message_type()).starts_with("Complete");
    let target = if is_result && !parent.is_continued {
        let (id, run_id) = (&execution.workflow_id, Some(&*execution.run_id));
        ctx.clone().with_target(Kind::Workflow, id, "", run_id)
    } else {
        ctx.clone()
    };
    Some(target.with_target_namespace(&execution.namespace))
}

/// Returns a field of text that is not empty.
fn text<'a>(message: View<'a>, name: &str) -> Option<&'a str> {
    message.text(name).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
