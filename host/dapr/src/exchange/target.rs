//! Targets of a request's payloads: the workflow instance that reads each of them again.
//!
//! All payloads of an instance have the same target, those of its activities too. Equal payloads are
//! then one object in the store.

use std::collections::HashMap;

use cloakroom_core::{Context, Kind};
use cloakroom_wire::{Scan, SpanId, View};

use crate::instances::{Instances, plan::CONTINUED_AS_NEW};

/// Start of the names of workflows that a sidecar runs itself, and whose input it reads.
const INTERNAL: &str = "dapr.internal.";

/// Returns the instance that a message names.
pub(super) fn instance_id<'a>(message: View<'a>) -> Option<&'a str> {
    const NAMES: [&str; 3] = ["instanceId", "instance_id", "newInstanceID"];
    NAMES.iter().find_map(|name| text(message, name))
}

/// Returns the context of a whole request: the instance that it names.
pub(super) fn of_request(ctx: Context, request: View<'_>, instances: &Instances) -> Context {
    let Some(id) = instance_id(request) else { return named(ctx, "", workflow_name(request)) };
    match workflow_name(request) {
        "" => named(ctx, id, &instances.origin(id).unwrap_or_default().workflow),
        name => named(ctx, id, name),
    }
}

/// Returns the context of each site, or none if all have that of the request.
pub(super) fn of_sites(ctx: &Context, found: &Scan, instances: &Instances) -> Vec<Context> {
    let mut known = HashMap::<SpanId, Option<Context>>::new();
    let mut target_of = |span: SpanId| {
        let find = || found.view(span).and_then(|view| target(ctx, found, view, instances));
        known.entry(span).or_insert_with(find).clone()
    };
    let sites = 0..found.sites().len();
    sites
        .map(|site| found.around(site).find_map(&mut target_of).unwrap_or_else(|| ctx.clone()))
        .collect()
}

/// Returns the context of the payloads in a message that others than the request's instance read.
fn target(
    ctx: &Context,
    found: &Scan,
    message: View<'_>,
    instances: &Instances,
) -> Option<Context> {
    match message.message_type().name() {
        // One action. Its router names the app that reads it.
        "WorkflowAction" => {
            let app = router_target(message);
            let target = action_target(ctx, message).unwrap_or_else(|| ctx.clone());
            let parent = || {
                let complete = message.message("completeWorkflow")?;
                // What a workflow carries into its next run is for itself.
                let ends = complete.number("workflowStatus") != Some(CONTINUED_AS_NEW);
                let origin = instances.origin(instance_id(found.root())?)?;
                origin.parent_app.filter(|_| ends)
            };
            Some(match app.map(str::to_owned).or_else(parent) {
                Some(app) => target.with_target_namespace(&app),
                None => target,
            })
        }
        "CreateInstanceRequest" | "dapr.proto.runtime.v1.StartWorkflowRequest" => {
            is_internal(message).then(|| ctx.clone().in_plaintext())
        }
        _ => None,
    }
}

/// Returns the app that reads an action, if its router names one.
pub(super) fn router_target<'a>(action: View<'a>) -> Option<&'a str> {
    text(action.message("router")?, "targetAppID")
}

/// Returns the context of the instance that an action starts or sends an event to.
fn action_target(ctx: &Context, action: View<'_>) -> Option<Context> {
    if let Some(event) = action.message("sendEvent") {
        let id = text(event.message("instance")?, "instanceId")?;
        return Some(named(ctx.clone(), id, ""));
    }
    let start = ["createChildWorkflow", "createDetachedWorkflow"];
    let start = start.iter().find_map(|name| action.message(name))?;
    let id = text(start, "instanceId").unwrap_or_default();
    let target = named(ctx.clone(), id, workflow_name(start));
    Some(if is_internal(start) { target.in_plaintext() } else { target })
}

fn named(ctx: Context, id: &str, workflow: &str) -> Context {
    ctx.with_target(Kind::Workflow, id, workflow, None)
}

/// Returns the name of the workflow that a message starts, or nothing.
fn workflow_name<'a>(message: View<'a>) -> &'a str {
    let is_start = !message.message_type().name().starts_with("RaiseEvent");
    let name = text(message, "workflow_name").or_else(|| text(message, "name"));
    name.filter(|_| is_start).unwrap_or_default()
}

fn is_internal(start: View<'_>) -> bool {
    workflow_name(start).starts_with(INTERNAL)
}

/// Returns a field of text that is not empty.
fn text<'a>(message: View<'a>, name: &str) -> Option<&'a str> {
    message.text(name).filter(|text| !text.is_empty())
}
