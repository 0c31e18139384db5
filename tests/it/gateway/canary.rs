//! Texts that no server, store or log may hold in the clear.

use std::{fs, path::Path};

/// Stands at the start of inputs and in the texts of failures.
pub(crate) const CANARY: &str = "canary-Gp5wX8rN-input-Jt6zB3kV-feather";

/// Ends the names of the functions in which failures begin, and so stands in their stack traces. Go
/// has these for panics alone.
pub(crate) const STACK: &str = "Hk3vW9tB_stack_R7yNq2Lm_trace";

/// Returns the canaries that one of these files, or a file in one of these folders, holds.
///
/// A database cuts what it keeps where a page ends, so that half a canary counts: each half is
/// something that is nowhere else.
pub(crate) fn found(places: &[&Path]) -> Vec<String> {
    let mut found = Vec::new();
    for place in places {
        look_through(place, &mut found);
    }
    found
}

/// Returns the halves that are searched for.
pub(crate) fn halves() -> [&'static str; 4] {
    let [(one, other), (third, last)] =
        [CANARY, STACK].map(|canary| canary.split_at(canary.len() / 2));
    [one, other, third, last]
}

fn look_through(place: &Path, found: &mut Vec<String>) {
    if place.is_dir() {
        for entry in fs::read_dir(place).unwrap() {
            look_through(&entry.unwrap().path(), found);
        }
        return;
    }
    // A journal of a database may be gone already.
    let held = fs::read(place).unwrap_or_default();
    for half in halves() {
        if held.windows(half.len()).any(|window| window == half.as_bytes()) {
            found.push(format!("{half} in {}", place.display()));
        }
    }
}
