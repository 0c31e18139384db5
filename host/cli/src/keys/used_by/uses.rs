//! Keys that one payload names, and what of it was not read.

use std::collections::BTreeSet;

use super::known_keys::Role;

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

/// Prefix of the ids of data keys, of which a key service has wrapped each.
const DATA_KEY: &str = "ck2.";

/// Returns the part of an id that all data keys of one service's key share: only that key can be
/// destroyed. Any other id is returned as it is.
fn group(id: &str) -> &str {
    let of_service = id.strip_prefix(DATA_KEY).and_then(|rest| rest.find('.'));
    of_service.and_then(|at| id.get(..DATA_KEY.len() + at)).unwrap_or(id)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_keys_of_one_service_are_one_key() {
        assert_eq!(group("ck2.AbCdEfGh.-.d3JhcHBlZA"), "ck2.AbCdEfGh");
        for id in ["2026-11", "ck2.AbCdEfGh", "awskms:///alias/payments", "ck2."] {
            assert_eq!(group(id), id);
        }
    }
}
