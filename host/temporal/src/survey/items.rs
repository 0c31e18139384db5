//! Messages of a list in an answer, and payloads of an answer.

use std::sync::Arc;

use cloakroom_core::{Error, Payload};
use cloakroom_wire::View;

use super::{
    ask::Answer,
    found::{Findings, Found, Holder, Place},
    time::Timestamp,
};

/// Message around the payloads of one event.
const EVENT: &str = "temporal.api.history.v1.HistoryEvent";

/// Returns the messages of a repeated field, as messages of the type `name`.
pub(super) fn items<'a>(view: View<'a>, field: &str, name: &str) -> Vec<View<'a>> {
    let of_field = |number| view.message_type().field_name(number) == Some(field);
    let fields = view.fields().into_iter().filter(|field| of_field(field.number));
    fields.filter_map(|field| view.inner(name, field.content?)).collect()
}

/// Returns the time in a field.
pub(super) fn time(view: View<'_>, field: &str) -> Option<Timestamp> {
    Timestamp::read(view.bytes(field)?)
}

/// Sends all payloads of an answer.
pub(super) async fn send_payloads(findings: &Findings, holder: &Arc<Holder>, answer: &Answer) {
    if let Some(why) = answer.unknown() {
        findings.gap(holder.kind.part(), &holder.id, why).await;
    }
    for site in 0..answer.scan().sites().len() {
        let payload = match payload(answer, site) {
            Ok(payload) => payload,
            Err(error) => {
                let why = format!("a payload cannot be read: {error}");
                findings.gap(holder.kind.part(), &holder.id, why).await;
                continue;
            }
        };
        let (field, time) = (answer.scan().path(site), event_time(answer, site).or(holder.time));
        findings.send(Found::Payload(Place { holder: holder.clone(), field, time }, payload)).await;
    }
}

fn payload(answer: &Answer, site: usize) -> Result<Payload, Error> {
    Payload::from_envelope(answer.scan().payload(site))
}

/// Returns the time of the event around a payload, if there is one.
fn event_time(answer: &Answer, site: usize) -> Option<Timestamp> {
    let views = answer.scan().around(site).filter_map(|id| answer.scan().view(id));
    let event = views.into_iter().find(|view| view.message_type().name() == EVENT)?;
    time(event, "event_time")
}
