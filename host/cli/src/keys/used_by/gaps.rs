//! Things that were not read, grouped by reason.

use std::collections::BTreeMap;

use crate::table::printable;

/// Different reasons that are kept. A hostile history may have any number.
const REASONS: usize = 100;

/// Things that were not read.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    by_reason: BTreeMap<(String, String), Group>,
    /// Number of things whose reason was not kept.
    pub(super) more: u64,
}

/// Things that were not read for one reason.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) count: u64,
    /// The first of them.
    pub(super) example: String,
}

impl Gaps {
    /// Notes a thing. `what` is the word for its kind, and `example` says which it is.
    pub(super) fn note(&mut self, what: &str, why: &str, example: &str) {
        let reason = (what.to_owned(), printable(why));
        if let Some(group) = self.by_reason.get_mut(&reason) {
            group.count += 1;
        } else if self.by_reason.len() < REASONS {
            self.by_reason.insert(reason, Group { count: 1, example: printable(example) });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_reason.is_empty()
    }

    /// Returns kind, reason and things of each group.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str, &Group)> {
        self.by_reason.iter().map(|((what, why), group)| (&**what, &**why, group))
    }
}
