//! Explained history as JSON.

use serde_json::{Value, json};

use crate::{
    explain_json::{layers_json, stored_json},
    history::{
        cost::{Cost, Month, PriceUnit},
        story::{Line, State, Story},
        story_text::{chain, note},
        totals::Totals,
    },
};

/// Returns the payloads of a history, their totals, and the cost of a month if it was computed.
pub(crate) fn render(story: &Story, totals: &Totals, month: Option<&Month>) -> Value {
    json!({
        "workflow": {
            "id": story.run.workflow_id,
            "type": story.run.workflow_type,
            "runId": story.run.run_id,
        },
        "events": story.events,
        "lastEvent": story.last_event,
        "payloads": story.lines.iter().map(line_json).collect::<Vec<_>>(),
        "totals": totals_json(totals),
        "note": note(totals),
        "month": month.map(month_json),
    })
}

fn line_json(line: &Line) -> Value {
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

fn totals_json(totals: &Totals) -> Value {
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

fn month_json(month: &Month) -> Value {
    let cost = |cost: &Cost| {
        let per = match cost.unit {
            PriceUnit::GibMonth => "GiB month",
            PriceUnit::Thousand => "1000 requests",
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
