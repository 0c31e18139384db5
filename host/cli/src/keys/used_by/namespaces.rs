//! Reads namespaces through the frontend.

use std::io::{self, Write as _};

use cloakroom::{
    Context,
    inspect::Report,
    temporal::survey::{Found, Gap, HolderKind, Place, Survey},
};
use tokio::sync::mpsc;

use super::{evidence::Sighting, render_text::plural, tasks::Tasks};
use crate::{failure::Failure, keys::args::UsedBy};

/// Findings that wait to be looked at. Each payload among them is in memory.
const AHEAD: usize = 16;

/// Holders between two lines of progress.
const LINE: u64 = 500;

/// Reads all namespaces of the arguments.
///
/// # Errors
/// If the frontend cannot be reached, or the address is that of a gateway.
pub(super) async fn read(
    args: &UsedBy,
    report: &Report,
    survey: &Survey,
    tasks: &mut Tasks,
) -> Result<(), Failure> {
    for namespace in &args.namespaces {
        read_one(namespace, survey, tasks).await?;
        note_plaintext(namespace, report, tasks);
    }
    for known in &report.namespaces {
        if known.mode != "off" && !args.namespaces.contains(&known.name) {
            let why = "a namespace of the configuration was not read: add --namespace";
            tasks.evidence.gaps.note("namespaces", why, &known.name);
        }
    }
    for part in &args.without {
        progress(&format!("left out, as you say that there are none: {}", part.part().as_str()));
    }
    Ok(())
}

async fn read_one(namespace: &str, survey: &Survey, tasks: &mut Tasks) -> Result<(), Failure> {
    let (sender, mut findings) = mpsc::channel(AHEAD);
    let ctx = Context::namespace(namespace);
    let reading = survey.read(namespace, sender);
    let looking = async {
        while let Some(found) = findings.recv().await {
            match found {
                Found::Payload(place, payload) => {
                    tasks.start(ctx.clone(), sighting(&place), payload).await?;
                }
                Found::Gap(Gap { part, name, why }) => {
                    let example =
                        if name == namespace { name } else { format!("{namespace}: {name}") };
                    tasks.evidence.gaps.note(part.as_str(), &why, &example);
                }
                Found::Read(kind) => count(namespace, kind, tasks),
                _ => {}
            }
        }
        tasks.settle().await
    };
    let (read, looked) = tokio::join!(reading, looking);
    looked?;
    read?;
    let read: Vec<String> = tasks
        .evidence
        .read
        .iter()
        .filter(|((of, _), _)| of == namespace)
        .map(|((_, kind), count)| format!("{count} {}", plural(kind, *count)))
        .collect();
    let read = if read.is_empty() { "nothing".to_owned() } else { read.join(", ") };
    progress(&format!("namespace {namespace}: read {read}"));
    Ok(())
}

fn sighting(place: &Place) -> Sighting {
    let holder = &place.holder;
    Sighting {
        namespace: holder.namespace.clone(),
        kind: holder.kind.as_str(),
        id: holder.id.clone(),
        run: holder.run.clone(),
        is_open: holder.is_open,
        field: place.field.clone(),
        time: place.time.map(|time| time.to_string()),
    }
}

fn count(namespace: &str, kind: HolderKind, tasks: &mut Tasks) {
    let count = tasks.evidence.add_read(namespace, kind.as_str());
    if count.is_multiple_of(LINE) {
        let kind = plural(kind.as_str(), count);
        progress(&format!("namespace {namespace}: {count} {kind} so far"));
    }
}

/// Notes a namespace in which no payload names a key: a proxy may have decoded it on the way.
fn note_plaintext(namespace: &str, report: &Report, tasks: &mut Tasks) {
    let is_off = report.namespaces.iter().any(|it| it.name == namespace && it.mode == "off");
    let counts = tasks.evidence.payloads.get(namespace).copied().unwrap_or_default();
    if let (1.., 0) = counts
        && !is_off
        && tasks.reader.encrypts()
    {
        let why = "no payload of the namespace is encrypted: if the address is that of a proxy that \
                   decodes, give that of the frontend; if nothing in it was ever encrypted, leave the \
                   namespace out";
        tasks.evidence.gaps.note("namespaces", why, namespace);
    }
}

/// Writes a line to standard error. Without one, the command goes on.
fn progress(line: &str) {
    let _ = writeln!(io::stderr(), "{}", crate::table::printable(line));
}
