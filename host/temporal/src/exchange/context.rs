//! Context of a request: its namespace, and the execution that its payloads belong to.

pub(super) mod crossing;
pub(super) mod nexus;
pub(super) mod parent_of_run;
mod short_name;
pub(super) mod targets;
pub(super) mod task_parent;
pub(super) mod token_owner;
pub(super) mod tokens;

use cloakroom_core::{Context, Kind};
use cloakroom_wire::{Method, View};

use super::context::{
    short_name::short_name, targets::named, token_owner::TokenOwner, tokens::Tokens,
};

/// Returns the context of a request: from the request itself, or from the task that it answers.
pub(super) fn context(method: &Method, request: &[u8], tokens: &Tokens) -> Context {
    let request = View::new(method.request, request);
    let Some(namespace) = text(request, "namespace") else {
        return Context::none();
    };
    let ctx = Context::namespace(namespace);
    let Some(token) = request.bytes("task_token").filter(|token| !token.is_empty()) else {
        return named(&ctx, request).unwrap_or(ctx);
    };
    match tokens.task(namespace, token) {
        Some(task) => task.context(),
        None => unseen(ctx, request, token),
    }
}

/// Returns the context of a request whose task was handed out by another gateway, or before a restart.
/// The object of a payload is then stored under less than its whole target, or under the namespace
/// alone, where every reader finds it too.
fn unseen(ctx: Context, request: View<'_>, token: &[u8]) -> Context {
    // The tokens of queries and of Nexus have a task queue and the task's id where others have workflow
    // and run.
    let name = short_name(request.message_type());
    if name == "RespondQueryTaskCompletedRequest" || name.starts_with("RespondNexusTask") {
        return ctx;
    }
    let token = TokenOwner::parse(token);
    let id = token.workflow_id.or(text(request, "resource_id"));
    match id {
        Some(id) => ctx.with_target(Kind::Workflow, id, "", token.run_id),
        None => ctx,
    }
}

/// Returns a field of text that is not empty.
fn text<'a>(message: View<'a>, name: &str) -> Option<&'a str> {
    message.text(name).filter(|text| !text.is_empty())
}
