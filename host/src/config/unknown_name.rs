//! Names of parts that the file does not have.

use std::collections::BTreeSet;

use super::nearest::nearest;

/// Returns why a name in a grant or another setting names nothing, if that is so.
pub(super) fn unknown(
    grant: &str,
    what: &str,
    table: &str,
    name: &str,
    known: &BTreeSet<&str>,
) -> Option<String> {
    if known.contains(name) {
        return None;
    }
    let help = meant(name, known.iter().copied()).unwrap_or(format!("add a [{table}.{name}]"));
    Some(format!("{grant} names `{name}`, and there is no such {what}; {help}"))
}

/// Returns the question for the nearest known name.
pub(super) fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    nearest(name, known).map(|meant| format!("did you mean `{meant}`?"))
}
