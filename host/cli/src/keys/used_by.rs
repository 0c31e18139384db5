//! Command `keys used-by`: which keys are still needed, and by whom.

mod evidence;
mod files;
mod frontend;
mod gaps;
mod known_keys;
mod namespaces;
mod reader;
mod render_json;
mod render_text;
mod tasks;
mod uses;
mod verdict;

use std::io::{self, Write as _};

use cloakroom::{Cloakroom, inspect::Report};

use self::{
    evidence::Evidence,
    known_keys::KnownKeys,
    reader::KeyReader,
    tasks::Tasks,
    verdict::{Row, Verdict, rows},
};
use super::args::UsedBy;
use crate::{failure::Failure, open::open};

/// Exit status if something was not read, or a key is unprovable.
const UNPROVABLE: u8 = 3;

/// Exit status if the key that was asked for is needed.
const NEEDED: u8 = 4;

pub(crate) async fn run(args: &UsedBy) -> Result<(), Failure> {
    let cloakroom = open(&args.config).await?;
    let report = cloakroom.report();
    let services = cloakroom.key_services().into_iter();
    let services: Vec<_> = services.map(|(ring, keys)| (ring, keys.report())).collect();
    let known = KnownKeys::new(&report, &services, &args.destroyed);
    check_key(args, &known)?;
    let evidence = read(args, &cloakroom, &report, &known).await?;
    let rows = rows(&evidence, &known);
    let text = if args.json {
        format!("{:#}\n", render_json::render(&evidence, &rows))
    } else {
        render_text::render(&evidence, &rows)
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    outcome(args, &evidence, &rows)
}

/// Refuses a key that no ring has: a misspelt id would be `UNUSED`.
fn check_key(args: &UsedBy, known: &KnownKeys) -> Result<(), Failure> {
    match &args.key {
        Some((ring, id)) if !known.has(ring, id) => Err(Failure::usage(format!(
            "the configuration has no key `{ring}/{id}`: `cloakroom keys list` shows all"
        ))),
        _ => Ok(()),
    }
}

async fn read(
    args: &UsedBy,
    cloakroom: &Cloakroom,
    report: &Report,
    known: &KnownKeys,
) -> Result<Evidence, Failure> {
    let frontend = frontend::frontend(args, cloakroom)?;
    if frontend.is_none() && args.histories.is_empty() {
        return Err(Failure::usage(
            "nothing to read: give --address and --namespace, or exported histories",
        ));
    }
    if frontend.is_some() && args.namespaces.is_empty() {
        return Err(Failure::usage("no namespace to read: give --namespace for each"));
    }
    let reader = KeyReader::new(cloakroom.pipeline(), report, known, &args.plain);
    let mut tasks = Tasks::new(reader);
    if !args.histories.is_empty() {
        files::read(args, &mut tasks).await?;
    }
    match frontend {
        Some(survey) => namespaces::read(args, report, &survey, &mut tasks).await?,
        None => tasks.evidence.gaps.note(
            "namespaces",
            "only exported histories were read: other runs, schedules and the like are not in them",
            "",
        ),
    }
    if report.has_dapr {
        let why = "the configuration has [gateway.dapr], and the state stores of Dapr are not read";
        tasks.evidence.gaps.note("dapr", why, "");
    }
    tasks.finish().await
}

/// Returns the exit status, with a sentence about it.
fn outcome(args: &UsedBy, evidence: &Evidence, rows: &[Row<'_>]) -> Result<(), Failure> {
    let asked = args
        .key
        .as_ref()
        .and_then(|(ring, id)| rows.iter().find(|row| row.ring == Some(&**ring) && row.id == id));
    match asked {
        Some(row) => {
            let text = format!("key `{}/{}` is {}", row.ring.unwrap_or("-"), row.id, row.verdict);
            match row.verdict {
                Verdict::Unused => Ok(()),
                Verdict::Needed => Err(Failure::with_status(NEEDED, text)),
                Verdict::Unprovable => Err(Failure::with_status(UNPROVABLE, text)),
            }
        }
        None if evidence.gaps.is_empty() => Ok(()),
        None => Err(Failure::with_status(
            UNPROVABLE,
            "not everything was read, so no key is proved to be unused: see `not read` above",
        )),
    }
}
