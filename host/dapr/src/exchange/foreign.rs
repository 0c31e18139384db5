//! Payloads that another app wrote, and that this one cannot open.

use cloakroom_core::{Context, Error, Remedy, clean};
use cloakroom_pipeline::Pipeline;
use cloakroom_wire::{Scan, View};

/// Characters of an app's id that an error shows.
const NAME: usize = 255;

/// Returns the error about a payload with its place. It names the app that wrote the payload, if the
/// message says so and this app may not open what that one writes.
pub(super) fn explain(
    pipeline: &Pipeline,
    ctx: &Context,
    found: &Scan,
    site: Option<usize>,
    error: Error,
) -> Error {
    let Some(site) = site.filter(|_| !error.kind().is_transient()) else { return error };
    let (kind, path) = (error.kind(), found.path(site));
    let app = ctx.namespace_name().unwrap_or_default();
    let is_bound = pipeline.binds_namespaces();
    let foreign = writer(found, site).filter(|writer| !pipeline.may_open(app, writer));
    let shown = clean(app, NAME);
    let (text, remedies): (_, &[Remedy]) = match foreign.filter(|_| is_bound) {
        Some(writer) => (
            format!(
                "cannot decode {path}, which app `{}` wrote and app `{shown}` may not open: share the \
                 namespace of the one with the other",
                clean(writer, NAME)
            ),
            &[Remedy::Shares],
        ),
        // Dapr does not say who calls an activity.
        None if is_bound && found.root().message("activityRequest").is_some() => (
            format!(
                "cannot decode {path}: if another app called this activity, share its namespace with \
                 `{shown}`"
            ),
            &[Remedy::Shares],
        ),
        None => (format!("cannot decode {path}"), &[]),
    };
    pipeline.name_remedies(error.wrapped(kind, text).with_remedies(remedies))
}

/// Returns the app that wrote a payload, if a message around it names one.
fn writer<'a>(found: &'a Scan, site: usize) -> Option<&'a str> {
    found.around(site).filter_map(|span| found.view(span)).find_map(named_writer)
}

fn named_writer<'a>(message: View<'a>) -> Option<&'a str> {
    let named = match message.message_type().name() {
        "ExecutionStartedEvent" => message.message("parentInstance")?.text("appID"),
        "PropagatedHistoryChunk" => message.text("appId"),
        _ => None,
    };
    named.filter(|app| !app.is_empty())
}
