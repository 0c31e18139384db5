//! Context of a request: its namespace, and the execution that its payloads belong to.

use cloakroom_core::{Context, Kind};
use cloakroom_wire::{Method, View};

/// Returns the context of a request, as far as the request itself has it.
pub(super) fn context(method: &Method, request: &[u8]) -> Context {
    let request = View::new(method.request, request);
    let Some(namespace) = text(request, "namespace") else {
        return Context::none();
    };
    let ctx = Context::namespace(namespace);
    let execution = ["workflow_execution", "execution"].iter();
    let execution = execution.filter_map(|name| request.message(name));
    let id = execution.filter_map(|execution| text(execution, "workflow_id")).next();
    let Some(id) = text(request, "workflow_id").or(id) else {
        return ctx;
    };
    let type_name = request.message("workflow_type").and_then(|name| text(name, "name"));
    // Objects belong to the execution that reads them again; the run is mostly unknown.
    ctx.with_target(Kind::Workflow, id, type_name.unwrap_or_default(), None)
}

/// Returns a field of text that is not empty.
fn text<'a>(message: View<'a>, name: &str) -> Option<&'a str> {
    message.text(name).filter(|text| !text.is_empty())
}
