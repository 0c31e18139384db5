//! Verdicts: which keys are still needed.

use std::fmt;

use super::{
    evidence::{Evidence, Seen},
    known_keys::{KnownKey, KnownKeys, Role},
};

/// Verdict about one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something names the key, or new payloads are encrypted under it.
    Needed,
    /// Everything was read, and nothing names the key.
    Unused,
    /// Nothing that was read names the key, and something was not read.
    Unprovable,
}

/// A key, and what is known about it.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// Name of the ring; none for a key that no ring has.
    pub(super) ring: Option<&'a str>,
    pub(super) id: &'a str,
    pub(super) state: &'static str,
    pub(super) verdict: Verdict,
    pub(super) seen: Seen,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Needed => "NEEDED",
            Self::Unused => "UNUSED",
            Self::Unprovable => "UNPROVABLE",
        })
    }
}

/// Returns a row for each key of the configuration, and for each that something names and no ring has.
pub(super) fn rows<'a>(evidence: &'a Evidence, known: &'a KnownKeys) -> Vec<Row<'a>> {
    let mut of_rings: Vec<_> = known.all().iter().map(|key| row_of(key, evidence, known)).collect();
    keep_wrapping(&mut of_rings, known.all());
    let is_of_ring = |id: &str, role| known.all().iter().any(|key| key.may_be(id, role));
    let others = evidence.seen.iter().filter(|((id, role), _)| !is_of_ring(id, *role));
    let unknown = others.map(|((id, role), seen)| {
        let mut merged = Seen::default();
        merged.merge(seen);
        Row {
            ring: None,
            id,
            state: match (known.is_destroyed(id), role) {
                (true, _) => "destroyed",
                (false, Role::Payload) => "unknown here",
                (false, Role::Proof) => "unknown here, signs claims",
            },
            verdict: Verdict::Needed,
            seen: merged,
        }
    });
    of_rings.into_iter().chain(unknown).collect()
}

/// Keeps the keys that have wrapped a secret which is needed: nothing names them beside the secret.
fn keep_wrapping(rows: &mut [Row<'_>], keys: &[KnownKey]) {
    for key in keys.iter().filter(|key| !key.secrets.is_empty()) {
        let is_of = |row: &Row<'_>| row.ring == Some(&*key.ring);
        let wrapped =
            rows.iter().filter(|row| is_of(row) && key.secrets.iter().any(|it| it == row.id));
        let verdicts: Vec<_> = wrapped.map(|row| row.verdict).collect();
        let of_key = rows.iter_mut().find(|row| is_of(row) && row.id == key.id);
        if let Some(row) = of_key.filter(|_| verdicts.contains(&Verdict::Needed)) {
            row.verdict = Verdict::Needed;
            if row.state == "retired" {
                row.state = "retired, wraps a secret";
            }
        }
    }
}

fn row_of<'a>(key: &'a KnownKey, evidence: &Evidence, known: &KnownKeys) -> Row<'a> {
    let mut seen = Seen::default();
    for ((id, role), one) in &evidence.seen {
        if key.may_be(id, *role) {
            seen.merge(one);
        }
    }
    let verdict = if key.is_current || seen.payloads > 0 {
        Verdict::Needed
    } else if evidence.gaps.is_empty() {
        Verdict::Unused
    } else {
        Verdict::Unprovable
    };
    let state = match (key.is_current, known.is_destroyed(&key.id)) {
        (true, _) => "current",
        (false, true) => "destroyed",
        (false, false) => "retired",
    };
    Row { ring: Some(&key.ring), id: &key.id, state, verdict, seen }
}
