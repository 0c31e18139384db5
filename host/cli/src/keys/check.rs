//! Command `keys check`: each key seals and opens a probe.

use std::io::{self, Write as _};

use cloakroom::inspect::KeyCheck;
use serde_json::json;

use super::args::CheckKeys;
use crate::{
    failure::Failure,
    history::story_text::chain,
    open::open,
    table::{printable, words},
};

pub(super) async fn run(args: &CheckKeys) -> Result<(), Failure> {
    let checks = open(&args.config).await?.check_keys().await;
    let text = if args.json {
        let row = |check: &KeyCheck| {
            json!({
                "ring": check.ring,
                "key": check.key,
                "isCurrent": check.is_current,
                "error": check.error.as_ref().map(chain),
            })
        };
        format!("{:#}\n", json!({ "keys": checks.iter().map(row).collect::<Vec<_>>() }))
    } else {
        words(&checks.iter().map(row).collect::<Vec<_>>())
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    match checks.iter().filter(|check| check.error.is_some()).count() {
        0 => Ok(()),
        failed => Err(Failure::operation(format!("{failed} of {} keys do not work", checks.len()))),
    }
}

fn row(check: &KeyCheck) -> Vec<String> {
    let state = if check.is_current { "current" } else { "retired" };
    let outcome = match &check.error {
        None => "seals and opens".to_owned(),
        Some(error) => chain(error),
    };
    vec![printable(&check.ring), printable(&check.key), state.to_owned(), outcome]
}
