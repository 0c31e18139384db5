//! Keys that one payload names, and what of it was not read.

use std::collections::BTreeSet;

use super::known_keys::{Role, group};

/// Keys that one payload names, and what of it was not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    pub(super) keys: BTreeSet<(String, Role)>,
    pub(super) gaps: BTreeSet<PayloadGap>,
}

/// Part of a payload that was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PayloadGap {
    /// Word for the kind of thing.
    pub(super) what: &'static str,
    pub(super) why: String,
}

impl Uses {
    pub(super) fn add_key(&mut self, id: &str, role: Role) {
        self.keys.insert((group(id).to_owned(), role));
    }

    pub(super) fn add_gap(&mut self, what: &'static str, why: impl Into<String>) {
        self.gaps.insert(PayloadGap { what, why: why.into() });
    }

    pub(super) fn add(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.gaps.extend(other.gaps);
    }
}
