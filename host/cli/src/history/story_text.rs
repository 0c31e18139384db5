//! A story as tables for people.

use cloakroom::inspect::{Explanation, Stored};

use crate::{
    history::{
        story::{Line, State, Story},
        totals::Totals,
    },
    table::{columns, printable, thousands},
};

/// The story: a row for each payload, its sums, and what went wrong.
pub(crate) fn story(story: &Story, totals: &Totals) -> String {
    let run = &story.run;
    let named = |name: &Option<String>| name.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut text = format!(
        "workflow {} ({}), run {}: {} events, {} payloads\n\n",
        named(&run.workflow_id),
        named(&run.workflow_type),
        named(&run.run_id),
        events(story),
        thousands(totals.payloads),
    );
    let head = ["event", "type", "field", "in history", "decoded", "layers, outside in", "stored"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(story.lines.iter().map(row));
    text.push_str(&columns(&rows, &[0, 3, 4]));
    text.push('\n');
    text.push_str(&columns(&sums(totals), &[]));
    text.push_str(&troubles(story, State::Missing, "would be missing"));
    text.push_str(&troubles(story, State::Unreadable, "cannot be opened here"));
    text
}

/// An export may be one page of a history.
fn events(story: &Story) -> String {
    let (here, all) = (story.events, usize::try_from(story.last_event).unwrap_or_default());
    if here < all { format!("{} of {}", thousands(here), thousands(all)) } else { thousands(here) }
}

fn row(line: &Line) -> Vec<String> {
    let finding = &line.finding;
    let explanation = finding.explanation.as_ref();
    let decoded = match (finding.state(), finding.decoded) {
        (_, Some(bytes)) => thousands(bytes),
        (State::Missing, None) => "missing".to_owned(),
        (State::NotAsked, None) => "not asked".to_owned(),
        _ => "unreadable".to_owned(),
    };
    let layers = explanation.map_or("search attribute".to_owned(), layers);
    let stored = explanation.and_then(|explanation| explanation.stored.as_ref());
    vec![
        line.event.to_string(),
        line.kind.clone(),
        line.field.clone(),
        thousands(finding.bytes),
        decoded,
        layers,
        stored.map(place).unwrap_or_default(),
    ]
}

fn layers(explanation: &Explanation) -> String {
    let names = explanation.layers.iter().map(|layer| {
        let encoding = layer.encoding.as_deref().unwrap_or("no encoding");
        match &layer.key {
            Some(key) => format!("{encoding} (key {key})"),
            None => encoding.to_owned(),
        }
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Driver, bucket and key, as short as still helps.
fn place(stored: &Stored) -> String {
    let entry = |names: &[&str]| names.iter().find_map(|name| stored.claim.get(*name));
    let key = entry(&["key", "object_name", "object"]).map(|key| short(key)).unwrap_or_default();
    match entry(&["bucket", "container"]) {
        Some(bucket) => format!("{}: {}/{key}", stored.driver, short(bucket)),
        None => format!("{}: {key}", stored.driver),
    }
}

fn short(name: &str) -> String {
    let name: Vec<char> = printable(name).chars().collect();
    match name.len() {
        0..=40 => name.into_iter().collect(),
        length => {
            let (head, tail) = (name.iter().take(20), name.iter().skip(length - 12));
            head.chain(&['…']).chain(tail).collect()
        }
    }
}

fn sums(totals: &Totals) -> Vec<Vec<String>> {
    let least = |is: bool| if is { "at least " } else { "" };
    let bytes = |bytes: usize| format!("{} bytes", thousands(bytes));
    let without = format!("{}{}", least(totals.at_least), bytes(totals.without));
    let objects = format!(
        "{} of {}{} together, for {} references",
        thousands(totals.objects),
        least(totals.objects_at_least),
        bytes(totals.object_bytes),
        thousands(totals.references),
    );
    let requests = format!(
        "{0} puts and {0} gets at most: one each for a reference, without caches; replays fetch again",
        thousands(totals.references)
    );
    let repeated = format!("{}, with {}", thousands(totals.repeated), bytes(totals.repeated_bytes));
    let again =
        format!("{}, with {}", thousands(totals.stored_again), bytes(totals.stored_again_bytes));
    let mut rows = vec![
        row_of("payloads in the history", bytes(totals.with)),
        row_of("without Cloakroom", without),
        row_of("objects", objects),
        row_of("requests", requests),
        row_of("repeated payloads", repeated),
        row_of("objects stored again", again),
        row_of("references that share", thousands(totals.shared)),
        row_of("would be missing", thousands(totals.missing)),
        row_of("cannot be opened here", thousands(totals.unreadable)),
    ];
    if totals.not_asked != 0 {
        rows.push(row_of("not asked for", format!("{}: --offline", thousands(totals.not_asked))));
    }
    if let Some(note) = note(totals) {
        rows.push(row_of("note", note.to_owned()));
    }
    rows
}

fn row_of(name: &str, text: String) -> Vec<String> {
    vec![name.to_owned(), text]
}

/// What is odd about a history of which nothing is Cloakroom's.
pub(crate) fn note(totals: &Totals) -> Option<&'static str> {
    let nothing = totals.ours == 0 && totals.search_attributes < totals.payloads;
    nothing.then_some(
        "no payload has an encoding of this configuration, and none is stored: either nothing was \
         encoded, or the history was exported through a codec endpoint and shows what was decoded",
    )
}

fn troubles(story: &Story, state: State, title: &str) -> String {
    let mut text = String::new();
    for line in story.lines.iter().filter(|line| line.finding.state() == state) {
        let trouble =
            line.finding.explanation.as_ref().and_then(|explanation| explanation.trouble.as_ref());
        let Some(trouble) = trouble else { continue };
        if text.is_empty() {
            text = format!("\n{title}:\n");
        }
        let (event, kind, field) = (line.event, &line.kind, &line.field);
        text.push_str(&format!("  event {event} {kind}, {field}: {}\n", chain(trouble)));
    }
    text
}

/// An error and its causes in one line, without those that repeat what was said.
pub(crate) fn chain(error: &cloakroom::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = cloakroom::inspect::clean(&error.to_string(), 2000);
        if !text.contains(&said) {
            text.push_str(&format!(": {said}"));
        }
        cause = error.source();
    }
    text
}
