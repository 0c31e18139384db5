//! Command `keys check`: each key seals and opens a probe, or shows as much as it can.

use std::io::{self, Write as _};

use cloakroom::{inspect::KeyCheck, keys::KeyProof};
use serde_json::{Value, json};

use super::args::CheckKeys;
use crate::{
    failure::Failure,
    history::story_text::chain,
    open::open,
    table::{printable, words},
};

/// Exit status if no key fails, and of one it is not known whether it opens what it is kept for.
const UNPROVABLE: u8 = 3;

pub(super) async fn run(args: &CheckKeys) -> Result<(), Failure> {
    let checks = open(&args.config).await?.check_keys().await;
    let text = if args.json {
        format!("{:#}\n", json!({ "keys": checks.iter().map(row_json).collect::<Vec<_>>() }))
    } else {
        words(&checks.iter().map(row).collect::<Vec<_>>())
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    outcome(&checks)
}

fn outcome(checks: &[KeyCheck]) -> Result<(), Failure> {
    let count = |is_meant: fn(&KeyCheck) -> bool| checks.iter().filter(|it| is_meant(it)).count();
    let all = checks.len();
    match (count(|it| it.outcome.is_err()), count(|it| reason(it).is_some())) {
        (0, 0) => Ok(()),
        (0, open) => {
            Err(Failure::with_status(UNPROVABLE, format!("{open} of {all} keys are UNPROVABLE")))
        }
        (failed, _) => Err(Failure::operation(format!("{failed} of {all} keys do not work"))),
    }
}

/// Returns why it is not known what a key opens.
fn reason(check: &KeyCheck) -> Option<&str> {
    match &check.outcome {
        Ok(KeyProof::Unprovable(why)) => Some(why),
        _ => None,
    }
}

fn row(check: &KeyCheck) -> Vec<String> {
    let outcome = match &check.outcome {
        Ok(KeyProof::Probe) => "seals and opens".to_owned(),
        Ok(KeyProof::Secret) => "opens a secret of the ring".to_owned(),
        Ok(KeyProof::Unprovable(why)) => format!("UNPROVABLE: {}", printable(why)),
        Ok(_) => "works".to_owned(),
        Err(error) => format!("FAILED: {}", chain(error)),
    };
    vec![printable(&check.ring), printable(&check.key), state(check).to_owned(), outcome]
}

fn row_json(check: &KeyCheck) -> Value {
    let proof = match &check.outcome {
        Ok(KeyProof::Probe) => Some("probe"),
        Ok(KeyProof::Secret) => Some("secret"),
        _ => None,
    };
    json!({
        "ring": check.ring,
        "key": check.key,
        "isCurrent": check.is_current,
        "proof": proof,
        "unprovable": reason(check),
        "error": check.outcome.as_ref().err().map(chain),
    })
}

fn state(check: &KeyCheck) -> &'static str {
    if check.is_current { "current" } else { "retired" }
}
