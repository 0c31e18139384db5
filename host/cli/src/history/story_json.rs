//! A story as JSON for scripts.

use serde_json::{Value, json};

use crate::{
    explain::{layers_json, stored_json},
    history::{
        cost::{Cost, Month, Per},
        story::{Line, State, Story},
        story_text::{chain, note},
        totals::Totals,
    },
};

/// The story, its sums, and a month of such runs if one was asked for.
pub(crate) fn report(story: &Story, totals: &Totals, month: Option<&Month>) -> Value {
    json!({
        "workflow": {
            "id": story.run.workflow_id,
            "type": story.run.workflow_type,
            "runId": story.run.run_id,
        },
        "events": story.events,
        "lastEvent": story.last_event,
        "payloads": story.lines.iter().map(line).collect::<Vec<_>>(),
        "totals": sums(totals),
        "note": note(totals),
        "month": month.map(costs),
    })
}

fn line(line: &Line) -> Value {
    let explanation = line.finding.explanation.as_ref();
    let trouble = explanation.and_then(|explanation| explanation.trouble.as_ref());
    json!({
        "event": line.event,
        "type": line.kind,
        "field": line.field,
        "historyBytes": line.finding.bytes,
        "decodedBytes": line.finding.decoded,
        "state": match line.finding.state() {
            State::Open => "open",
            State::NotAsked => "not_asked",
            State::Missing => "missing",
            State::Unreadable => "unreadable",
        },
        "searchAttribute": explanation.is_none(),
        "layers": explanation.map(layers_json),
        "stored": explanation.and_then(|explanation| explanation.stored.as_ref()).map(stored_json),
        "kind": trouble.map(|error| error.kind().as_str()),
        "trouble": trouble.map(chain),
    })
}

fn sums(totals: &Totals) -> Value {
    json!({
        "payloads": totals.payloads,
        "historyBytes": totals.with,
        "historyBytesWithout": totals.without,
        "historyBytesWithoutIsAtLeast": totals.at_least,
        "references": totals.references,
        "objects": totals.objects,
        "objectBytes": totals.object_bytes,
        "objectBytesIsAtLeast": totals.objects_at_least,
        "puts": totals.references,
        "gets": totals.references,
        "sharedReferences": totals.shared,
        "repeatedPayloads": totals.repeated,
        "repeatedBytes": totals.repeated_bytes,
        "objectsStoredAgain": totals.stored_again,
        "objectsStoredAgainBytes": totals.stored_again_bytes,
        "missing": totals.missing,
        "unreadable": totals.unreadable,
        "notAsked": totals.not_asked,
    })
}

fn costs(month: &Month) -> Value {
    let cost = |cost: &Cost| {
        let per = match cost.per {
            Per::GibMonth => "GiB month",
            Per::Thousand => "1000 requests",
        };
        json!({
            "name": cost.name,
            "perRun": cost.each,
            "units": cost.units,
            "unit": per,
            "price": cost.price,
            "amount": cost.amount(),
        })
    };
    json!({
        "runs": month.runs,
        "without": month.without.iter().map(cost).collect::<Vec<_>>(),
        "with": month.with.iter().map(cost).collect::<Vec<_>>(),
        "saved": month.saved(),
    })
}
