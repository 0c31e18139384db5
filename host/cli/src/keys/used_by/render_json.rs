//! Evidence as JSON.

use serde_json::{Value, json};

use super::{
    evidence::{Evidence, Sighting},
    gaps::Group,
    verdict::Row,
};

/// Returns the keys with their verdicts, what was read, and what was not.
pub(super) fn render(evidence: &Evidence, rows: &[Row<'_>]) -> Value {
    let read = evidence.read.iter().map(|((namespace, kind), count)| {
        json!({ "namespace": namespace, "kind": kind, "count": count })
    });
    let not_read = evidence.gaps.iter().map(|(what, why, group): (&str, &str, &Group)| {
        json!({ "what": what, "why": why, "count": group.count, "example": group.example })
    });
    json!({
        "keys": rows.iter().map(row_json).collect::<Vec<_>>(),
        "read": read.collect::<Vec<_>>(),
        "notRead": not_read.collect::<Vec<_>>(),
        "notReadForOtherReasons": evidence.gaps.more,
        "everythingWasRead": evidence.gaps.is_empty(),
    })
}

fn row_json(row: &Row<'_>) -> Value {
    let holders = row.seen.holders.iter().map(|((kind, is_open), holders)| {
        json!({ "kind": kind, "isOpen": is_open, "count": holders.len() })
    });
    let place = |sighting: &Sighting| (row.seen.payloads > 0).then(|| place_json(sighting));
    json!({
        "ring": row.ring,
        "key": row.id,
        "state": row.state,
        "verdict": row.verdict.to_string(),
        "payloads": row.seen.payloads,
        "holders": holders.collect::<Vec<_>>(),
        "first": place(&row.seen.first),
        "last": place(&row.seen.last),
    })
}

fn place_json(sighting: &Sighting) -> Value {
    json!({
        "namespace": sighting.namespace,
        "kind": sighting.kind,
        "id": sighting.id,
        "run": sighting.run,
        "isOpen": sighting.is_open,
        "field": sighting.field,
        "time": sighting.time,
    })
}
