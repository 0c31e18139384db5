//! Payloads that are written in one app and read in another.
//!
//! The router of an action names the app that runs an activity or a child. Its input goes there, and its
//! result comes back, so that both apps must be able to open what the other wrote. It is checked before
//! anything is sent: what is in a history is there for ever.

use cloakroom_core::{Context, Error, ErrorKind, Remedy, clean};
use cloakroom_pipeline::{Mode, Pipeline};
use cloakroom_wire::{Scan, View};

use super::target::router_target;

/// Characters of an app's id that an error shows: an app may name anything.
const NAME: usize = 255;

/// Actions whose result comes back.
const ANSWERED: [&str; 2] = ["scheduleTask", "createChildWorkflow"];

/// Refuses a request if an app would get a payload of another that it may not open.
///
/// `payloads` has the site and the context of each payload that is encoded.
///
/// # Errors
/// `Denied`, naming the field and both apps.
pub(super) fn check<'a>(
    pipeline: &Pipeline,
    ctx: &Context,
    found: &Scan,
    payloads: impl Iterator<Item = (&'a usize, &'a Context)>,
) -> Result<(), Error> {
    let app = ctx.namespace_name().unwrap_or_default();
    if pipeline.mode(ctx) != Mode::On {
        return Ok(());
    }
    for (site, target) in payloads {
        let receiver = target.of_target();
        let reader = receiver.namespace_name().unwrap_or_default();
        check_reader(pipeline, &found.path(*site), app, reader)?;
    }
    for (index, action) in actions(found.root()).enumerate() {
        let answered = ANSWERED.iter().find(|name| action.message(name).is_some());
        if let Some((name, writer)) = answered.zip(router_target(action)) {
            let path = format!("the result of WorkflowResponse.actions[{index}].{name}");
            check_result(pipeline, &path, writer, app)?;
        }
    }
    Ok(())
}

fn actions(response: View<'_>) -> impl Iterator<Item = View<'_>> {
    let is_action = move |number| response.message_type().field_name(number) == Some("actions");
    let fields = response.fields().into_iter().filter(move |field| is_action(field.number));
    fields.filter_map(move |field| response.inner("WorkflowAction", field.content?))
}

/// Refuses a payload that its reader could not open.
fn check_reader(pipeline: &Pipeline, path: &str, app: &str, reader: &str) -> Result<(), Error> {
    if reader == app {
        return Ok(());
    }
    if pipeline.mode(&Context::namespace(reader)) == Mode::Off {
        let text = format!(
            "{path}: a payload of app `{}` would go to app `{}`, whose namespace is off, so that nobody \
             decodes it there: put a gateway before that app, and turn its namespace on",
            clean(app, NAME),
            clean(reader, NAME)
        );
        return Err(Error::new(ErrorKind::Denied, text));
    }
    check_shared(pipeline, path, app, reader)
}

/// Refuses a call of another app whose result could not be opened here.
fn check_result(pipeline: &Pipeline, path: &str, writer: &str, app: &str) -> Result<(), Error> {
    match pipeline.mode(&Context::namespace(writer)) {
        Mode::On => check_shared(pipeline, path, writer, app),
        _ => Ok(()),
    }
}

/// Where nothing binds a payload to its app, every app may open it.
fn check_shared(pipeline: &Pipeline, path: &str, writer: &str, reader: &str) -> Result<(), Error> {
    if !pipeline.binds_namespaces() || pipeline.may_open(reader, writer) {
        return Ok(());
    }
    let text = format!(
        "{path}: a payload of app `{}` would go to app `{}`, which may not open it: share the namespace \
         of the one with the other",
        clean(writer, NAME),
        clean(reader, NAME)
    );
    Err(Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::Shares]))
}
